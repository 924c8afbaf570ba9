/* SPDX-License-Identifier: Apache-2.0 */
/* A few threads that work off a list, and stop together: at the first failure, or when all is to be
 * given up. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct error;

struct crew;

/* When `cancel_fd` (-1: never) becomes readable everything is given up. */
int crew_new(int cancel_fd, struct crew **ret, struct error *err);
/* Readable when the work is to be given up, for whatever reason. */
int crew_cancel_fd(const struct crew *crew);
void crew_free(struct crew *crew);
DEFINE_CLEANUP(struct crew *, crew_free);

/*
 * work(context, 0..count-1), in that order, `most` at a time. What the first one that failed
 * returned, and its words. Once, as what it was stopped by stays.
 */
int crew_run(struct crew *crew, size_t most, size_t count,
	     int (*work)(void *context, size_t index, struct error *err), void *context,
	     struct error *err);
