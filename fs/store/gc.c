/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/store/gc/collect.h"
#include "fs/store/gc/collector.h"
#include "fs/store/gc/doom.h"
#include "fs/store/gc/marker.h"
#include "fs/store/lease.h"
#include "fs/store/step_log.h"
#include "fs/store/store_internal.h"
#include "fs/store/sync.h"

/* How often to look again because much came into use meanwhile. */
#define MAX_ROUNDS 3

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
	cleanup_with(collector_release) struct collector collector = { .store = store };
	int r = collector_look(&collector, err);

	if (r < 0)
		return r;
	count_before(&collector);
	count_dead_loose(&collector);
	*ret = collector.stats;
	return 0;
}

int gc_collect(struct store *store, struct gc_stats *ret, struct error *err)
{
	cleanup_with(collector_release) struct collector collector = { .store = store };
	int r = doom_finish(store, err);

	if (r == 0)
		r = prepare(store, err);
	if (r == 0)
		r = store_lease_begin(store, &collector.lease, err);
	if (r < 0)
		return r;
	for (int round = 1; r == 0; round++) {
		r = collector_look(&collector, err);
		if (r == 0) {
			count_before(&collector);
			collector.next_loose = 0;
			r = collector_write_anew(&collector, err);
		}
		if (r == 0)
			r = collector_sweep(&collector, round >= MAX_ROUNDS, err);
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
