/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bind mount shows: a state of a stage, or files of a context, which are put into the store
 * and become a tree of their own.
 */
#pragma once

#include "builder/step/filesystem.h"
#include "builder/step/step_source.h"
#include "fs/base/cleanup.h"

/* All zero is one that is not open. */
struct bind_mount {
	struct filesystem *filesystem;
	char *source;              /* where in its filesystem it begins, symlinks followed */
	struct object_id snapshot; /* that the filesystem shows */
	bool directory;
};

int bind_mount_open(struct step_task *task, const struct run_work_mount *mount,
		    struct bind_mount *ret, struct error *err);
void bind_mount_close(struct bind_mount *bind);

/* The same without mounting anything: what would be shown. */
struct bind_look {
	struct step_source source;
	char *path; /* as `source` above */
	bool directory;
};
int bind_look_open(struct step_task *task, const struct run_work_mount *mount,
		   struct bind_look *ret, struct error *err);
/* The tree that the filesystem would show; with *ret_own, for the caller to close, when it was made
 * for this. Files of a context are not stored. */
int bind_look_tree(struct bind_look *look, struct step_task *task,
		   const struct run_work_mount *mount, struct tree **ret, struct tree **ret_own,
		   struct error *err);
void bind_look_close(struct bind_look *look);
DEFINE_CLEANUP_VALUE(struct bind_look, bind_look_close);
