/* SPDX-License-Identifier: Apache-2.0 */
/* Which files a step copied otherwise than another one did: behind two digests of files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/cleanup.h"
#include "fs/object/snapshot_record.h"

struct error;
struct store;

struct changed_file {
	char *path; /* with a slash in front */
	char *what; /* "added", "content, mode 644 to 600" */
};

/* All zero is an empty list. */
struct changed_files {
	struct changed_file *items;
	size_t count, capacity;
	bool more; /* than are listed */
};

/*
 * What differs at `below`, a path as the Dockerfile's destination: all that counts for a key, so no
 * times.
 */
int changed_files_find(struct store *store, const struct tree_root *before,
		       const struct tree_root *after, const char *below, struct changed_files *ret,
		       struct error *err);
void changed_files_release(struct changed_files *files);
DEFINE_CLEANUP_VALUE(struct changed_files, changed_files_release);
