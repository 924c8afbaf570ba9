/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the steps of several builds of one process have in common: how many may be under way, whether
 * a RUN may begin while memory is short, the jobs of make and its like, and what has been done
 * already when steps are to be done anew. A build by itself has one of its own.
 *
 * The functions may be called by many threads.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct error;
struct jobserver;
struct object_id;
struct step_pool;

struct step_pool_limits {
	unsigned steps; /* under way at once; 0: nobody counts */
	unsigned jobs;  /* of a jobserver; 0: there is none */
	bool jobs_fifo; /* it is called by a path, not by descriptors */
};

/* So many steps at once as fit the machine. */
unsigned step_pool_usual(void);

int step_pool_new(const struct step_pool_limits *limits, struct step_pool **ret, struct error *err);
/* All builds have ended. */
void step_pool_free(struct step_pool *pool);
DEFINE_CLEANUP(struct step_pool *, step_pool_free);

/*
 * A place to work on a step, to be left again, also while the step waits for another one. A NULL
 * pool has always one. -ECANCELED when `cancel_fd` (-1: never) becomes readable first.
 */
int step_pool_enter(struct step_pool *pool, int cancel_fd, struct error *err);
void step_pool_leave(struct step_pool *pool);

/* May a RUN begin? Always when no other one is under way. */
bool step_pool_begin_run(struct step_pool *pool, bool memory_is_short);
void step_pool_end_run(struct step_pool *pool);

/* NULL: nobody counts. */
struct jobserver *step_pool_jobserver(struct step_pool *pool);
bool step_pool_jobs_fifo(const struct step_pool *pool);

/* A build that belongs to it, by its label: what its steps print is shown there. */
void step_pool_add_build(struct step_pool *pool, const char *label);
bool step_pool_has_build(struct step_pool *pool, const char *label);

/* A step has been done under this key, and need not be done anew by another build. */
void step_pool_add_done(struct step_pool *pool, const struct object_id *key);
bool step_pool_is_done(struct step_pool *pool, const struct object_id *key);
