/* SPDX-License-Identifier: Apache-2.0 */
/* A cache as one RUN uses it: waited for, mounted, and committed or given up afterwards. */
#pragma once

#include "builder/step/filesystem.h"
#include "builder/step/step.h"
#include "fs/base/cleanup.h"

struct cache_mount;
struct store_txn;

/* Waits for its turn, telling the task's output whom it waits for. -ECANCELED. */
int cache_mount_open(struct step_task *task, const struct run_work_mount *mount,
		     struct cache_mount **ret, struct error *err);
struct filesystem *cache_mount_filesystem(const struct cache_mount *cache);
/*
 * The step has succeeded: store what is in the cache now, as its newest version. That of a shared
 * one is there at once, as what others wrote is in it too; that of another one when it has been
 * added to a transaction and that is committed. Nobody else makes a version meanwhile, until it is
 * unlocked, also after an error. Who has several takes them in order of their ids.
 */
int cache_mount_commit(struct cache_mount *cache, struct error *err);
int cache_mount_publish(struct cache_mount *cache, struct store_txn *txn, struct error *err);
/* Forget the oldest versions. */
int cache_mount_trim(struct cache_mount *cache, struct error *err);
void cache_mount_unlock(struct cache_mount *cache);
/* Let go of it; without a commit before, nothing has changed. */
void cache_mount_close(struct cache_mount *cache);
DEFINE_CLEANUP(struct cache_mount *, cache_mount_close);
