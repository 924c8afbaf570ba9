/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process of a RUN finds around it: the root filesystem on the state it starts from, its
 * user, environment and directory, and the mounts. All of it is there when this has been opened;
 * nothing runs yet.
 */
#pragma once

#include "builder/sandbox/spec.h"
#include "builder/step/filesystem.h"
#include "builder/step/step.h"
#include "fs/base/cleanup.h"

struct owner_channel;
struct run_mounts_in_use;

struct surroundings {
	struct step_task *task;
	struct filesystem *root;
	struct spec spec;
	struct run_mounts_in_use *mounts;
	struct filesystem **filesystems; /* the root and those of the mounts */
	size_t filesystem_count;
	struct owner_channel *owners;
};

/* What every step has something mounted on, whatever its image has there; NULL behind the last. */
const char *surroundings_place(size_t index);
/* *ret is to be released in any case. -EPERM: it wants what was not allowed. */
int surroundings_open(struct step_task *task, struct surroundings *ret, struct error *err);
/* A question that came too late must not keep the supervisor from ending. */
void surroundings_end_owners(struct surroundings *around);
/* What failed in its filesystems of which programs saw but a number, appended. -ENOTCONN: the server
 * of one of them is gone. */
int surroundings_failures(const struct surroundings *around, struct strings *ret);
/* Nothing that was not committed is left. A root that was given away is NULL before. */
void surroundings_release(struct surroundings *around);
DEFINE_CLEANUP_VALUE(struct surroundings, surroundings_release);
