/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filesystems that a RUN sees: a snapshot mounted in the sandbox, and the process that serves it.
 * Those of a stage's last RUN are kept for its next one, with all that the kernel has cached.
 */
#pragma once

#include "builder/step/step_env.h"
#include "fs/base/cleanup.h"
#include "fs/snapshot/workspace.h"

struct filesystem {
	struct step_env *env;
	char *name; /* of its mount */
	bool shared;
	struct workspace *workspace;
	struct object_id snapshot; /* that it was started on, or last committed as */
	struct filesystem *next;   /* in env->idle */
};

enum filesystem_flags {
	FILESYSTEM_READ_ONLY = 1 << 0,
	FILESYSTEM_TRACED = 1 << 1, /* see workspace_trace() */
};

/* FILESYSTEM_TRACED where the build wants traces of what its steps look at, else 0. */
unsigned filesystem_traced(const struct step_env *env);
/* A private one. `prefix` becomes part of its name. */
int filesystem_open(struct step_env *env, const char *prefix, const struct object_id *snapshot,
		    unsigned flags, struct filesystem **ret, struct error *err);
/* Unmount, and end its server. */
void filesystem_close(struct filesystem *filesystem);
DEFINE_CLEANUP(struct filesystem *, filesystem_close);

/* So many at once: each is a process of about a megabyte, and a mount. */
#define FILESYSTEMS_KEPT 24

/* Keep a writable one that has just been committed, for whoever goes on from there; the one kept
 * longest goes when they are too many. */
void filesystem_keep(struct filesystem *filesystem);
/* One that was kept at this snapshot, or NULL. */
struct filesystem *filesystem_take(struct step_env *env, const struct object_id *snapshot);
/* Close all that are kept. */
void filesystem_close_kept(struct step_env *env);
