/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of one RUN: opened, given places in the filesystems they are attached in, written
 * into the spec of the process, and committed or given up afterwards.
 */
#pragma once

#include "builder/sandbox/spec.h"
#include "builder/step/cache_mount.h"
#include "builder/step/filesystem.h"
#include "builder/step/step.h"
#include "fs/base/cleanup.h"

struct run_mounts_in_use;

/*
 * Open all mounts of the task's RUN and add them to `spec`, with what secrets and agents put into
 * the environment, and see to it that the directory it begins in is there. Caches are taken in an order that is the same for everybody, so that no two
 * steps wait for each other. `root` is the filesystem that targets are looked up in.
 */
int run_mounts_open(struct step_task *task, struct filesystem *root, struct spec *spec,
		    struct run_mounts_in_use **ret, struct error *err);
/* Listening sockets of the spec's SPEC_MOUNT_SOCKET mounts, in their order: taken over. */
int run_mounts_serve(struct run_mounts_in_use *mounts, const int *listen_fds, struct error *err);
size_t run_mounts_sockets(const struct run_mounts_in_use *mounts);
/* Of the RUN's mount `index`: where in its filesystem a bind begins, and what that shows; else NULL. */
const char *run_mounts_bound(const struct run_mounts_in_use *mounts, size_t index,
			     struct object_id *ret_snapshot);
/* Of that mount, when it is a bind: its filesystem; else NULL. */
struct filesystem *run_mounts_bind_filesystem(const struct run_mounts_in_use *mounts, size_t index);
/* Does any of them carry a secret? */
bool run_mounts_secret(const struct run_mounts_in_use *mounts);
/* Their filesystems, one perhaps more than once, in an array that has room for one more and is the
 * caller's to free. */
size_t run_mounts_filesystems(const struct run_mounts_in_use *mounts, struct filesystem ***ret);
/* The step has succeeded. */
int run_mounts_commit(struct run_mounts_in_use *mounts, struct error *err);
void run_mounts_close(struct run_mounts_in_use *mounts);
DEFINE_CLEANUP(struct run_mounts_in_use *, run_mounts_close);
