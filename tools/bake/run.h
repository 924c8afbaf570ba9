/* SPDX-License-Identifier: Apache-2.0 */
/* The builds of a bake file side by side, in one display. */
#pragma once

#include "builder/build/build.h"
#include "fs/base/error.h"
#include "tools/bake/job.h"

struct event_sink;
struct store;

/* How one went. All zero: it was not begun. */
struct bake_outcome {
	int result; /* 0, or the negative errno, and the words */
	bool ended;
	const char
		*blocked_by; /* the target that it needs, and that failed; then it was not begun */
	struct error error;
	struct build_result built;
};

struct bake_run {
	struct store *store;
	struct event_sink *sink;
	int cancel_fd;
	const struct strings *insecure_registries; /* see registries_new() */
	unsigned jobs;           /* steps at once in all of them; 0: as fits the machine */
	unsigned jobserver_jobs; /* of make and its like in all of them; 0: nobody counts */
	bool jobserver_fifo;     /* see struct step_pool_limits */
	bool keep_going;         /* a build that fails ends those alone that need it */
	struct bake_job *items;
	size_t count;
};

/*
 * Do all of them; each that needs another one behind that, and a step that several have once. The
 * first that fails cancels the rest, unless they keep going.
 * `outcomes` has one for each, for bake_outcome_release(). 0, or what the first one failed with,
 * its number in *ret_failed.
 */
int bake_run(const struct bake_run *run, struct bake_outcome *outcomes, size_t *ret_failed);
void bake_outcome_release(struct bake_outcome *outcome);
