/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying out a plan: each vertex as soon as its inputs are there, as many at once as there are
 * workers, and none that has been done before, by whatever process. It knows keys and edges, not
 * what a step is.
 */
#pragma once

#include "builder/plan/plan.h"
#include "builder/solve/event.h"
#include "builder/step/step.h"

struct error;

/* How a vertex went. */
struct solve_outcome {
	bool started, ended;
	enum event_outcome outcome;
	uint64_t started_ns, ended_ns; /* monotonic */
	int64_t started_s;             /* since 1970 */
	char *error;                   /* words of one that failed; the caller frees */
	/* It was not begun, as this one has failed, which it needs. */
	const struct vertex *blocked_by;
};

struct solve_options {
	const struct plan *plan;
	struct step_env *env;
	struct event_sink *sink;
	unsigned first_event; /* number of the first vertex that is emitted */
	unsigned jobs;        /* workers; 0: as fits the machine. See also env->pool */
	/* A vertex that fails stops those alone that need it. */
	bool keep_going;
	/* Makes env->cancel_fd readable. Called when a vertex fails, unless they keep going. */
	void (*cancel)(void *context);
	/* A vertex has ended; called by one thread at a time. NULL: nobody wants to know. */
	void (*ended)(void *context, const struct vertex *vertex, const struct step_result *result,
		      const struct solve_outcome *outcome);
	void *context;
};

/*
 * `results` and `outcomes` have room for all vertices. 0, -ECANCELED, or what the first vertex that
 * failed returned, with its words, and *ret_failed. When they keep going, -ECANCELED goes before a
 * failure: somebody else has ended the build.
 */
int solve(const struct solve_options *options, struct step_result *results,
	  struct solve_outcome *outcomes, const struct vertex **ret_failed, struct error *err);
