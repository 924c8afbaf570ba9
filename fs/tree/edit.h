/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a tree by paths and whole things, as COPY, ADD, WORKDIR and the unpacking of layers
 * do. Nothing of the host's filesystem is involved.
 */
#pragma once

#include "fs/tree/tree.h"

struct tree_attr {
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	struct node_time mtime;
};

/* The directory at `path`; whatever is missing on the way is made with `attr`. Symlinks are
 * followed inside the tree. -ENOTDIR when a file is in the way. */
int tree_make_dirs(struct tree *tree, const char *path, const struct tree_attr *attr,
		   struct node **ret, struct error *err);

/*
 * A new thing under `name` in `dir`, in place of what is there; an existing directory stays when
 * a directory is wanted, and only gets the attributes. The caller sets the content afterwards.
 */
int tree_put(struct tree *tree, struct node *dir, const char *name, size_t length,
	     enum dir_entry_type type, const struct tree_attr *attr, struct node **ret,
	     struct error *err);
/* The same with another name for `target`. */
int tree_put_link(struct tree *tree, struct node *dir, const char *name, size_t length,
		  struct node *target, struct error *err);

/* Remove all that is in a directory. */
int tree_clear_dir(struct tree *tree, struct node *dir, struct error *err);
