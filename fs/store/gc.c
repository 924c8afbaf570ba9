/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/store/gc/children.h"
#include "fs/store/gc/collect.h"
#include "fs/store/gc/doom.h"
#include "fs/store/gc/marker.h"
#include "fs/store/gc/plan.h"
#include "fs/store/gc/rewrite.h"
#include "fs/store/gc/roots.h"
#include "fs/store/lease.h"
#include "fs/store/pack/packer.h"
#include "fs/store/step_log.h"
#include "fs/store/store_internal.h"
#include "fs/store/sync.h"

/* Loose blobs are deleted for so long before transactions get their turn. */
#define BATCH_NS ((uint64_t)50 * 1000 * 1000)

/* When so much more came into use while we looked, look again instead of copying it under the lock. */
#define RESCUE_MAX ((uint64_t)16 << 20)
#define MAX_ROUNDS 3

struct collector {
	struct store *store;
	struct store_lease *lease; /* for unfinished packs */
	struct marker *marker;
	struct gc_plan plan;
	struct strings doomed; /* names of packs */
	struct gc_stats stats;
	size_t next_loose; /* of the marker's list, to be looked at for deletion */
};

static void release_collector(struct collector *collector)
{
	gc_plan_release(&collector->plan);
	marker_free(collector->marker);
	strings_release(&collector->doomed);
	store_lease_end(collector->lease);
}
DEFINE_CLEANUP_VALUE(struct collector, release_collector);

/* Marking */

static int mark(struct collector *collector, struct error *err)
{
	cleanup_with(root_list_release) struct root_list roots = { 0 };
	int r = roots_read(collector->store, &roots, NULL, err);

	if (r == 0)
		r = marker_mark_roots(collector->marker, &roots, err);
	return r;
}

static int look(struct collector *collector, struct error *err)
{
	struct pack_set *set;
	int r;

	gc_plan_release(&collector->plan);
	marker_free(collector->marker);
	collector->marker = NULL;
	strings_clear(&collector->doomed);
	r = marker_new(collector->store, &collector->marker, err);
	if (r < 0)
		return r;
	set = marker_packs(collector->marker);
	if (set->damaged.count > 0)
		return error_set(
			err, -EBADMSG,
			"pack '%s' is damaged; nothing is deleted: run 'varve fsck --repair'",
			set->damaged.items[0]);
	r = mark(collector, err);
	if (r < 0)
		return r;
	gc_plan_make(collector->marker, &collector->plan);
	for (size_t i = 0; i < collector->plan.count; i++) {
		if (collector->plan.items[i].doomed)
			strings_add(&collector->doomed, collector->plan.items[i].pack->name);
	}
	return 0;
}

/* Writing anew what is to stay of packs that go */

struct keep_context {
	const struct collector *collector;
	size_t item;
};

static bool keep_planned(void *context, const struct pack *pack, uint32_t position,
			 enum object_kind *kind)
{
	const struct keep_context *keep = context;

	(void)pack;
	return gc_plan_keeps(&keep->collector->plan, keep->collector->marker, keep->item, position,
			     kind);
}

static int finish_packs(struct collector *collector, struct packer *packer, struct error *err)
{
	int tmp_fd = store_lease_tmp_fd(collector->lease);
	struct packed packs[2];
	size_t count = 0;
	int r = packer_finish(packer, true, packs, &count, err);

	return r < 0 ? r : rewrite_publish(collector->store, tmp_fd, packs, count, err);
}

static int write_anew(struct collector *collector, struct error *err)
{
	cleanup_with(packer_free) struct packer *packer =
		packer_new(store_lease_tmp_fd(collector->lease), "new-");
	struct gc_plan *plan = &collector->plan;
	int r = 0;

	for (size_t i = 0; i < plan->count && r == 0; i++) {
		struct keep_context keep = { collector, i };

		if (plan->items[i].doomed && plan->items[i].live_count > 0)
			r = rewrite_pack(packer, collector->store->frames, plan->items[i].pack,
					 keep_planned, &keep, err);
	}
	if (r == 0 && packer_count(packer) > 0)
		r = finish_packs(collector, packer, err);
	return r;
}

