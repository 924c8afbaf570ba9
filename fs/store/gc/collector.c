/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/collector.h"

#include <errno.h>

#include "fs/base/error.h"
#include "fs/store/gc/children.h"
#include "fs/store/gc/marker.h"
#include "fs/store/gc/rewrite.h"
#include "fs/store/gc/roots.h"
#include "fs/store/pack/packer.h"
#include "fs/store/store_internal.h"

void collector_release(struct collector *collector)
{
	gc_plan_release(&collector->plan);
	marker_free(collector->marker);
	strings_release(&collector->doomed);
	store_lease_end(collector->lease);
}

static int mark(struct collector *collector, struct error *err)
{
	cleanup_with(root_list_release) struct root_list roots = { 0 };
	int r = roots_read(collector->store, &roots, NULL, err);

	if (r == 0)
		r = marker_mark_roots(collector->marker, &roots, err);
	return r;
}

int collector_look(struct collector *collector, struct error *err)
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

int collector_publish(struct collector *collector, struct packer *packer, struct error *err)
{
	int tmp_fd = store_lease_tmp_fd(collector->lease);
	struct packed packs[2];
	size_t count = 0;
	int r = packer_finish(packer, true, packs, &count, err);

	return r < 0 ? r : rewrite_publish(collector->store, tmp_fd, packs, count, err);
}

int collector_write_anew(struct collector *collector, struct error *err)
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
		r = collector_publish(collector, packer, err);
	return r;
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

int collector_mark_again(struct collector *collector, struct error *err)
{
	int r = marker_refresh(collector->marker, err);

	if (r == 0)
		r = mark(collector, err);
	if (r == 0)
		r = mark_newcomers(collector, err);
	return r;
}
