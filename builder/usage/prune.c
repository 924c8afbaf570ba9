/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/usage/prune.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "builder/history/history.h"
#include "builder/history/output_log.h"
#include "builder/image/layer/layer_cache.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/snapshot/cache.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "fs/store/usage.h"

struct pruning {
	struct store *store;
	struct history *history;
	const struct prune_options *options;
	struct usage_report report;
	struct usage_record **candidates; /* what may go, used last first */
	size_t count;
	uint64_t limit;  /* bytes that may stay */
	uint64_t layers; /* bytes that are kept of those */
	bool drop_layers;
};

/* ---- what may go ---- */

static bool is_asked_for(const struct pruning *pruning, const struct usage_record *record)
{
	const struct prune_options *options = pruning->options;

	if (options->types_given && !options->types[record->type])
		return false;
	if (options->until_s && record->used_s >= options->until_s)
		return false;
	if (!options->id_prefix)
		return true;
	return !object_id_is_zero(&record->id) &&
	       strncmp(object_id_hex(&record->id).text, options->id_prefix,
		       strlen(options->id_prefix)) == 0;
}

static bool may_go(const struct pruning *pruning, const struct usage_record *record)
{
	const struct prune_options *options = pruning->options;

	switch (record->type) {
	case USAGE_STATE:
	case USAGE_FAILED:
		return !record->in_use && (!record->shared || options->all) &&
		       is_asked_for(pruning, record);
	case USAGE_CACHE:
		return (options->all || options->types_given) && is_asked_for(pruning, record);
	case USAGE_DANGLING:
		return is_asked_for(pruning, record);
	case USAGE_IMAGE:
	case USAGE_PIN:
	case USAGE_LAYERS:
	case USAGE_JOURNAL:
	case USAGE_TYPE_COUNT:
		break;
	}
	return false;
}

static int by_use(const void *a, const void *b)
{
	const struct usage_record *left = *(struct usage_record *const *)a;
	const struct usage_record *right = *(struct usage_record *const *)b;

	if (left->used_s != right->used_s)
		return left->used_s > right->used_s ? -1 : 1;
	/* Of one build, the later states need the earlier ones. */
	if (left->created_s != right->created_s)
		return left->created_s > right->created_s ? -1 : 1;
	if (left->depth != right->depth)
		return left->depth > right->depth ? -1 : 1;
	return object_id_compare(&left->id, &right->id);
}

static void find_candidates(struct pruning *pruning)
{
	struct usage_report *report = &pruning->report;

	pruning->candidates = xcalloc(report->count + 1, sizeof(struct usage_record *));
	for (size_t i = 0; i < report->count; i++) {
		struct usage_record *record = &report->items[i];

		if (may_go(pruning, record))
			pruning->candidates[pruning->count++] = record;
		if (record->type == USAGE_LAYERS) {
			pruning->layers = record->size;
			pruning->drop_layers = is_asked_for(pruning, record);
		}
	}
	if (pruning->count > 1)
		qsort(pruning->candidates, pruning->count, sizeof(struct usage_record *), by_use);
}

/* ---- how much may stay ---- */

/* As BuildKit reckons: the larger of what is reserved, and what the upper bounds leave. */
static int set_limit(struct pruning *pruning, struct error *err)
{
	const struct prune_options *options = pruning->options;
	uint64_t total = pruning->report.total, limit = UINT64_MAX, missing;
	struct statvfs disk;

	if (options->max_used_space)
		limit = options->max_used_space;
	if (options->min_free_space) {
		if (statvfs(store_path(pruning->store), &disk) < 0)
			return error_errno(err, -errno, "cannot look at the disk of '%s'",
					   store_path(pruning->store));
		missing = (uint64_t)disk.f_bavail * disk.f_frsize;
		missing = missing < options->min_free_space ? options->min_free_space - missing : 0;
		if (total < missing)
			missing = total;
		if (missing && total - missing < limit)
			limit = total - missing;
	}
	if (!options->max_used_space && !options->min_free_space)
		limit = 0;
	pruning->limit = limit > options->reserved_space ? limit : options->reserved_space;
	return 0;
}

/* What does not go is counted first, then what may stay, used last first, as long as it fits. */
static int choose(struct pruning *pruning, size_t *ret_first, struct error *err)
{
	cleanup_with(usage_end) struct usage *usage = NULL;
	struct usage_report *report = &pruning->report;
	uint64_t used = 0, bytes;
	int r = usage_begin(pruning->store, &usage, err);

	for (size_t i = 0; i < report->count && r == 0; i++) {
		const struct usage_record *record = &report->items[i];

		if (object_id_is_zero(&record->id)) {
			used += record->type == USAGE_LAYERS ? 0 : record->size;
			continue;
		}
		if (may_go(pruning, record))
			continue;
		r = usage_count(usage, &record->id, &bytes, err);
		used += r == 0 ? bytes : 0;
	}
	if (r == 0)
		r = usage_count_leases(usage, &bytes, err);
	used += r == 0 ? bytes : 0;
	for (*ret_first = 0; *ret_first < pruning->count && r == 0; (*ret_first)++) {
		r = usage_count(usage, &pruning->candidates[*ret_first]->id, &bytes, err);
		if (r < 0 || used + bytes > pruning->limit || pruning->limit == 0)
			break;
		used += bytes;
	}
	/* Layers can be written again: they are the first to make room. */
	if (r == 0 && pruning->drop_layers)
		pruning->layers = pruning->limit > used && pruning->limit - used < pruning->layers
					  ? pruning->limit - used
				  : pruning->limit > used ? pruning->layers
							  : 0;
	return r;
}

