/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `varve snapshot` that only look. */
#pragma once

#include "tools/verb.h"

extern const struct verb verb_snapshot_ls, verb_snapshot_stat, verb_snapshot_usage,
	verb_snapshot_mounts;
