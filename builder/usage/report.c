/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/usage/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/history/history.h"
#include "builder/history/output_log.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"
#include "fs/snapshot/cache.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/refs.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "fs/store/usage.h"

/* Far above what images have. */
#define DEPTH_MAX 10000

struct counting {
	struct store *store;
	struct usage *usage;
	struct history_uses uses;
	struct usage_report *report;
};

static struct usage_record *add(struct counting *counting, enum usage_type type, const char *name)
{
	struct usage_report *report = counting->report;
	struct usage_record *record;

	array_reserve_one(report->items, report->count, report->capacity);
	record = &report->items[report->count++];
	*record = (struct usage_record){ .type = type, .name = xstrdup(name) };
	return record;
}

/* ---- names ---- */

#define TAG_PREFIX "tag/"

/* Has the image a digest for its only name? Then a tag that it was pulled by has moved. */
static bool is_dangling(const struct ref_list *refs, const struct ref *ref)
{
	if (!strchr(ref->name, '@'))
		return false;
	for (size_t i = 0; i < refs->count; i++) {
		if (!strchr(refs->items[i].name, '@') &&
		    object_id_equal(&refs->items[i].id, &ref->id))
			return false;
	}
	return true;
}

static int64_t last_use(const struct counting *counting, const struct ref *ref)
{
	const struct history_use *use = history_use_of(&counting->uses, &ref->id);

	return use && use->used_ms / 1000 > ref->time_s ? use->used_ms / 1000 : ref->time_s;
}

static int add_dangling(struct counting *counting, struct error *err)
{
	struct ref_list refs = { 0 };
	int r = store_ref_list(counting->store, TAG_PREFIX, &refs, err);

	for (size_t i = 0; i < refs.count && r == 0; i++) {
		const struct ref *ref = &refs.items[i];
		struct usage_record *record;

		if (!is_dangling(&refs, ref))
			continue;
		record = add(counting, USAGE_DANGLING, ref->name + strlen(TAG_PREFIX));
		record->id = ref->id;
		record->created_s = ref->time_s;
		record->used_s = last_use(counting, ref);
		r = usage_count(counting->usage, &ref->id, &record->size, err);
	}
	ref_list_release(&refs);
	return r;
}

static int add_refs(struct counting *counting, const char *prefix, enum usage_type type,
		    struct error *err)
{
	struct ref_list refs = { 0 };
	int r = store_ref_list(counting->store, prefix, &refs, err);

	for (size_t i = 0; i < refs.count && r == 0; i++) {
		const struct ref *ref = &refs.items[i];
		struct usage_record *record;

		if (type == USAGE_IMAGE && is_dangling(&refs, ref))
			continue;
		record = add(counting, type, ref->name + strlen(prefix));
		record->id = ref->id;
		record->created_s = record->used_s = ref->time_s;
		r = usage_count(counting->usage, &ref->id, &record->size, err);
	}
	ref_list_release(&refs);
	return r;
}

/* ---- caches ---- */

static int add_cache(struct counting *counting, const char *id, struct error *err)
{
	cleanup_with(cache_close) struct cache *cache = NULL;
	cleanup_free struct cache_version *versions = NULL;
	struct usage_record *record;
	size_t count = 0;
	int r = cache_open(counting->store, id, &cache, err);

	if (r == 0)
		r = cache_versions(cache, &versions, &count, err);
	if (r < 0 || count == 0)
		return r;
	record = add(counting, USAGE_CACHE, id);
	record->id = versions[count - 1].snapshot;
	record->created_s = versions[0].time_s;
	record->used_s = cache_used_s(cache);
	record->use_count = versions[count - 1].number;
	for (size_t i = count; i > 0 && r == 0; i--) {
		uint64_t bytes;

		r = usage_count(counting->usage, &versions[i - 1].snapshot, &bytes, err);
		if (r == 0)
			record->size += bytes;
	}
	return r;
}

static int add_caches(struct counting *counting, struct error *err)
{
	cleanup_with(strings_release) struct strings ids = { 0 };
	int r = cache_list(counting->store, &ids, err);

	for (size_t i = 0; i < ids.count && r == 0; i++)
		r = add_cache(counting, ids.items[i], err);
	return r;
}

