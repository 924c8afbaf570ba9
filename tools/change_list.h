/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between two trees, written to standard output: a letter and a path on each line. */
#pragma once

#include <stdbool.h>

#include "fs/object/snapshot_record.h"
#include "tools/output.h"

struct error;
struct store;

struct change_list {
	enum output_format format;
	bool directories; /* also those of which nothing but the times has changed */
};

int change_list_print(struct store *store, const struct tree_root *before,
		      const struct tree_root *after, const struct change_list *how,
		      struct error *err);