/* Under the lock: saving what came into use since we looked and is only where nothing will be */

static bool is_doomed(const struct collector *collector, const struct pack *pack)
{
	return strings_contain(&collector->doomed, pack->name);
}

/* True and the place of an object that must be saved. */
static bool needs_rescue(const struct collector *collector, const struct object_id *id,
			 struct pack **ret_pack, struct pack_object *ret)
{
	const struct pack_set *set = marker_packs(collector->marker);
	bool walked = marker_is_walked(collector->marker, id), found = false;
	uint64_t size;

	for (size_t i = 0; i < set->count; i++) {
		struct pack_object object;
		uint32_t position;

		if (!pack_index_find(&set->packs[i]->index, id, &position) ||
		    !pack_index_object(&set->packs[i]->index, position, &object))
			continue;
		/* A piece of another blob needs the bytes themselves. */
		if (object.kind == OBJECT_EXTENTS && !walked)
			continue;
		if (!is_doomed(collector, set->packs[i]))
			return false;
		*ret_pack = set->packs[i];
		*ret = object;
		found = true;
	}
	return found && (walked || loose_find(collector->store->objects_fd, id, &size, NULL) <= 0);
}

static int rescue_one(struct collector *collector, struct packer *packer,
		      const struct object_id *id, uint64_t *total, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct pack_object object;
	enum object_kind kind;
	struct pack *pack;
	int r;

	if (packer_find(packer, id) || !needs_rescue(collector, id, &pack, &object))
		return 0;
	r = pack_read(pack, collector->store->frames, &object, &bytes, err);
	if (r < 0)
		return r;
	*total += bytes.length;
	kind = marker_is_walked(collector->marker, id) ? object.kind : OBJECT_BLOB;
	return packer_add(packer, kind, id, buf_string(&bytes), bytes.length, err);
}

/* 1 when all is safe, 0 when it is too much to do now. */
static int rescue(struct collector *collector, bool any_amount, struct error *err)
{
	cleanup_with(packer_free) struct packer *packer =
		packer_new(store_lease_tmp_fd(collector->lease), "rescue-");
	uint64_t total = 0;
	size_t count;
	const struct object_id *fresh = marker_fresh(collector->marker, &count);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		r = rescue_one(collector, packer, &fresh[i], &total, err);
		if (r == 0 && total > RESCUE_MAX && !any_amount)
			return 0;
	}
	if (r == 0 && packer_count(packer) > 0)
		r = finish_packs(collector, packer, err);
	return r < 0 ? r : 1;
}

static bool is_planned(const struct collector *collector, const struct pack *pack)
{
	for (size_t i = 0; i < collector->plan.count; i++) {
		if (collector->plan.items[i].pack == pack)
			return true;
	}
	return false;
}

/*
 * What came since we looked is not ours to delete, even if its name is gone again by now. But
 * then it must stay whole: somebody may find a state in there, and hold it.
 */
static int mark_newcomers(struct collector *collector, struct error *err)
{
	cleanup_with(pack_set_unref) struct pack_set *set =
		pack_set_ref(marker_packs(collector->marker));
	int r = 0;

	for (size_t i = 0; i < set->count && r >= 0; i++) {
		const struct pack_index *index = &set->packs[i]->index;

		if (is_planned(collector, set->packs[i]))
			continue;
		for (uint32_t j = 0; j < index->object_count && r >= 0; j++) {
			struct object_id id = pack_index_id(index, j);
			struct pack_object object;
			const char *lost;

			if (pack_index_object(index, j, &object) && kind_has_children(object.kind))
				r = marker_mark(collector->marker, &id, &lost, err);
		}
	}
	return r < 0 ? r : 0;
}