/* ---- states ---- */

static int by_snapshot(const void *a, const void *b)
{
	const struct step_record *left = a, *right = b;

	return object_id_compare(&left->snapshot, &right->snapshot);
}

static int by_age(const void *a, const void *b)
{
	const struct usage_record *left = a, *right = b;

	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	if (left->created_s != right->created_s)
		return left->created_s < right->created_s ? -1 : 1;
	if (left->depth != right->depth)
		return left->depth < right->depth ? -1 : 1;
	return object_id_compare(&left->id, &right->id);
}

static void look_at_parents(struct store *store, struct usage_record *record)
{
	struct snapshot_record snapshot;
	struct object_id at = record->id;

	while (record->depth < DEPTH_MAX && snapshot_load(store, &at, &snapshot, NULL) == 0 &&
	       !object_id_is_zero(&snapshot.parent)) {
		at = snapshot.parent;
		if (record->depth++ == 0)
			record->parent = at;
	}
}

/* Several keys lead to one state: it fails only when all of its records say so. */
static void add_state(struct counting *counting, const struct step_record *steps, size_t count)
{
	const struct object_id *id = &steps[0].snapshot;
	const struct history_use *use = history_use_of(&counting->uses, id);
	const char *unnamed = steps[0].flags & STEP_TRACE ? "what a RUN looked at" : "";
	struct usage_record *record =
		add(counting, USAGE_FAILED, use && use->name ? use->name : unnamed);

	record->id = *id;
	record->created_s = steps[0].created_s;
	for (size_t i = 0; i < count; i++) {
		if (!(steps[i].flags & STEP_FAILED))
			record->type = USAGE_STATE;
		if (steps[i].created_s < record->created_s)
			record->created_s = steps[i].created_s;
	}
	record->used_s = use ? use->used_ms / 1000 : record->created_s;
	record->use_count = use ? use->count : 0;
	look_at_parents(counting->store, record);
}

/* Does an image, a pin or a cache need all of it? The last state of an image is not itself in it. */
static bool is_shared(const struct counting *counting, const struct usage_record *record)
{
	struct snapshot_record snapshot;

	if (usage_has(counting->usage, &record->id))
		return true;
	if (snapshot_load(counting->store, &record->id, &snapshot, NULL) < 0)
		return false;
	return (object_id_is_zero(&snapshot.root.dir) ||
		usage_has(counting->usage, &snapshot.root.dir)) &&
	       (object_id_is_zero(&snapshot.parent) ||
		usage_has(counting->usage, &snapshot.parent));
}

static int count_states(struct counting *counting, size_t first, struct error *err)
{
	struct usage_report *report = counting->report;
	struct usage_record *states = report->items + first;
	size_t count = report->count - first;
	cleanup_with(usage_end) struct usage *leased = NULL;
	uint64_t bytes;
	int r = usage_begin(counting->store, &leased, err);

	if (r == 0)
		r = usage_count_leases(leased, &bytes, err);
	for (size_t i = 0; i < count && r == 0; i++) {
		states[i].shared = is_shared(counting, &states[i]);
		states[i].in_use = usage_has(leased, &states[i].id);
	}
	for (size_t i = 0; i < count && r == 0; i++)
		r = usage_count(counting->usage, &states[i].id, &states[i].size, err);
	if (r == 0)
		r = usage_count_leases(counting->usage, &report->held, err);
	return r;
}

static int add_states(struct counting *counting, struct error *err)
{
	struct usage_report *report = counting->report;
	struct step_list steps = { 0 };
	size_t first = report->count, end;
	int r = store_step_list(counting->store, &steps, err);

	if (r == 0 && steps.count > 1)
		qsort(steps.items, steps.count, sizeof *steps.items, by_snapshot);
	for (size_t i = 0; i < steps.count && r == 0; i = end) {
		for (end = i + 1; end < steps.count; end++) {
			if (by_snapshot(&steps.items[i], &steps.items[end]) != 0)
				break;
		}
		add_state(counting, &steps.items[i], end - i);
	}
	step_list_release(&steps);
	if (r == 0 && report->count - first > 1)
		qsort(report->items + first, report->count - first, sizeof *report->items, by_age);
	return r < 0 ? r : count_states(counting, first, err);
}

