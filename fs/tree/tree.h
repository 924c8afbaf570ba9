/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file tree in memory: loaded directory by directory as it is looked at, changed freely, and
 * written back as directory objects of which only those on the way to a change are new. It knows
 * nothing of permissions, FUSE, or where staged bytes lie.
 *
 * A tree belongs to one thread at a time. Functions that may have to load return a negative errno
 * for what the store failed with, -EBADMSG for damaged objects.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/links.h"
#include "fs/object/snapshot_record.h"
#include "fs/tree/name_table.h"
#include "fs/tree/node.h"

struct error;
struct store;
struct tree;

/* `root` NULL: an empty tree. The store outlives the tree. */
struct tree *tree_open(struct store *store, const struct tree_root *root);
void tree_close(struct tree *tree);
DEFINE_CLEANUP(struct tree *, tree_close);

struct store *tree_store(const struct tree *tree);
struct node *tree_root_node(const struct tree *tree);
/* Id of the groups of hard links as last stored; zero: none. */
struct object_id tree_base_links(const struct tree *tree);
/* Nodes in memory, and bytes that they take. */
size_t tree_node_count(const struct tree *tree);

/* What owns CONTENT_STAGED: called when such a node is dropped. */
struct tree_staging {
	void (*drop)(struct tree_staging *staging, struct node *node);
};
void tree_set_staging(struct tree *tree, struct tree_staging *staging);

/* Told of each node that is about to change, as tree_touch() is. */
struct tree_watcher {
	void (*touched)(struct tree_watcher *watcher, struct node *node);
};
void tree_set_watcher(struct tree *tree, struct tree_watcher *watcher);

/* ---- looking ---- */

/* Make sure that the children of a directory are in memory. */
int tree_load(struct tree *tree, struct node *dir, struct error *err);
/* 1 and *ret, or 0 when there is no such name. */
int tree_find(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct dentry **ret, struct error *err);
/* The extended attributes in memory; an empty list when there are none. */
int node_xattrs_load(struct tree *tree, struct node *node, const struct xattrs **ret,
		     struct error *err);
/* "usr/bin/git": from the root, without a slash in front; the caller frees. "" for the root. */
char *dentry_path(const struct dentry *dentry);
char *node_path(const struct node *dir);

/* Drop the children of a directory from memory; 1 dropped, 0 they are in use or changed. */
int tree_unload(struct tree *tree, struct node *dir);

/* ---- changing ---- */

/* A node without a name yet, with mode 0 and all times `now`; tree_link() gives it one. */
struct node *tree_new_node(struct tree *tree, enum dir_entry_type type,
			   const struct node_time *now);
/* The same with a number that such a node had in an earlier process. */
struct node *tree_restore_node(struct tree *tree, enum dir_entry_type type, uint64_t ino);
/* Free a node that has no name and no lookups. */
void tree_free_node(struct tree *tree, struct node *node);

/*
 * Say that the node's attributes or content are about to change. For one of several hard links
 * all of its names are loaded, so it can fail; nothing has changed then.
 */
int tree_touch(struct tree *tree, struct node *node, struct error *err);

/*
 * Give `node` the name, which `dir` does not have yet. `dir` is loaded. Times are the caller's.
 * -EMLINK past the limit.
 */
int tree_link(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct node *node, struct error *err);
/*
 * Take a name away. The node stays in memory, flagged NODE_DETACHED, when that was its last name
 * and it has lookups; without lookups it is freed, children included.
 */
int tree_unlink(struct tree *tree, struct dentry *dentry, struct error *err);
/* Move a name, or inside one directory change it; the new one does not exist in `new_dir`, which is not below the moved directory. */
int tree_rename(struct tree *tree, struct dentry *dentry, struct node *new_dir,
		const char *new_name, size_t length, struct error *err);
/*
 * Move a name onto another one, which then stands for the same at the place it has in its
 * directory; what it stood for loses a name as by tree_unlink(). Neither is above the other.
 */
int tree_replace(struct tree *tree, struct dentry *from, struct dentry *to, struct error *err);
/* A directory with all that is below it. */
int tree_remove(struct tree *tree, struct dentry *dentry, struct error *err);
/* Swap what two names stand for; neither is above the other. */
int tree_exchange(struct tree *tree, struct dentry *a, struct dentry *b, struct error *err);

/* Set or (value NULL) remove one; -ENODATA, -ENOSPC past XATTRS_MAX. Touches the node. */
int node_set_xattr(struct tree *tree, struct node *node, const char *key, const void *value,
		   size_t size, struct error *err);

/* Replace the content of a file: the old one is dropped. Touch the node before. */
void node_set_empty(struct tree *tree, struct node *node);
void node_set_inline(struct tree *tree, struct node *node, const void *data, size_t size);
void node_set_blob(struct tree *tree, struct node *node, const struct object_id *id, uint64_t size);
void node_set_staged(struct tree *tree, struct node *node, void *staged);
/* A symlink that is being made. */
void node_set_target(struct node *node, const char *target, size_t length);

/* A node that is shown but no part of the state, until something real is linked below it. */
void node_set_ghost(struct node *node);
