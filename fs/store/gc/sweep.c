/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a collection that keeps others waiting. */
#include <errno.h>

#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/store/gc/collector.h"
#include "fs/store/gc/doom.h"
#include "fs/store/gc/marker.h"
#include "fs/store/pack/packer.h"
#include "fs/store/store_internal.h"
#include "fs/store/sync.h"

/* Loose blobs are deleted for so long before transactions get their turn. */
#define BATCH_NS ((uint64_t)50 * 1000 * 1000)

/* When so much more came into use while we looked, look again instead of copying it under the lock. */
#define RESCUE_MAX ((uint64_t)16 << 20)

/* Under the lock: saving what came into use since we looked and is only where nothing will be */

static bool is_doomed(const struct collector *collector, const struct pack *pack)
{
	return strings_contain(&collector->doomed, pack->name);
}

/* Where copies of an object are. */
struct copies {
	bool safe, safe_pieced; /* in packs that stay: the bytes, or a list of extents */
	struct pack *doomed, *doomed_pieced;
	struct pack_object object, object_pieced;
};

static struct copies find_copies(const struct collector *collector, const struct object_id *id)
{
	const struct pack_set *set = marker_packs(collector->marker);
	struct copies copies = { 0 };

	for (size_t i = 0; i < set->count; i++) {
		struct pack *pack = set->packs[i];
		struct pack_object object;
		uint32_t position;
		bool pieced;

		if (!pack_index_find(&pack->index, id, &position) ||
		    !pack_index_object(&pack->index, position, &object))
			continue;
		pieced = object.kind == OBJECT_EXTENTS;
		if (!is_doomed(collector, pack)) {
			*(pieced ? &copies.safe_pieced : &copies.safe) = true;
			continue;
		}
		*(pieced ? &copies.doomed_pieced : &copies.doomed) = pack;
		*(pieced ? &copies.object_pieced : &copies.object) = object;
	}
	return copies;
}

/* True and the place of a copy that must be saved. */
static bool needs_rescue(const struct collector *collector, const struct object_id *id,
			 struct pack **ret_pack, struct pack_object *ret)
{
	struct copies copies = find_copies(collector, id);
	bool walked = marker_is_walked(collector->marker, id);
	uint64_t size;
	bool loose;

	if (copies.safe || (!copies.doomed && !copies.doomed_pieced))
		return false;
	loose = loose_find(collector->store->objects_fd, id, &size, NULL) > 0;
	if (copies.doomed) {
		*ret_pack = copies.doomed;
		*ret = copies.object;
		return walked || !loose;
	}
	*ret_pack = copies.doomed_pieced;
	*ret = copies.object_pieced;
	return walked && !copies.safe_pieced && !loose;
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
		r = collector_publish(collector, packer, err);
	return r < 0 ? r : 1;
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

		if (clock_monotonic_ns() >= end || fault("gc.turn") < 0)
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
	r = collector_mark_again(collector, err);
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
		r = collector_mark_again(collector, err);
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

int collector_sweep(struct collector *collector, bool last_round, struct error *err)
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
	if (r < 2)
		return r;
	r = sweep_rest(collector, err);
	return r < 0 ? r : 1;
}
