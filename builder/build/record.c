/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/record.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/build/news.h"
#include "builder/dockerfile/recipe.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"

/* Say it, and write nothing more. */
static void give_up(struct record *record, const struct error *err)
{
	news_warn(record->news, err->text, NULL);
	history_close(record->history);
	record->history = NULL;
}

static int64_t now_ms(void)
{
	return clock_realtime_ns() / 1000000;
}

static char *copy(const char *text)
{
	return xstrdup(text ? text : "");
}

void record_begin(struct record *record, struct store *store, const struct history_build *build,
		  struct news *news)
{
	struct error err = { 0 };

	*record = (struct record){ .news = news };
	record->realtime_offset_ns = clock_realtime_ns() - (int64_t)clock_monotonic_ns();
	record->build = (struct history_build){ .id = copy(build->id),
						.status = HISTORY_RUNNING,
						.started_ms = now_ms(),
						.context = copy(build->context),
						.dockerfile = copy(build->dockerfile),
						.target = copy(build->target),
						.tags = copy(build->tags),
						.error = copy(NULL) };
	if (history_open(store, &record->history, &err) < 0 ||
	    history_begin(record->history, &record->build, &err) < 0)
		give_up(record, &err);
}

static void add(struct record *record, const struct history_state *state)
{
	struct error err = { 0 };

	if (record->history && history_add_state(record->history, state, &err) < 0)
		give_up(record, &err);
}

static enum history_status status_of(enum event_outcome outcome)
{
	switch (outcome) {
	case EVENT_OK:
		return HISTORY_DONE;
	case EVENT_CACHED:
		return HISTORY_CACHED;
	case EVENT_FAILED:
		return HISTORY_FAILED;
	case EVENT_CANCELED:
		break;
	}
	return HISTORY_CANCELED;
}

/* As a step of this stage. */
static void record_in_stage(struct record *record, const struct vertex *vertex,
			    const struct plan_stage *stage, const struct step_result *result,
			    const struct step_result *results, const struct solve_outcome *outcome)
{
	cleanup_free char *label = xstrdup(stage->label), *name = xstrdup(vertex->name);
	struct history_state state = {
		.build = record->build.id,
		.stage = (unsigned)stage->number,
		.step = vertex->step,
		.stage_label = label,
		.name = name,
		.snapshot = result->snapshot,
		.status = status_of(outcome->outcome),
		.started_ms = ((int64_t)outcome->started_ns + record->realtime_offset_ns) / 1000000,
		.duration_ms = (outcome->ended_ns - outcome->started_ns) / 1000000,
	};

	if (vertex->step == 0)
		return; /* an image of which no stage is made */
	if (outcome->outcome == EVENT_CACHED)
		state.duration_ms = result->cost_ms;
	if (vertex->parent)
		state.parent = results[vertex->parent->index].snapshot;
	/* What failed before it could write anything is as it was before. */
	if (object_id_is_zero(&state.snapshot) && outcome->outcome == EVENT_FAILED)
		state.snapshot = state.parent;
	add(record, &state);
}

void record_vertex(struct record *record, const struct vertex *vertex,
		   const struct step_result *result, const struct step_result *results,
		   const struct solve_outcome *outcome)
{
	record_in_stage(record, vertex, vertex->stage, result, results, outcome);
}

/* Is it a step of this stage, be it that of another platform? */
static bool is_of_stage(const struct vertex *vertex, const struct plan_stage *stage)
{
	return vertex && vertex->step && vertex->stage->index == stage->index;
}

void record_shared(struct record *record, const struct plan *plan,
		   const struct step_result *results, const struct solve_outcome *outcomes)
{
	for (size_t i = 0; i < plan->stage_count; i++) {
		const struct plan_stage *stage = &plan->stages[i];

		for (const struct vertex *v = stage->last; is_of_stage(v, stage); v = v->parent) {
			if (v->stage != stage && outcomes[v->index].started)
				record_in_stage(record, v, stage, &results[v->index], results,
						&outcomes[v->index]);
		}
	}
}

/* Does the stage have the state that it begins with from elsewhere? Then *ret, or NULL for an empty
 * tree. */
static bool begins_elsewhere(const struct plan_stage *stage, const struct vertex **ret)
{
	const struct vertex *v = stage->last;

	while (is_of_stage(v, stage) && v->kind != VERTEX_BASE)
		v = v->parent;
	*ret = v;
	return !is_of_stage(v, stage);
}

static void record_base(struct record *record, const struct plan_stage *stage, const char *base,
			const struct step_result *from)
{
	cleanup_free char *label = xstrdup(stage->label);
	cleanup_free char *name = xasprintf("[%s 1/%u] FROM %s", stage->label, stage->steps, base);
	struct history_state state = { .build = record->build.id,
				       .stage = (unsigned)stage->number,
				       .step = 1,
				       .stage_label = label,
				       .name = name,
				       .status = HISTORY_CACHED,
				       .started_ms = record->build.started_ms };

	if (from)
		state.snapshot = from->snapshot;
	add(record, &state);
}

void record_bases(struct record *record, const struct plan *plan, const struct recipe *recipe,
		  const struct step_result *results)
{
	for (size_t i = 0; i < plan->stage_count; i++) {
		const struct plan_stage *stage = &plan->stages[i];
		const struct vertex *from;

		if (!stage->needed || !begins_elsewhere(stage, &from))
			continue;
		if (!from || results[from->index].done)
			record_base(record, stage, recipe->stages[stage->index].from->from.base,
				    from ? &results[from->index] : NULL);
	}
}

void record_end(struct record *record, int result, const char *error)
{
	struct history_build *build = &record->build;
	struct error err = { 0 };

	build->status = result == 0            ? HISTORY_DONE
			: result == -ECANCELED ? HISTORY_CANCELED
					       : HISTORY_FAILED;
	build->ended_ms = now_ms();
	if (error) {
		free(build->error);
		build->error = xstrdup(error);
	}
	if (record->history && history_end(record->history, build, &err) < 0)
		give_up(record, &err);
	history_close(record->history);
	free(build->id);
	free(build->context);
	free(build->dockerfile);
	free(build->target);
	free(build->tags);
	free(build->error);
	*record = (struct record){ 0 };
}
