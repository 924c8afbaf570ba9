/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder only. */
#pragma once

#include <uthash.h>

#include "fs/tree/tree.h"

struct store_txn;

/*
 * The names of one file that has several. Entries of a stored group join the same node when their
 * directories are loaded, so a set may know some names only until one of them is touched.
 */
struct link_set {
	uint64_t id;   /* as stored; 0 for one that is new */
	bool complete; /* every name of it is loaded */
	struct node *node;
	struct dentry *last;              /* of the node's names; NULL when it has none */
	struct link_set *previous, *next; /* all sets of the tree */
	UT_hash_handle hh;                /* by id, the stored ones */
};

struct tree {
	struct store *store;
	struct tree_staging *staging;
	struct tree_watcher *watcher;
	struct node *root;
	struct tree_root base; /* as last stored */
	uint64_t next_ino;     /* of new nodes */
	size_t node_count;
	struct link_set *sets, *sets_by_id;
	struct links links; /* all stored groups, once they are needed */
	bool links_loaded;
};

/* load.c: the number of a stored name. */
uint64_t stored_ino(uint64_t hash);
/* tree.c */
struct node *node_new(struct tree *tree, enum dir_entry_type type);
/* What a directory object says of a node, but for attributes and content that are not stored. */
void node_entry(const struct node *node, const struct dentry *name, struct dir_entry *ret);
/* Make `dentry` a name of `node` in `parent`; nothing is marked. */
void node_add_name(struct node *node, struct node *parent, struct dentry *dentry);
void node_remove_name(struct node *node, struct dentry *dentry);
/* Mark the directory and all above it as to be written. */
void dir_changed(struct node *dir);
/* The name comes, is about to go, or its node will be another: its directory has changed. */
void name_changed(const struct dentry *name);

/* link_set.c */
struct link_set *link_set_new(struct tree *tree, struct node *node, uint64_t id, bool complete);
struct link_set *link_set_find(struct tree *tree, uint64_t id);
void link_set_free(struct tree *tree, struct link_set *set);
/* The set has got another id, or (0) none yet. */
void link_set_rename(struct tree *tree, struct link_set *set, uint64_t id);
/* Load every name of it. */
int link_set_complete(struct tree *tree, struct link_set *set, struct error *err);
/* Take it out of the stored groups: the next commit adds it again as it is then. */
int link_set_forget(struct tree *tree, struct link_set *set, struct error *err);
/* Touch all files that have one of several names below `dir`: its path is about to change. */
int link_sets_touch_below(struct tree *tree, struct node *dir, struct error *err);
/* The stored groups of the base. */
int tree_load_links(struct tree *tree, struct error *err);

/* commit_links.c: put the groups that changed into the list of all, under the ids they have now. */
int tree_renew_links(struct tree *tree, struct error *err);
/* *ret is zero when there are none. */
int tree_write_links(struct tree *tree, struct store_txn *txn, struct object_id *ret,
		     struct error *err);
/* They are stored: forget those that are none any more. */
void tree_apply_links(struct tree *tree);
