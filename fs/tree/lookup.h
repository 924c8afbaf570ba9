/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a tree. Symlinks are followed within it: an absolute target starts at the root,
 * ".." at the root stays there, and more than 40 links are -ELOOP; so no path leads out.
 */
#pragma once

#include <sys/types.h>

#include "fs/tree/tree.h"

enum tree_lookup_flags {
	TREE_NOFOLLOW = 1 << 0, /* the last name is not followed when it is a symlink */
};

/* 1 and *ret, 0 when there is nothing; -ENOTDIR when a file stands on the way. */
int tree_lookup(struct tree *tree, const char *path, unsigned flags, struct node **ret,
		struct error *err);

/* Where a path leads when all its symlinks are followed. */
struct tree_place {
	struct node *dir;      /* the last directory that exists */
	struct dentry *dentry; /* what the path names, NULL when it is missing */
	struct node *node;     /* of that, or the root's; NULL when it is missing */
	char *missing;         /* names below `dir` that do not exist yet, "a/b"; NULL when none */
};

/* `start` NULL: from the root. 0, or -ENOTDIR and the like. */
int tree_resolve(struct tree *tree, struct node *start, const char *path, unsigned flags,
		 struct tree_place *ret, struct error *err);
void tree_place_release(struct tree_place *place);
DEFINE_CLEANUP_VALUE(struct tree_place, tree_place_release);

/* Append up to `limit` bytes of a regular file's content; -E2BIG past that. */
int tree_read_file(struct tree *tree, const struct node *node, size_t limit, struct buf *ret,
		   struct error *err);
/* Up to `size` bytes that it begins with: how many. */
ssize_t tree_read_head(struct tree *tree, const struct node *node, void *data, size_t size,
		       struct error *err);
