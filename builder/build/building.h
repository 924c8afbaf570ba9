/* SPDX-License-Identifier: Apache-2.0 */
/* A build on its way: shared by the files of this folder. */
#pragma once

#include "builder/build/build.h"
#include "builder/build/input.h"
#include "builder/build/named_contexts.h"
#include "builder/build/news.h"
#include "builder/build/record.h"
#include "builder/build/secrets.h"
#include "builder/cache/cache_place.h"
#include "builder/dockerfile/diagnostic.h"
#include "builder/image/platform.h"
#include "builder/plan/outline.h"
#include "builder/sandbox/group.h"

struct lint;
struct registries;

struct building {
	const struct build_options *options;
	struct build_result *result;
	struct news news;
	struct store_lease *lease;
	struct registries *registries;
	struct input input;
	struct lint *lint; /* NULL until the Dockerfile has been read */
	struct named_contexts contexts;
	struct secrets secrets;
	struct ssh_agents agents;
	struct strings extra_hosts;
	struct spec_ulimit *ulimits;
	size_t ulimit_count;
	struct group_limits limits;
	struct cache_places cache_from, cache_to;
	bool with_steps;            /* one of these is in the image */
	struct platform *platforms; /* all different; at least one */
	size_t platform_count;
	bool as_index; /* the result looks like one for several */
	struct plan *plan;
	struct outline outline; /* of CALL_OUTLINE; lives as long as the plan */
	struct location failed; /* where in the Dockerfile an error is; nowhere */
	struct record record;
	char *label; /* how other builds are told about this one */
	struct step_result *results;
	struct solve_outcome *outcomes;
	unsigned steps_done; /* not found again */
	int failed_fd;       /* an eventfd, readable once a step has failed */
	int cancel_fd;       /* readable as soon as that or the options' one is */
};

/* The lines that an error is about, for the result. */
void building_add_excerpt(struct building *building, struct location where);

/* How files are fetched for it. */
struct place_options building_places(struct building *building);
/* Read the Dockerfile and its context; what can be found in the file alone is. */
int building_read(struct building *building, struct error *err);
/* Plan what the target needs. */
int building_plan(struct building *building, struct error *err);
/* Say what was found. */
void building_tell(struct building *building);

/* What --call asks for, into the result. `r` is how reading and planning went, `err` why not;
 * returned when there is nothing to be said to that. */
int building_answer(struct building *building, int r, struct error *err);
