/* SPDX-License-Identifier: Apache-2.0 */
/* A build on its way into the history. A history that cannot be written stops no build. */
#pragma once

#include <stdint.h>

#include "builder/history/history.h"
#include "builder/solve/solver.h"

struct news;
struct recipe;
struct store;

struct record {
	struct history *history; /* NULL: nothing is written down */
	struct history_build build;
	struct news *news; /* told what went wrong, once */
	int64_t realtime_offset_ns;
};

/* What is known when it begins; the strings are copied. */
void record_begin(struct record *record, struct store *store, const struct history_build *build,
		  struct news *news);
/* A vertex has ended; its state, when it left one. */
void record_vertex(struct record *record, const struct vertex *vertex,
		   const struct step_result *result, const struct step_result *results,
		   const struct solve_outcome *outcome);
/* What several platforms share, in the stages of those it was not done for. */
void record_shared(struct record *record, const struct plan *plan,
		   const struct step_result *results, const struct solve_outcome *outcomes);
/* The first states of stages that begin with another one, or from nothing: no vertex makes them. */
void record_bases(struct record *record, const struct plan *plan, const struct recipe *recipe,
		  const struct step_result *results);
/* How it ended, with the words of the error or NULL. */
void record_end(struct record *record, int result, const char *error);
