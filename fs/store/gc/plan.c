/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/plan.h"

#include "fs/base/alloc.h"
#include "fs/store/gc/children.h"
#include "fs/store/gc/marker.h"
#include "fs/store/pack/list.h"

/* A pack with less than this share of live bytes is written anew. */
#define LIVE_PERCENT_MIN 60

static int compare_size(const void *a, const void *b)
{
	const struct pack_plan *left = a, *right = b;

	if (left->pack->size != right->pack->size)
		return left->pack->size > right->pack->size ? -1 : 1;
	return strcmp(left->pack->name, right->pack->name);
}

/* Whether a larger pack has the same object in the same form. */
static bool is_elsewhere(const struct gc_plan *plan, size_t item, const struct object_id *id,
			 enum object_kind kind)
{
	struct pack_object object;
	uint32_t position;

	for (size_t i = 0; i < item; i++) {
		const struct pack_index *index = &plan->items[i].pack->index;

		if (pack_index_find(index, id, &position) &&
		    pack_index_object(index, position, &object) && object.kind == kind)
			return true;
	}
	return false;
}

bool gc_plan_keeps(const struct gc_plan *plan, const struct marker *marker, size_t item,
		   uint32_t position, enum object_kind *kind)
{
	const struct pack_index *index = &plan->items[item].pack->index;
	struct object_id id = pack_index_id(index, position);
	bool walked;

	if (!marker_is_live(marker, &id))
		return false;
	walked = marker_is_walked(marker, &id);
	if (*kind == OBJECT_EXTENTS && !walked)
		return false; /* there is a plain copy, which is in use */
	/* The loose copy serves those who read it as a file. */
	if (!walked && marker_is_loose(marker, &id))
		return false;
	if (is_elsewhere(plan, item, &id, *kind))
		return false;
	/* Only read as a file: as anything else it might refer to what is gone. */
	if (!walked && kind_has_children(*kind))
		*kind = OBJECT_BLOB;
	return true;
}

static void examine(struct gc_plan *plan, const struct marker *marker, size_t item)
{
	struct pack_plan *at = &plan->items[item];
	const struct pack_index *index = &at->pack->index;

	for (uint32_t i = 0; i < index->object_count; i++) {
		struct object_id id = pack_index_id(index, i);
		struct pack_object object;
		enum object_kind kind;

		if (!pack_index_object(index, i, &object))
			continue;
		if (kind_has_children(object.kind) && !marker_is_walked(marker, &id))
			at->dead_walkable++;
		kind = object.kind;
		if (gc_plan_keeps(plan, marker, item, i, &kind)) {
			at->live_count++;
			at->live_length += object.length;
		}
	}
	at->doomed = at->live_count == 0 || at->dead_walkable > 0 ||
		     at->live_length * 100 < index->total_length * LIVE_PERCENT_MIN;
}

void gc_plan_make(const struct marker *marker, struct gc_plan *ret)
{
	const struct pack_set *set = marker_packs(marker);

	ret->items = xcalloc(set->count, sizeof *ret->items);
	ret->count = set->count;
	for (size_t i = 0; i < set->count; i++)
		ret->items[i].pack = pack_ref(set->packs[i]);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_size);
	for (size_t i = 0; i < ret->count; i++)
		examine(ret, marker, i);
}

void gc_plan_release(struct gc_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		pack_unref(plan->items[i].pack);
	free(plan->items);
	*plan = (struct gc_plan){ 0 };
}