/* ---- letting go ---- */

static int drop_cache(struct pruning *pruning, const char *id, struct error *err)
{
	cleanup_with(cache_close) struct cache *cache = NULL;
	int r = cache_open(pruning->store, id, &cache, err);

	return r < 0 ? r : cache_remove(cache, 0, err);
}

/* Its layers are states: they go as such. */
static int drop_name(struct pruning *pruning, const char *name, struct error *err)
{
	cleanup_free char *ref = xasprintf("tag/%s", name);
	int r = store_ref_delete(pruning->store, ref, err);

	return r < 0 ? r : 0;
}

static void note_gone(struct usage_report *ret, const struct usage_record *record)
{
	array_reserve_one(ret->items, ret->count, ret->capacity);
	ret->items[ret->count] = *record;
	ret->items[ret->count++].name = xstrdup(record->name);
}

/* A cache that somebody has begun to use meanwhile stays. */
static int drop_candidates(struct pruning *pruning, size_t first, struct usage_report *ret,
			   struct error *err)
{
	cleanup_free struct object_id *ids = xcalloc(pruning->count + 1, sizeof *ids);
	bool dry = pruning->options->dry_run;
	size_t count = 0;
	int r = 0;

	for (size_t i = first; i < pruning->count && r == 0; i++) {
		const struct usage_record *record = pruning->candidates[i];

		if (record->type == USAGE_CACHE && !dry)
			r = drop_cache(pruning, record->name, err);
		else if (record->type == USAGE_DANGLING && !dry)
			r = drop_name(pruning, record->name, err);
		else if (record->type != USAGE_CACHE && record->type != USAGE_DANGLING)
			ids[count++] = record->id;
		if (r == -EBUSY)
			r = 0;
		else if (r == 0)
			note_gone(ret, record);
	}
	return r < 0 || dry ? r : store_step_forget(pruning->store, ids, count, err);
}

static int drop_layers(struct pruning *pruning, struct error *err)
{
	cleanup_with(layer_cache_close) struct layer_cache *cache = NULL;
	int r;

	if (!pruning->drop_layers)
		return 0;
	r = layer_cache_open(pruning->store, &cache, err);
	return r < 0 ? r : layer_cache_trim(cache, pruning->layers, NULL, err);
}

/* What nothing refers to any more, and what was said of it. */
static int collect(struct pruning *pruning, struct error *err)
{
	const struct gc_options options = { 0 };
	struct gc_stats stats = { 0 };
	uint64_t bytes = 0;
	int r = store_gc(pruning->store, &options, &stats, err);

	if (r == 0)
		r = output_log_sweep(pruning->store, &bytes, err);
	if (r == 0 && pruning->history)
		r = history_forget_lost(pruning->history, pruning->store, err);
	return r;
}

static int measure(struct pruning *pruning, struct usage_report *ret, uint64_t *ret_freed,
		   struct error *err)
{
	struct usage_report after = { 0 };
	uint64_t before = pruning->report.total;
	int r = usage_report_make(pruning->store, NULL, &after, err);

	ret->total = after.total;
	*ret_freed = before > after.total ? before - after.total : 0;
	usage_report_release(&after);
	return r;
}

static int carry_out(struct pruning *pruning, struct usage_report *ret, uint64_t *ret_freed,
		     struct error *err)
{
	size_t first;
	int r;

	find_candidates(pruning);
	r = set_limit(pruning, err);
	if (r == 0)
		r = choose(pruning, &first, err);
	if (r == 0)
		r = drop_candidates(pruning, first, ret, err);
	if (r < 0 || pruning->options->dry_run) {
		ret->total = pruning->report.total;
		return r;
	}
	r = drop_layers(pruning, err);
	if (r == 0)
		r = collect(pruning, err);
	return r < 0 ? r : measure(pruning, ret, ret_freed, err);
}

int prune_run(struct store *store, struct history *history, const struct prune_options *options,
	      struct usage_report *ret, uint64_t *ret_freed, struct error *err)
{
	struct pruning pruning = { .store = store, .history = history, .options = options };
	int r = usage_report_make(store, history, &pruning.report, err);

	*ret_freed = 0;
	if (r == 0)
		r = carry_out(&pruning, ret, ret_freed, err);
	usage_report_release(&pruning.report);
	free(pruning.candidates);
	return r;
}