/* ---- files beside the objects ---- */

static int add_layers(struct counting *counting, struct error *err)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	int store_fd = store_dir_fd(counting->store);
	struct usage_record *record;
	int r = dir_list(store_fd, "layers", &names);

	if (r < 0)
		return r == -ENOENT ? 0 : error_errno(err, r, "cannot list the kept layers");
	record = add(counting, USAGE_LAYERS, "layers as they were exported");
	for (size_t i = 0; i < names.count; i++) {
		cleanup_free char *path = xasprintf("layers/%s", names.items[i]);
		struct stat facts;

		if (fstatat(store_fd, path, &facts, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		record->size += (uint64_t)facts.st_blocks * 512;
		if (facts.st_mtim.tv_sec > record->used_s)
			record->used_s = facts.st_mtim.tv_sec;
	}
	return 0;
}

static int add_journals(struct counting *counting, struct error *err)
{
	cleanup_with(output_log_list_release) struct output_log_list list = { 0 };
	struct usage_record *record;
	int r = output_log_list(counting->store, &list, err);

	if (r < 0 || list.count == 0)
		return r;
	record = add(counting, USAGE_JOURNAL, "logs of steps");
	for (size_t i = 0; i < list.count; i++)
		record->size += list.items[i].size;
	return 0;
}

/* ---- the whole ---- */

static void add_up(struct counting *counting)
{
	struct usage_report *report = counting->report;
	uint64_t objects = usage_total(counting->usage), counted = report->held, files = 0;

	for (size_t i = 0; i < report->count; i++) {
		const struct usage_record *record = &report->items[i];

		if (record->type == USAGE_LAYERS || record->type == USAGE_JOURNAL)
			files += record->size;
		else
			counted += record->size;
	}
	report->garbage = objects > counted ? objects - counted : 0;
	report->total = objects + files;
}

int usage_report_make(struct store *store, struct history *history, struct usage_report *ret,
		      struct error *err)
{
	cleanup_with(usage_end) struct usage *usage = NULL;
	struct counting counting = { .store = store, .report = ret };
	int r = history ? history_uses(history, &counting.uses, err) : 0;

	if (r == 0)
		r = usage_begin(store, &usage, err);
	counting.usage = usage;
	if (r == 0)
		r = add_refs(&counting, TAG_PREFIX, USAGE_IMAGE, err);
	if (r == 0)
		r = add_refs(&counting, "pin/", USAGE_PIN, err);
	if (r == 0)
		r = add_caches(&counting, err);
	if (r == 0)
		r = add_states(&counting, err);
	if (r == 0)
		r = add_dangling(&counting, err);
	if (r == 0)
		r = add_layers(&counting, err);
	if (r == 0)
		r = add_journals(&counting, err);
	if (r == 0)
		add_up(&counting);
	history_uses_release(&counting.uses);
	return r;
}

void usage_report_release(struct usage_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->items[i].name);
	free(report->items);
	*report = (struct usage_report){ 0 };
}

const char *usage_type_name(enum usage_type type)
{
	static const char *const names[USAGE_TYPE_COUNT] = {
		[USAGE_IMAGE] = "image",  [USAGE_PIN] = "pin",           [USAGE_CACHE] = "cache",
		[USAGE_STATE] = "state",  [USAGE_FAILED] = "failed",     [USAGE_LAYERS] = "layers",
		[USAGE_JOURNAL] = "logs", [USAGE_DANGLING] = "dangling",
	};

	return names[type];
}

bool usage_is_reclaimable(const struct usage_record *record)
{
	switch (record->type) {
	case USAGE_STATE:
	case USAGE_FAILED:
		return !record->shared && !record->in_use;
	case USAGE_DANGLING:
	case USAGE_LAYERS:
		return true;
	case USAGE_IMAGE:
	case USAGE_PIN:
	case USAGE_CACHE:
	case USAGE_JOURNAL:
	case USAGE_TYPE_COUNT:
		break;
	}
	return false;
}
