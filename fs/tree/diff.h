/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two stored trees. Directories with the same id are not looked into, so it
 * costs what has changed, not what there is.
 */
#pragma once

#include "fs/base/buf.h"
#include "fs/object/snapshot_record.h"
#include "fs/tree/dir_cursor.h"

struct store;

enum tree_change_kind {
	TREE_ADDED = 'A',
	TREE_MODIFIED = 'M', /* content, owner, mode, times, attributes or links */
	TREE_DELETED = 'D',  /* of a directory only the directory itself is returned */
	TREE_RETYPED = 'T',  /* something of another type has taken its place */
};

struct tree_change {
	enum tree_change_kind kind;
	const char *path; /* no slash in front; "" for the root, which is only ever modified */
	struct dir_entry before; /* unless added; of the root only its attributes */
	struct dir_entry after;  /* unless deleted */
	bool content;            /* what a file or symlink holds, or a device's number, differs */
};

struct tree_diff_level;

/* All zero before tree_diff_begin(). */
struct tree_diff {
	struct store *store;
	struct tree_root before, after;
	struct tree_diff_level *levels;
	size_t depth, capacity;
	struct buf path;
	struct object_id descend_before, descend_after;
	bool root_done, pending;
	/* The caller sets it behind tree_diff_begin(): also return directories that are the same
	 * but for what is below them, as modified ones. */
	bool ways;
};

void tree_diff_begin(struct tree_diff *diff, struct store *store, const struct tree_root *before,
		     const struct tree_root *after);
/* 1 and *ret, good until the next call; parents come before their children, names in order. */
int tree_diff_next(struct tree_diff *diff, struct tree_change *ret, struct error *err);
/* Do not look into what was just returned. */
void tree_diff_skip(struct tree_diff *diff);
void tree_diff_release(struct tree_diff *diff);
DEFINE_CLEANUP_VALUE(struct tree_diff, tree_diff_release);
