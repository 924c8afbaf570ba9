/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/finish.h"

#include <stdlib.h>

#include "builder/build/inline_steps.h"
#include "builder/history/output_log.h"
#include "builder/image/config_steps.h"
#include "builder/image/image_store.h"
#include "builder/image/layer/chain.h"
#include "builder/image/restack.h"
#include "builder/plan/config_chain.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/snapshot/snapshot.h"

/* When the states of a chain were made, lowest first. */
struct times {
	int64_t *items;
	size_t count, capacity;
};

/* The vertex that the stages of the target began with, or NULL for scratch. */
static const struct vertex *first_vertex(const struct vertex *last)
{
	while (last && last->parent)
		last = last->parent;
	return last;
}

/* Times of the states from the last one down to the base image, which is none of them. */
static int read_times(struct store *store, const struct object_id *last,
		      const struct object_id *base, struct times *ret, struct error *err)
{
	struct object_id at = *last;

	while (!object_id_is_zero(&at) && !object_id_equal(&at, base)) {
		struct snapshot_record record;
		int r = snapshot_load(store, &at, &record, err);

		if (r < 0)
			return r;
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count++] = record.created_s;
		at = record.parent;
	}
	for (size_t i = 0; i < ret->count / 2; i++) {
		int64_t other = ret->items[i];

		ret->items[i] = ret->items[ret->count - 1 - i];
		ret->items[ret->count - 1 - i] = other;
	}
	return 0;
}

/* Each record gets the time of its layer; one without a layer, that of the layer below. */
static void fill_times(struct config *config, size_t base_history, const struct times *times)
{
	size_t next = 0;

	for (size_t i = base_history; i < config->history_count; i++) {
		struct config_history *history = &config->history[i];
		cleanup_free char *text = NULL;

		if (!history->empty_layer && next < times->count)
			next++;
		if (history->created || times->count == 0)
			continue;
		text = config_time(times->items[next ? next - 1 : 0] * 1000000000);
		config_set_string(&history->created, text);
	}
	if (times->count) {
		cleanup_free char *text = config_time(times->items[times->count - 1] * 1000000000);

		config_set_string(&config->created, text);
	}
}

/* ---- states ---- */

/* The states of the target on its base, lowest first. */
struct stack {
	struct object_id base, *states;
	size_t count;
};

static size_t count_steps(const struct vertex *last)
{
	size_t count = 0;

	for (; last && last->kind != VERTEX_BASE; last = last->parent)
		count++;
	return count;
}

/* They follow on one another; where each stage ends goes to `ret`. */
static void read_stack(const struct vertex *last, const struct step_result *results,
		       struct stack *stack, struct finished *ret)
{
	size_t at = stack->count = count_steps(last);
	size_t stages = 0;

	stack->states = xcalloc(at + 1, sizeof *stack->states);
	ret->stages = xcalloc(at + 1, sizeof *ret->stages);
	for (const struct vertex *v = last; v; v = v->parent) {
		if (v->kind == VERTEX_BASE) {
			stack->base = results[v->index].snapshot;
			break;
		}
		stack->states[--at] = results[v->index].snapshot;
	}
	at = stack->count;
	for (const struct vertex *v = last, *above = NULL; at; above = v, v = v->parent, at--) {
		if (above && v->stage->index != above->stage->index)
			ret->stages[stages++] = at;
	}
	for (size_t i = 0; i < stages / 2; i++) {
		size_t other = ret->stages[i];

		ret->stages[i] = ret->stages[stages - 1 - i];
		ret->stages[stages - 1 - i] = other;
	}
	ret->origins.stage_count = stages;
}

/* What was found again may have come about on another image with the same files. */
static int stack_states(const struct finish *finish, const struct plan_stage *target,
			struct finished *finished, struct object_id *ret, struct error *err)
{
	cleanup_with(image_chain_release) struct image_chain below = { 0 };
	struct stack stack = { 0 };
	int r = 0;

	read_stack(target->last, finish->results, &stack, finished);
	if (!object_id_is_zero(&stack.base))
		r = image_chain_read(finish->store, &stack.base, &below, err);
	finished->origins.base = below.count;
	for (size_t i = 0; i < finished->origins.stage_count; i++)
		finished->stages[i] += below.count;
	finished->origins.stages = finished->stages;
	if (r == 0)
		r = restack_states(finish->store, finish->lease, &stack.base, stack.states,
				   stack.count, ret, err);
	free(stack.states);
	return r;
}

/* ---- configuration ---- */

/* How many records of the history came with the base image. */
static int count_base_history(const struct vertex *base, size_t *ret, struct error *err)
{
	cleanup_with(config_release) struct config config = { 0 };
	int r = config_chain_make(base->config, &config, err);

	*ret = config.history_count;
	return r;
}

struct making {
	const struct finish *finish;
	const struct plan_stage *target;
	struct object_id state;
	struct times times;
	size_t base_history;
};

static int make_config(struct making *making, struct config *ret, struct error *err)
{
	const struct finish *finish = making->finish;
	const struct vertex *first = first_vertex(making->target->last);
	struct object_id base = { 0 };
	int r = config_chain_make(making->target->config, ret, err);

	if (r == 0 && first && first->kind == VERTEX_BASE) {
		base = first->base.snapshot;
		r = count_base_history(first, &making->base_history, err);
	}
	if (r < 0 || finish->plan->created)
		return r;
	r = read_times(finish->store, &making->state, &base, &making->times, err);
	if (r == 0)
		fill_times(ret, making->base_history, &making->times);
	return r;
}

int finish_image(const struct finish *finish, const struct plan_stage *target, struct finished *ret,
		 struct error *err)
{
	struct making making = { .finish = finish, .target = target };
	cleanup_with(config_release) struct config config = { 0 };
	cleanup_with(config_steps_release) struct config_steps steps = { 0 };
	const struct times *times = &making.times;
	struct export_image *image = &ret->image;
	int r = stack_states(finish, target, ret, &making.state, err);

	image->platform = target->platform;
	image->origins = &ret->origins;
	if (r == 0)
		r = make_config(&making, &config, err);
	if (r == 0 && finish->with_steps)
		r = inline_steps_read(finish, target, &making.state, &steps, err);
	config_steps_set(&steps, &config);
	image->base_history = making.base_history;
	if (r == 0)
		r = image_make(finish->store, finish->lease, &making.state, &config,
			       times->count ? times->items[times->count - 1] : 0, &image->snapshot,
			       err);
	if (r == 0)
		output_log_share(finish->store, &making.state, &image->snapshot);
	free(making.times.items);
	return r;
}

void finished_release(struct finished *finished)
{
	free(finished->stages);
	*finished = (struct finished){ 0 };
}
