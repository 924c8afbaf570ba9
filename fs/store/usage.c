/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/usage.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/object/id_set.h"
#include "fs/store/gc/marker.h"
#include "fs/store/lease.h"
#include "fs/store/pack/list.h"
#include "fs/store/store_internal.h"

struct usage {
	struct store *store;
	struct marker *marker;
	struct id_set counted; /* an object can be new to the marker twice, in two roles */
};

int usage_begin(struct store *store, struct usage **ret, struct error *err)
{
	cleanup_with(usage_end) struct usage *usage = xcalloc(1, sizeof *usage);
	int r;

	usage->store = store;
	r = marker_new(store, &usage->marker, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&usage);
	return 0;
}

void usage_end(struct usage *usage)
{
	if (!usage)
		return;
	marker_free(usage->marker);
	id_set_release(&usage->counted);
	free(usage);
}

static int compare_loose(const void *a, const void *b)
{
	const struct loose_item *left = a, *right = b;

	return object_id_compare(&left->id, &right->id);
}

/* Objects share frames: one takes its part of the whole pack. */
static uint64_t packed_size(const struct pack *pack, uint64_t length)
{
	uint64_t total = pack->index.total_length;

	return total ? (uint64_t)((double)pack->size * (double)length / (double)total) : 0;
}

static uint64_t size_of(const struct usage *usage, const struct object_id *id)
{
	struct loose_item key = { .id = *id };
	struct pack_object object;
	const struct loose_item *loose;
	struct pack *pack;
	uint32_t position;
	size_t count;

	loose = marker_loose(usage->marker, &count);
	if (count)
		loose = bsearch(&key, loose, count, sizeof *loose, compare_loose);
	if (count && loose)
		return loose->size;
	if (!pack_set_find(marker_packs(usage->marker), id, &pack, &position) ||
	    !pack_index_object(&pack->index, position, &object))
		return 0;
	return packed_size(pack, object.length);
}

int usage_count(struct usage *usage, const struct object_id *id, uint64_t *ret_bytes,
		struct error *err)
{
	const struct object_id *fresh;
	const char *lost;
	size_t count;
	int r;

	marker_note_fresh(usage->marker);
	r = marker_mark(usage->marker, id, &lost, err);
	if (r < 0)
		return r;
	fresh = marker_fresh(usage->marker, &count);
	*ret_bytes = 0;
	for (size_t i = 0; i < count; i++) {
		if (id_set_add(&usage->counted, &fresh[i]))
			*ret_bytes += size_of(usage, &fresh[i]);
	}
	return 0;
}

int usage_count_leases(struct usage *usage, uint64_t *ret_bytes, struct error *err)
{
	struct id_list ids = { 0 };
	int r = lease_read_all(usage->store, &ids, err);

	*ret_bytes = 0;
	for (size_t i = 0; i < ids.count && r == 0; i++) {
		uint64_t bytes;

		r = usage_count(usage, &ids.items[i], &bytes, err);
		if (r == 0)
			*ret_bytes += bytes;
	}
	id_list_release(&ids);
	return r;
}

bool usage_has(const struct usage *usage, const struct object_id *id)
{
	return marker_is_live(usage->marker, id);
}

uint64_t usage_total(const struct usage *usage)
{
	const struct pack_set *set = marker_packs(usage->marker);
	const struct loose_item *loose;
	uint64_t total = 0;
	size_t count;

	for (size_t i = 0; i < set->count; i++)
		total += set->packs[i]->size;
	loose = marker_loose(usage->marker, &count);
	for (size_t i = 0; i < count; i++)
		total += loose[i].size;
	return total;
}
