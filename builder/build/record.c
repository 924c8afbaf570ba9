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

void record_vertex(struct record *record, const struct vertex *vertex,
		   const struct step_result *result, const struct step_result *results,
		   const struct solve_outcome *outcome)
{
	cleanup_free char *label = xstrdup(vertex->stage->label), *name = xstrdup(vertex->name);
	struct history_state state = {
		.build = record->build.id,
		.stage = (unsigned)vertex->stage->index,
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

/* The vertex that makes the first state of the stage, or the first of its other steps. */
static const struct vertex *first_vertex(const struct plan *plan, const struct plan_stage *stage)
{
	for (size_t i = 0; i < plan->vertex_count; i++) {
		if (plan->vertices[i]->stage == stage)
			return plan->vertices[i];
	}
	return NULL;
}

static void record_base(struct record *record, const struct plan_stage *stage, const char *base,
			const struct step_result *from)
{
	cleanup_free char *label = xstrdup(stage->label);
	cleanup_free char *name = xasprintf("[%s 1/%u] FROM %s", stage->label, stage->steps, base);
	struct history_state state = { .build = record->build.id,
				       .stage = (unsigned)stage->index,
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
		const struct vertex *first = first_vertex(plan, stage), *from;

		if (!stage->needed || (first && first->kind == VERTEX_BASE))
			continue;
		from = first ? first->parent : stage->last;
		if (!from || results[from->index].done)
			record_base(record, stage, recipe->stages[i].from->from.base,
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
