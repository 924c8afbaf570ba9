/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying from one tree into another. A whole directory is taken over by its id when the
 * destination has nothing there and nobody asks for changes, so that its size does not matter.
 * Hard links among the copied files stay hard links, as far as the copier asks for it.
 */
#pragma once

#include "fs/tree/tree.h"

enum tree_copy_choice {
	TREE_COPY_SKIP, /* neither this nor anything below it */
	TREE_COPY_DESCEND, /* a directory: look at each thing in it; made only when something is taken */
	TREE_COPY_TAKE, /* this, and for what is below it ask again */
	TREE_COPY_ALL,  /* this and everything below it, without asking */
};

/* What a copy is to be; every function may be NULL. */
struct tree_copier {
	/* `path` is relative to what is copied, "" for itself. NULL: TREE_COPY_ALL. */
	int (*choose)(struct tree_copier *copier, const char *path, const struct node *node,
		      enum tree_copy_choice *ret, struct error *err);
	/* Change a fresh copy's owner, mode or times. */
	void (*adjust)(struct tree_copier *copier, struct node *copy);
	/* Before the content of a file is taken over: make `node` something other than
	 * CONTENT_STAGED, and have its blob in the store. */
	int (*content)(struct tree_copier *copier, struct node *node, struct error *err);
	/* A directory exists already: leave its owner, mode and times alone. */
	bool keep_dir_attributes;
	/* A file replaces a directory and the other way round; else -EEXIST. */
	bool replace_types;
};

/*
 * Copy `node` of tree `from` to `name` in `dir` of `tree`; directories are merged, files
 * replaced. The trees may be the same only when neither place is inside the other.
 */
int tree_copy(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct tree *from, struct node *node, struct tree_copier *copier, struct error *err);
/* The same for all that is in the directory `node`, into the directory `dir` itself. */
int tree_copy_children(struct tree *tree, struct node *dir, struct tree *from, struct node *node,
		       struct tree_copier *copier, struct error *err);
