/* SPDX-License-Identifier: Apache-2.0 */
/* uthash for tables whose keys are ids: those are digests, so any four of their bytes will do. */
#pragma once

#include "fs/base/bytes.h"

#define HASH_FUNCTION(key, length, hash) \
	do {                             \
		(void)(length);          \
		(hash) = get_le32(key);  \
	} while (0)

#include <uthash.h>
