/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor of a step asks of those who own its filesystems (see sandbox/owner.h),
 * passed on to the processes that serve them. Belongs to the thread that runs the step, like the
 * workspaces of these filesystems.
 */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct error;
struct filesystem;
struct owner_channel;
struct step_owner;

/* Speak for these filesystems, which stay the caller's; the root filesystem is the last. */
int owner_channel_open(struct filesystem *const *filesystems, size_t count,
		       struct owner_channel **ret, struct error *err);
void owner_channel_close(struct owner_channel *channel);
DEFINE_CLEANUP(struct owner_channel *, owner_channel_close);

/* For struct step_io. */
const struct step_owner *owner_channel_owners(const struct owner_channel *channel,
					      size_t *ret_count);
/* The step has been started, or not: only its supervisor asks from now on. */
void owner_channel_started(struct owner_channel *channel);

/* Becomes readable when there is a question, or nobody who could ask. */
int owner_channel_fd(const struct owner_channel *channel);
/* Answer one: 1, 0: there will be no more, negative: it could not be answered, nor can others. */
int owner_channel_answer(struct owner_channel *channel);
