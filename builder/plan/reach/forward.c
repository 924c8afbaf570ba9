/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/reach/forward.h"

#include <errno.h>

#include "builder/plan/plan_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/quote.h"

#define QUOTED_MAX 200

/* Stage `from` takes files of stage `to`. */
struct edge {
	size_t from, to;
	struct location where;
};

/* All of them, ascending by `from`. */
struct edges {
	struct edge *items;
	size_t count, capacity;
	bool any_forward; /* without one there is no circle */
};

static int collect_stage(struct planning *planning, const struct stage *stage, struct edges *edges)
{
	for (size_t i = 0; i < stage->count; i++) {
		const struct instruction *instruction = &stage->instructions[i];
		struct location where = instruction->statement->where;
		struct origin_uses uses;
		struct error err = { 0 };
		int r = origin_uses_of(planning, instruction, stage->index, &uses, &err);

		if (r < 0)
			return planning_refuse(planning, r, where, &err);
		for (size_t k = 0; k < uses.count; k++) {
			const struct origin *origin = &uses.items[k].origin;

			if (origin->kind != ORIGIN_STAGE)
				continue;
			array_reserve_one(edges->items, edges->count, edges->capacity);
			edges->items[edges->count++] = (struct edge){ .from = stage->index,
								      .to = origin->stage,
								      .where = where };
			edges->any_forward |= origin->stage >= stage->index;
		}
	}
	return 0;
}

/* Where a walk through the stages has got to: `next` is the first edge not yet followed, of the
 * stage or, once it is on the way, of those still to do. */
struct walk {
	const struct edges *edges;
	size_t *next; /* of each stage */
	size_t *way;  /* stages from the first to the present one */
	bool *seen, *on_way;
	size_t depth;
};

static void enter(struct walk *walk, size_t stage)
{
	walk->seen[stage] = walk->on_way[stage] = true;
	walk->way[walk->depth++] = stage;
}

/* Does a walk from `stage` lead back to where it has been? */
static bool leads_in_circles(struct walk *walk, size_t stage)
{
	const struct edges *edges = walk->edges;

	enter(walk, stage);
	while (walk->depth) {
		size_t at = walk->way[walk->depth - 1], next = walk->next[at];

		if (next == edges->count || edges->items[next].from != at) {
			walk->on_way[at] = false;
			walk->depth--;
			continue;
		}
		walk->next[at]++;
		if (walk->on_way[edges->items[next].to])
			return true;
		if (!walk->seen[edges->items[next].to])
			enter(walk, edges->items[next].to);
	}
	return false;
}

static int check_circles(struct planning *planning, const struct edges *edges)
{
	size_t count = planning->recipe->stage_count;
	cleanup_free size_t *next = xcalloc(count, sizeof *next);
	cleanup_free size_t *way = xcalloc(count, sizeof *way);
	cleanup_free bool *seen = xcalloc(count, sizeof *seen);
	cleanup_free bool *on_way = xcalloc(count, sizeof *on_way);
	struct walk walk = {
		.edges = edges, .next = next, .way = way, .seen = seen, .on_way = on_way
	};

	for (size_t i = 0; i < count; i++)
		next[i] = edges->count;
	for (size_t i = edges->count; i > 0; i--)
		next[edges->items[i - 1].from] = i - 1;
	for (size_t i = 0; i < count; i++) {
		if (!seen[i] && leads_in_circles(&walk, i))
			return diagnostic_set(planning->diag, -EINVAL,
					      edges->items[next[i] - 1].where,
					      "circular dependency detected on stage: %s",
					      planning->stages[i].plan->label);
	}
	return 0;
}

int forward_check(struct planning *planning)
{
	struct edges edges = { 0 };
	int r = 0;

	for (size_t i = 0; i < planning->recipe->stage_count && r == 0; i++) {
		if (!planning->stages[i].replaced)
			r = collect_stage(planning, planning->stages[i].stage, &edges);
	}
	if (r == 0 && edges.any_forward)
		r = check_circles(planning, &edges);
	free(edges.items);
	return r;
}

int forward_refuse(const struct planning *planning, size_t number, const struct origin_use *use,
		   struct error *err)
{
	cleanup_free char *from = quote_string(use->from, QUOTED_MAX);
	cleanup_free char *target = NULL;

	if (!use->target)
		return error_set(err, -EINVAL,
				 "cannot copy from stage %s, it needs to be defined before current "
				 "stage \"%s\"",
				 from, planning->stages[number].plan->label);
	target = quote_string(use->target, QUOTED_MAX);
	return error_set(err, -EINVAL,
			 "cannot mount from stage %s to %s, stage needs to be defined before "
			 "current command",
			 from, target);
}
