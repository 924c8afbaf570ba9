/* SPDX-License-Identifier: Apache-2.0 */
/* A stored tree from top to bottom, in order of names, parents before their children. */
#pragma once

#include "fs/base/buf.h"
#include "fs/object/snapshot_record.h"
#include "fs/tree/dir_cursor.h"

struct store;

struct tree_walk {
	struct store *store;
	struct dir_cursor *levels; /* one for each directory on the way down */
	size_t *path_lengths;
	size_t depth, capacity;
	struct buf path;
	struct object_id descend; /* directory to enter at the next step */
	bool pending;
};

/* The caller's zeroed walk; release it also after an error. */
int tree_walk_begin(struct tree_walk *walk, struct store *store, const struct object_id *dir,
		    struct error *err);
/* 1 and the entry with its path ("usr/bin", no slash in front), both good until the next call. */
int tree_walk_next(struct tree_walk *walk, struct dir_entry *ret_entry, const char **ret_path,
		   struct error *err);
/* Do not enter the directory that was just returned. */
void tree_walk_skip(struct tree_walk *walk);
void tree_walk_release(struct tree_walk *walk);
DEFINE_CLEANUP_VALUE(struct tree_walk, tree_walk_release);
