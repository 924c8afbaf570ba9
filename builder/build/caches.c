/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build/caches.h"

#include <errno.h>

#include "builder/build/building.h"
#include "builder/cache/cache_export.h"
#include "builder/cache/cache_import.h"
#include "builder/image/progress.h"
#include "builder/solve/solver.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* ---- from ---- */

/* What cannot be used is no more than warned of. */
static void open_one(struct building *building, const struct cache_place *place,
		     struct cache_import *import)
{
	cleanup_free char *name = xasprintf("importing cache manifest from %s", place->path);
	unsigned number = news_begin(&building->news, name);
	cleanup_free char *line = NULL;
	struct error problem = { 0 };
	int r = cache_import_open(import, place, &problem);

	if (r < 0 && r != -ECANCELED) {
		line = xasprintf("cache '%s' is not used: %s", place->path, problem.text);
		news_warn(&building->news, line, NULL);
	}
	/* Whoever cancels hears of it from the first step. */
	(void)news_end(&building->news, number, r == -ECANCELED ? r : 0, NULL);
}

struct cache_import *caches_open(struct building *building)
{
	struct cache_import *import;

	if (building->cache_from.count == 0)
		return NULL;
	import = cache_import_new(building->registries, building->platforms,
				  building->platform_count, building->cancel_fd);
	for (size_t i = 0; i < building->cache_from.count; i++)
		open_one(building, &building->cache_from.items[i], import);
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

	if (!result->done || object_id_is_zero(&result->snapshot))
		return;
	array_reserve_one(ret->items, ret->count, ret->capacity);
	ret->items[ret->count++] = result->snapshot;
}

/* In the order of the plan. */
static void collect(const struct building *building, bool all, struct states *ret,
		    struct states *ret_bases)
{
	const struct plan *plan = building->plan;
	cleanup_free bool *wanted = xcalloc(plan->vertex_count + 1, sizeof *wanted);

	for (size_t i = 0; i < plan->target_count; i++) {
		for (const struct vertex *v = plan->targets[i]->last; v; v = v->parent)
			wanted[v->index] = true;
	}
	for (size_t i = 0; i < plan->vertex_count; i++) {
		const struct vertex *vertex = plan->vertices[i];

		if (all || wanted[vertex->index])
			add(building, vertex, vertex->kind == VERTEX_BASE ? ret_bases : ret);
	}
}

struct reporter {
	struct news *news;
	unsigned number;
};

static void report(void *context, const char *what, uint64_t current, uint64_t total)
{
	const struct reporter *reporter = context;

	news_status(reporter->news, reporter->number, what, current, total, true, current >= total);
}

static void tell(const struct reporter *reporter, const struct cache_place *place,
		 const struct cache_exported *exported)
{
	cleanup_free char *line = place->type == CACHE_REGISTRY
					  ? xasprintf("writing %llu steps, %llu of %llu layers",
						      (unsigned long long)exported->steps,
						      (unsigned long long)exported->new_layers,
						      (unsigned long long)exported->layers)
					  : xasprintf("writing %llu steps, %llu new objects",
						      (unsigned long long)exported->steps,
						      (unsigned long long)exported->objects);

	news_status(reporter->news, reporter->number, line, 0, 0, false, true);
}

static int write_one(struct building *building, const struct cache_place *place, struct error *err)
{
	const char *title = place->type == CACHE_REGISTRY ? "exporting cache to registry"
							  : "exporting cache to client directory";
	struct reporter reporter = { &building->news, news_begin(&building->news, title) };
	const struct progress progress = { .report = report, .context = &reporter };
	struct cache_export export = { .store = building->options->store,
				       .lease = building->lease,
				       .registries = building->registries,
				       .progress = &progress,
				       .cancel_fd = building->options->cancel_fd };
	struct cache_exported exported = { 0 };
	struct states states = { 0 }, bases = { 0 };
	struct error problem = { 0 };
	int r;

	collect(building, place->all, &states, &bases);
	export.snapshots = states.items;
	export.count = states.count;
	export.bases = bases.items;
	export.base_count = bases.count;
	r = cache_export(&export, place, &exported, &problem);
	free(states.items);
	free(bases.items);
	if (r == 0)
		tell(&reporter, place, &exported);
	if (r < 0 && r != -ECANCELED && place->ignore_error) {
		news_warn(&building->news, problem.text, NULL);
		r = 0;
	}
	if (r < 0 && err)
		*err = problem;
	return news_end(&building->news, reporter.number, r, err);
}

int caches_write(struct building *building, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < building->cache_to.count && r == 0; i++) {
		/* That is in the image already. */
		if (building->cache_to.items[i].type != CACHE_INLINE)
			r = write_one(building, &building->cache_to.items[i], err);
	}
	return r;
}
