/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/build/building.h"
#include "builder/solve/solver.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* Names of stages in a message: so many, and then dots. */
#define NAMES_SHOWN 5

/* ---- before ---- */

static const char *find_single(const struct build_options *options)
{
	if (options->tags.count)
		return "--tag";
	for (size_t i = 0; i < options->output_count; i++) {
		if (options->outputs[i].type != OUTPUT_CACHE_ONLY)
			return "--output";
	}
	return options->for_one;
}

static char *name_targets(const struct plan *plan)
{
	cleanup_with(strings_release) struct strings names = { 0 };

	size_t count = plan->target_count / plan->platform_count;

	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
		strings_add_range(&names, plan->targets[i]->label,
				  strcspn(plan->targets[i]->label, "+"));
	if (count > NAMES_SHOWN)
		strings_add(&names, "…");
	return strings_join(&names, ", ");
}

int targets_check(const struct building *building, struct error *err)
{
	const struct plan *plan = building->plan;
	size_t count = plan->target_count / plan->platform_count;
	const char *option = count > 1 ? find_single(building->options) : NULL;
	cleanup_free char *names = NULL;

	if (!option)
		return 0;
	names = name_targets(plan);
	return error_set(err, -EINVAL,
			 "%s is for one target, and --target names %zu: %s; leave it out, or build "
			 "them one by one, which does no step twice",
			 option, count, names);
}

/* ---- after ---- */

static void judge(const struct building *building, const struct plan_stage *stage,
		  struct build_target *ret)
{
	const struct vertex *last = stage->last;
	const struct solve_outcome *outcome = last ? &building->outcomes[last->index] : NULL;
	const struct vertex *failed = outcome ? outcome->blocked_by : NULL;

	*ret = (struct build_target){ .label = xstrdup(stage->label), .status = HISTORY_CANCELED };
	if (!last || building->results[last->index].done) {
		ret->status =
			outcome && outcome->outcome == EVENT_CACHED ? HISTORY_CACHED : HISTORY_DONE;
		if (last)
			ret->snapshot = building->results[last->index].snapshot;
		return;
	}
	if (outcome->ended && outcome->outcome == EVENT_FAILED)
		failed = last;
	if (!failed)
		return;
	ret->status = failed->stage->index == stage->index ? HISTORY_FAILED : HISTORY_CANCELED;
	ret->reason = xstrdup(failed->name);
}

void targets_tell(struct building *building)
{
	struct build_result *result = building->result;
	const struct plan *plan = building->plan;

	result->platform_count = plan->platform_count;
	result->targets = xcalloc(plan->stage_count + 1, sizeof *result->targets);
	for (size_t i = 0, next = 0; i < plan->stage_count; i++) {
		const struct plan_stage *stage = &plan->stages[i];
		bool wanted = next < plan->target_count && plan->targets[next] == stage;

		next += wanted;
		if (wanted || building->options->all_stages)
			judge(building, stage, &result->targets[result->target_count++]);
	}
}

int targets_fail(struct building *building, int r, struct error *err)
{
	const struct plan *plan = building->plan;
	struct buf *text = &building->result->excerpt;
	size_t failed = 0, blocked = 0;

	for (size_t i = 0; i < plan->vertex_count; i++) {
		failed += building->outcomes[i].error != NULL;
		blocked += building->outcomes[i].blocked_by != NULL;
	}
	for (size_t i = 0; i < plan->vertex_count; i++) {
		const struct vertex *vertex = plan->vertices[i];

		if (!building->outcomes[i].error)
			continue;
		building_add_excerpt(building, vertex->where);
		if (failed > 1)
			buf_add_format(text, "%s: %s\n", vertex->name, building->outcomes[i].error);
	}
	if (r == -ECANCELED || failed < 2)
		return r;
	if (blocked == 0)
		return error_set(err, r, "%zu steps failed", failed);
	return error_set(err, r, "%zu steps failed, and %zu were not begun that need them", failed,
			 blocked);
}
