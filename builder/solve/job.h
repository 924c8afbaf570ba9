/* SPDX-License-Identifier: Apache-2.0 */
/* One vertex of a plan: found again, awaited from whoever is doing it, or done. */
#pragma once

#include <stdbool.h>

#include "builder/solve/key_lock.h"
#include "builder/solve/live_log.h"
#include "builder/step/step.h"
#include "fs/base/buf.h"

struct error;

struct job {
	struct step_output output; /* of the task: others are told as well */
	struct step_output *own;
	struct live_log live;
	struct key_waiter waiter;
	struct live_reader reader; /* of what another process is doing */
	char *waiting_for;         /* the line that says so */
	bool shown;                /* what it printed has been */
	bool placeless;            /* it has given up its place for as long as it waits */
	struct step_task task;
	struct step_keys keys;
	struct buf parts; /* of the keys */
};

/* It stays where it is, and what it is given stays the caller's. */
void job_init(struct job *job, struct step_env *env, const struct vertex *vertex,
	      const struct step_result *results, struct step_output *output);
void job_release(struct job *job);

/* As step_do() says; *ret_cached: it had been done before. */
int job_run(struct job *job, struct step_result *ret, bool *ret_cached, struct error *err);
