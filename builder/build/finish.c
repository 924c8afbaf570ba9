/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/finish.h"

#include <stdlib.h>

#include "builder/history/output_log.h"
#include "builder/image/image_store.h"
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

int finish_image(const struct finish *finish, const struct plan_stage *target,
		 struct export_image *ret, struct error *err)
{
	struct making making = { .finish = finish, .target = target };
	cleanup_with(config_release) struct config config = { 0 };
	const struct times *times = &making.times;
	int r;

	*ret = (struct export_image){ .platform = target->platform };
	if (target->last)
		making.state = finish->results[target->last->index].snapshot;
	r = make_config(&making, &config, err);
	ret->base_history = making.base_history;
	if (r == 0)
		r = image_make(finish->store, finish->lease, &making.state, &config,
			       times->count ? times->items[times->count - 1] : 0, &ret->snapshot,
			       err);
	if (r == 0)
		output_log_share(finish->store, &making.state, &ret->snapshot);
	free(making.times.items);
	return r;
}