/* Under the lock, find out what is in use by now. */
static int mark_again(struct collector *collector, struct error *err)
{
	int r = marker_refresh(collector->marker, err);

	if (r == 0)
		r = mark(collector, err);
	if (r == 0)
		r = mark_newcomers(collector, err);
	return r;
}

/* Loose blobs: they refer to nothing, so they may go one by one. 1 when there are more, 0 at the end. */
static int delete_loose(struct collector *collector, struct error *err)
{
	uint64_t end = clock_monotonic_ns() + BATCH_NS;
	size_t count;
	const struct loose_item *items = marker_loose(collector->marker, &count);

	while (collector->next_loose < count) {
		const struct loose_item *item = &items[collector->next_loose];
		char path[LOOSE_PATH_SIZE];
		int r;

		if (clock_monotonic_ns() >= end)
			return 1;
		collector->next_loose++;
		if (marker_is_live(collector->marker, &item->id))
			continue;
		loose_path(&item->id, path);
		r = fault("gc.unlink");
		if (r == 0 && unlinkat(collector->store->objects_fd, path, 0) < 0)
			r = -errno;
		if (r < 0 && r != -ENOENT)
			return error_errno(err, r, "cannot delete 'objects/%s'", path);
		collector->stats.objects_deleted++;
		collector->stats.bytes_deleted += item->size;
	}
	return 0;
}

/* The first time under the lock: 1 done, 2 done and loose blobs are left, 0 look again. */
static int sweep_locked(struct collector *collector, bool last_round, struct error *err)
{
	int tmp_fd = store_lease_tmp_fd(collector->lease), r;

	marker_note_fresh(collector->marker);
	r = mark_again(collector, err);
	if (r == 0)
		r = rescue(collector, last_round, err);
	if (r <= 0)
		return r;
	if (collector->doomed.count > 0) {
		r = doom_carry_out(collector->store, tmp_fd, &collector->doomed, err);
		if (r < 0)
			return r;
	}
	r = delete_loose(collector, err);
	return r < 0 ? r : r + 1;
}

/* What is left of the loose ones, in turns with transactions. */
static int sweep_rest(struct collector *collector, struct error *err)
{
	int r = 1;

	while (r > 0) {
		struct store_lock lock;

		r = store_lock_exclusive(collector->store, true, &lock, err);
		if (r < 0)
			return r;
		r = mark_again(collector, err);
		if (r == 0)
			r = delete_loose(collector, err);
		store_lock_release(collector->store, &lock);
	}
	return r;
}

static bool nothing_to_do(const struct collector *collector)
{
	size_t count;
	const struct loose_item *loose = marker_loose(collector->marker, &count);

	for (size_t i = 0; i < count; i++) {
		if (!marker_is_live(collector->marker, &loose[i].id))
			return false;
	}
	return collector->doomed.count == 0;
}

static int sweep(struct collector *collector, bool last_round, struct error *err)
{
	struct store_lock lock;
	int r = 0;

	if (nothing_to_do(collector))
		return 1;
	if (collector->doomed.count > 0)
		r = doom_prepare(collector->store, store_lease_tmp_fd(collector->lease),
				 &collector->doomed, err);
	if (r == 0)
		r = store_lock_exclusive(collector->store, true, &lock, err);
	if (r < 0)
		return r;
	r = sweep_locked(collector, last_round, err);
	if (r > 0)
		(void)store_sync_trim_list(collector->store, NULL);
	store_lock_release(collector->store, &lock);
	if (r == 2)
		r = sweep_rest(collector, err);
	return r < 0 ? r : r != 0;
}

/* Statistics */

