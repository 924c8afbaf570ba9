/* SPDX-License-Identifier: Apache-2.0 */
/* A cache as one RUN uses it: waited for, mounted, and committed or given up afterwards. */
#pragma once

#include "builder/step/filesystem.h"
#include "builder/step/step.h"
#include "fs/base/cleanup.h"

struct cache_mount;

/* Waits for its turn, telling the task's output whom it waits for. -ECANCELED. */
int cache_mount_open(struct step_task *task, const struct run_work_mount *mount,
		     struct cache_mount **ret, struct error *err);
struct filesystem *cache_mount_filesystem(const struct cache_mount *cache);
/* The step has succeeded: what is in the cache now is its newest version. */
int cache_mount_commit(struct cache_mount *cache, struct error *err);
/* Let go of it; without a commit before, nothing has changed. */
void cache_mount_close(struct cache_mount *cache);
DEFINE_CLEANUP(struct cache_mount *, cache_mount_close);
