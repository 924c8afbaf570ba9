/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what a step copies or mounts files from. */
#pragma once

#include "builder/step/copy_files.h"
#include "builder/step/step.h"

struct step_source {
	struct copy_source source; /* `context` is locked while this is open */
	struct tree *own;          /* a tree that was opened for this */
	struct tree_root root;     /* of a stored one */
	struct object_id snapshot; /* of a stored one; zero: none */
};

/* -ENOENT for a cache that has no version yet, and the like. */
int step_source_open(struct step_task *task, const struct source *from, struct step_source *ret,
		     struct error *err);
/*
 * Copy what is at `path` of it into `tree`: to "/" the files of a directory, else a file by that
 * name. The files of a context are put into the store for it.
 */
int step_source_copy(struct step_task *task, struct step_source *source, const char *path,
		     const char *destination, struct tree *tree, struct error *err);
void step_source_close(struct step_source *source);
DEFINE_CLEANUP_VALUE(struct step_source, step_source_close);

/* What is at `path` of it, whatever it is, as far as it counts for keys. */
int step_source_digest(struct step_task *task, struct step_source *source, const char *path,
		       struct object_id *ret, struct error *err);