static void count_before(struct collector *collector)
{
	struct gc_stats *stats = &collector->stats;
	const struct gc_plan *plan = &collector->plan;
	size_t count;
	const struct loose_item *loose = marker_loose(collector->marker, &count);

	*stats = (struct gc_stats){ .packs_before = plan->count, .packs_after = plan->count };
	for (size_t i = 0; i < plan->count; i++) {
		const struct pack_plan *item = &plan->items[i];
		uint64_t total = item->pack->index.total_length;
		uint64_t share = item->pack->size;

		stats->objects_kept += item->live_count;
		if (item->doomed) {
			/* What the copy of the living will take is an estimate. */
			share = total ? (uint64_t)((double)item->pack->size *
						   (double)item->live_length / (double)total)
				      : 0;
			stats->objects_deleted += item->pack->index.object_count - item->live_count;
			stats->bytes_deleted += item->pack->size - share;
			stats->packs_after--;
		}
		stats->bytes_kept += share;
	}
	for (size_t i = 0; i < count; i++) {
		if (!marker_is_live(collector->marker, &loose[i].id))
			continue;
		stats->objects_kept++;
		stats->bytes_kept += loose[i].size;
	}
}

/* What a dry run says of loose blobs. */
static void count_dead_loose(struct collector *collector)
{
	size_t count;
	const struct loose_item *loose = marker_loose(collector->marker, &count);

	for (size_t i = 0; i < count; i++) {
		if (marker_is_live(collector->marker, &loose[i].id))
			continue;
		collector->stats.objects_deleted++;
		collector->stats.bytes_deleted += loose[i].size;
	}
}

static int count_packs(struct store *store, uint64_t *ret, struct error *err)
{
	cleanup_with(pack_set_unref) struct pack_set *set = NULL;
	int r = pack_list_refresh(store->packs, true, err);

	if (r >= 0)
		r = pack_list_get(store->packs, &set, err);
	if (r < 0)
		return r;
	*ret = set->count;
	return 0;
}

/* The whole */

/* Work that makes marking cheaper and what it finds firm. */
static int prepare(struct store *store, struct error *err)
{
	struct store_lock lock;
	struct stat st;
	int r = lease_clean(store, SIZE_MAX, SIZE_MAX, NULL, err);

	/* A name that a power cut brings back in its old value must not lead to what we deleted. */
	if (r == 0)
		r = store_sync_keep_list(store, err);
	if (r < 0 || fstatat(store->dir_fd, "steps.log", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_size == 0)
		return r;
	r = store_lock_exclusive(store, true, &lock, err);
	if (r < 0)
		return r;
	r = step_log_merge(store, NULL, NULL, err);
	store_lock_release(store, &lock);
	return r;
}

static int dry_run(struct store *store, struct gc_stats *ret, struct error *err)
{
	cleanup_with(release_collector) struct collector collector = { .store = store };
	int r = look(&collector, err);

	if (r < 0)
		return r;
	count_before(&collector);
	count_dead_loose(&collector);
	*ret = collector.stats;
	return 0;
}

int gc_collect(struct store *store, struct gc_stats *ret, struct error *err)
{
	cleanup_with(release_collector) struct collector collector = { .store = store };
	int r = doom_finish(store, err);

	if (r == 0)
		r = prepare(store, err);
	if (r == 0)
		r = store_lease_begin(store, &collector.lease, err);
	if (r < 0)
		return r;
	for (int round = 1; r == 0; round++) {
		r = look(&collector, err);
		if (r == 0) {
			count_before(&collector);
			collector.next_loose = 0;
			r = write_anew(&collector, err);
		}
		if (r == 0)
			r = sweep(&collector, round >= MAX_ROUNDS, err);
	}
	if (r > 0)
		r = gc_roll_up(store, err);
	if (r >= 0)
		r = count_packs(store, &collector.stats.packs_after, err);
	if (r < 0)
		return r;
	*ret = collector.stats;
	return 0;
}

int store_gc(struct store *store, const struct gc_options *options, struct gc_stats *ret,
	     struct error *err)
{
	cleanup_fd int collector_fd = -1;
	int r;

	if (options->dry_run)
		return dry_run(store, ret, err);
	if (store->read_only)
		return error_set(err, -EROFS, "the store '%s' is open for reading only",
				 store->path);
	r = store_lock_collector(store, false, &collector_fd, err);
	if (r == 0)
		r = gc_collect(store, ret, err);
	return store_write_failed(store, err, r);
}
