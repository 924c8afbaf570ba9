/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that unpack layers. */
#pragma once

#include "builder/image/layer/mark_set.h"
#include "builder/image/layer/recipe.h"
#include "builder/image/layer_apply.h"
#include "builder/image/tar/tar_read.h"
#include "fs/tree/tree.h"

struct apply_run {
	struct layer_apply *apply;
	struct tree *tree;
	struct node *top; /* what names in the archive begin at */
	struct tar_reader *reader;
	struct recipe_tap tap;
	struct mark_set marks;
	struct spare_blobs blobs; /* all that the recipe names */
	bool lost;                /* something of this layer was replaced by a later entry */
	char *buffer;
};

#define APPLY_BUFFER ((size_t)1 << 20)

/* apply_names.c */

/* `name` as "a/b", "" for the root, in *ret, which the caller frees; refuses what cannot be. */
int apply_clean_name(const char *name, char **ret, struct error *err);
/* The directory at the clean path of `length` bytes, made when it is missing. */
int apply_parent(struct apply_run *run, const char *path, size_t length,
		 const struct tar_entry *entry, struct node **ret, struct error *err);
/* The same, but 0 when there is no such directory; 1 and *ret. */
int apply_find_dir(struct apply_run *run, const char *path, size_t length, struct node **ret,
		   struct error *err);
/* Mark a name and all that lead to it. */
void apply_mark(struct apply_run *run, const struct dentry *dentry);
/* Take away what lower layers have in a directory. */
int apply_clear_lower(struct apply_run *run, struct node *dir, struct error *err);

/* apply_content.c: read the content of a file into `node`. */
int apply_content(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		  struct error *err);
