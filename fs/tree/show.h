/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Showing many stored trees as directories of one that is never written: only what is looked at is
 * loaded, as everywhere. Directories that somebody lists by himself stand above them. `what` tells
 * things of one name apart in their inode numbers: 0, or a hash of what stands behind it.
 */
#pragma once

#include "fs/tree/tree.h"

/* A directory whose names are put there by these functions; the root may be made one. */
void tree_set_listed(struct node *dir);
struct node *tree_show_dir(struct tree *tree, struct node *dir, const char *name, uint64_t what);
struct node *tree_show_link(struct tree *tree, struct node *dir, const char *name, uint64_t what,
			    const char *target);
struct node *tree_show_tree(struct tree *tree, struct node *dir, const char *name, uint64_t what,
			    const struct tree_root *root);
/* Take such a name away; what somebody holds lives on without it. */
void tree_hide(struct tree *tree, struct dentry *dentry);

/* The number of such a node. */
uint64_t tree_shown_ino(const struct node *dir, const char *name, uint64_t what);
