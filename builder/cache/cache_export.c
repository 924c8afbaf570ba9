/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_export.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/cache/cache_internal.h"
#include "builder/cache/cache_place.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/gc.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "fs/store/transfer.h"

struct exporting {
	const struct cache_export *export;
	const struct cache_place *place;
	struct store *into;
	struct step_list steps; /* as they are called there */
};

int cache_steps_choose(const struct cache_export *export, const char *tag, struct step_list *ret,
		       struct error *err)
{
	struct step_list all = { 0 };
	struct id_set wanted = { 0 };
	int r = store_step_list(export->store, &all, err);

	for (size_t i = 0; i < export->count; i++)
		(void)id_set_add(&wanted, &export->snapshots[i]);
	for (size_t i = 0; i < all.count && r == 0; i++) {
		const struct step_record *record = &all.items[i];

		if (record->flags & (STEP_FAILED | STEP_SECRET | STEP_TRACE) ||
		    !id_set_contains(&wanted, &record->snapshot))
			continue;
		array_reserve_one(ret->items, ret->count, ret->capacity);
		ret->items[ret->count] = *record;
		ret->items[ret->count++].key = cache_place_key(tag, &record->key);
	}
	step_list_release(&all);
	id_set_release(&wanted);
	return r;
}

/* A step that is there with the same state is not recorded again: the list would only grow. */
static int add_step(struct store *into, struct store_txn *txn, const struct step_record *record,
		    struct error *err)
{
	struct step_record there;
	int r = store_step_find(into, &record->key, &there, err);

	if (r == 0 || (r > 0 && !object_id_equal(&there.snapshot, &record->snapshot)))
		store_txn_add_step(txn, record);
	return r < 0 ? r : 0;
}

static int write_steps(struct exporting *exporting, struct store_lease *lease,
		       struct cache_exported *ret, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct transfer transfer = { .from = exporting->export->store,
				     .cancel_fd = exporting->export->cancel_fd };
	int r = store_txn_begin(exporting->into, lease, &txn, err);

	for (size_t i = 0; i < exporting->steps.count && r == 0; i++) {
		r = transfer_object(&transfer, txn, &exporting->steps.items[i].snapshot, err);
		if (r == 0)
			r = add_step(exporting->into, txn, &exporting->steps.items[i], err);
	}
	if (r == 0)
		r = store_txn_commit(txn, err);
	ret->objects = transfer.objects;
	ret->steps = exporting->steps.count;
	transfer_release(&transfer);
	return r < 0 ? r : store_sync(exporting->into, err);
}

/* Forget what this build has not given, and what that needed. */
static int drop_others(struct exporting *exporting, struct error *err)
{
	struct step_list there = { 0 };
	struct id_set given = { 0 };
	struct gc_stats stats;
	cleanup_free struct object_id *keys = NULL;
	size_t count = 0;
	int r = store_step_list(exporting->into, &there, err);

	for (size_t i = 0; i < exporting->steps.count; i++)
		(void)id_set_add(&given, &exporting->steps.items[i].key);
	keys = xcalloc(there.count + 1, sizeof *keys);
	for (size_t i = 0; i < there.count; i++) {
		if (!id_set_contains(&given, &there.items[i].key))
			keys[count++] = there.items[i].key;
	}
	if (r == 0 && count)
		r = store_step_remove(exporting->into, keys, count, err);
	if (r == 0)
		r = store_gc(exporting->into, &(struct gc_options){ 0 }, &stats, err);
	step_list_release(&there);
	id_set_release(&given);
	/* Somebody else is at it. */
	return r == -EWOULDBLOCK ? 0 : r;
}

static int write_to(struct exporting *exporting, struct cache_exported *ret, struct error *err)
{
	cleanup_with(store_lease_end) struct store_lease *lease = NULL;
	int r = store_lease_begin(exporting->into, &lease, err);

	if (r == 0)
		r = write_steps(exporting, lease, ret, err);
	if (r == 0 && exporting->place->reset)
		r = drop_others(exporting, err);
	else if (r == 0)
		(void)store_pack_rollup(exporting->into, NULL);
	return r;
}

static int write_directory(const struct cache_export *export, const struct cache_place *place,
			   struct cache_exported *ret, struct error *err)
{
	cleanup_with(store_close) struct store *into = NULL;
	struct exporting exporting = { .export = export, .place = place };
	int r = dir_make_all(place->path, 0777);

	if (r < 0)
		return error_errno(err, r, "cannot make the directory '%s'", place->path);
	r = store_open(place->path, STORE_CREATE, &into, err);
	if (r == 0) {
		exporting.into = into;
		r = cache_steps_choose(export, place->tag, &exporting.steps, err);
	}
	if (r == 0)
		r = write_to(&exporting, ret, err);
	step_list_release(&exporting.steps);
	return r;
}

int cache_export(const struct cache_export *export, const struct cache_place *place,
		 struct cache_exported *ret, struct error *err)
{
	int r = place->type == CACHE_REGISTRY ? cache_upload(export, place, ret, err)
					      : write_directory(export, place, ret, err);

	return r < 0 && r != -ECANCELED ? error_prefix(err, r, "cache '%s'", place->path) : r;
}
