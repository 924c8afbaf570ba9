/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/caches.h"

#include <errno.h>

#include "builder/build/building.h"
#include "builder/cache/cache_export.h"
#include "builder/cache/cache_import.h"
#include "builder/solve/solver.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* ---- from ---- */

struct cache_import *caches_open(struct building *building)
{
	cleanup_with(strings_release) struct strings warnings = { 0 };
	struct cache_import *import;

	if (building->cache_from.count == 0)
		return NULL;
	import = cache_import_open(&building->cache_from, building->cancel_fd, &warnings);
	for (size_t i = 0; i < warnings.count; i++)
		news_warn(&building->news, warnings.items[i], NULL);
	return import;
}

/* ---- to ---- */

/* States of the build: of all steps, or of those that the targets came through. */
struct states {
	struct object_id *items;
	size_t count, capacity;
};

static void add(const struct building *building, const struct vertex *vertex, struct states *ret)
{
	const struct step_result *result = &building->results[vertex->index];

	if (vertex->kind == VERTEX_BASE || !result->done || object_id_is_zero(&result->snapshot))
		return;
	array_reserve_one(ret->items, ret->count, ret->capacity);
	ret->items[ret->count++] = result->snapshot;
}

static void collect(const struct building *building, bool all, struct states *ret)
{
	const struct plan *plan = building->plan;

	for (size_t i = 0; all && i < plan->vertex_count; i++)
		add(building, plan->vertices[i], ret);
	for (size_t i = 0; !all && i < plan->target_count; i++) {
		for (const struct vertex *v = plan->targets[i]->last; v; v = v->parent)
			add(building, v, ret);
	}
}

static int write_one(struct building *building, const struct cache_place *place, struct error *err)
{
	unsigned number = news_begin(&building->news, "exporting cache to client directory");
	struct cache_export export = { .store = building->options->store,
				       .cancel_fd = building->options->cancel_fd };
	struct cache_exported exported = { 0 };
	struct states states = { 0 };
	struct error problem = { 0 };
	cleanup_free char *line = NULL;
	int r;

	collect(building, place->all, &states);
	export.snapshots = states.items;
	export.count = states.count;
	r = cache_export(&export, place, &exported, &problem);
	free(states.items);
	line = xasprintf("writing %llu steps, %llu new objects", (unsigned long long)exported.steps,
			 (unsigned long long)exported.objects);
	if (r == 0)
		news_status(&building->news, number, line, 0, 0, false, true);
	if (r < 0 && r != -ECANCELED && place->ignore_error) {
		news_warn(&building->news, problem.text, NULL);
		r = 0;
	}
	if (r < 0 && err)
		*err = problem;
	return news_end(&building->news, number, r, err);
}

int caches_write(struct building *building, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < building->cache_to.count && r == 0; i++)
		r = write_one(building, &building->cache_to.items[i], err);
	return r;
}
