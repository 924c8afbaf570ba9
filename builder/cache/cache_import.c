/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_import.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "builder/cache/cache_place.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "fs/store/transfer.h"

struct source {
	struct store *store;
	char *tag;
	struct transfer transfer; /* guarded by lock */
	bool complained;          /* guarded by lock */
};

struct cache_import {
	pthread_mutex_t lock; /* one state after another: they share most of their files */
	struct source *sources;
	size_t count;
};

struct cache_import *cache_import_open(const struct cache_places *places, int cancel_fd,
				       struct strings *warnings)
{
	struct cache_import *import = xcalloc(1, sizeof *import);

	pthread_mutex_init(&import->lock, NULL);
	import->sources = xcalloc(places->count + 1, sizeof *import->sources);
	for (size_t i = 0; i < places->count; i++) {
		const struct cache_place *place = &places->items[i];
		struct source *source = &import->sources[import->count];
		struct error err = { 0 };

		if (store_open(place->path, STORE_READ_ONLY, &source->store, &err) < 0) {
			strings_add_format(warnings, "cache '%s' is not used: %s", place->path,
					   err.text);
			continue;
		}
		source->tag = place->tag ? xstrdup(place->tag) : NULL;
		source->transfer =
			(struct transfer){ .from = source->store, .cancel_fd = cancel_fd };
		import->count++;
	}
	return import;
}

void cache_import_close(struct cache_import *import)
{
	if (!import)
		return;
	for (size_t i = 0; i < import->count; i++) {
		transfer_release(&import->sources[i].transfer);
		store_close(import->sources[i].store);
		free(import->sources[i].tag);
	}
	free(import->sources);
	pthread_mutex_destroy(&import->lock);
	free(import);
}

/* With the lock held. */
static int fetch(struct source *source, struct store *store, struct store_lease *lease,
		 const struct step_record *record, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	int r = store_txn_begin(store, lease, &txn, err);

	if (r < 0)
		return r;
	r = transfer_object(&source->transfer, txn, &record->snapshot, err);
	if (r == 0) {
		store_txn_add_step(txn, record);
		r = store_txn_commit(txn, err);
	}
	if (r < 0)
		transfer_forget(&source->transfer);
	return r;
}

static bool is_usable(const struct step_record *record)
{
	return !(record->flags & (STEP_FAILED | STEP_SECRET | STEP_TRACE));
}

static int try_source(struct cache_import *import, struct source *source, struct store *store,
		      struct store_lease *lease, const struct object_id *key,
		      struct step_record *ret, char **ret_problem)
{
	struct object_id there = cache_place_key(source->tag, key);
	struct step_record record;
	struct error err = { 0 };
	int r = store_step_find(source->store, &there, &record, &err);

	if (r > 0 && !is_usable(&record))
		r = 0;
	if (r == 0)
		return 0;
	pthread_mutex_lock(&import->lock);
	if (r > 0) {
		record.key = *key;
		r = fetch(source, store, lease, &record, &err);
	}
	if (r < 0 && r != -ECANCELED && !source->complained) {
		source->complained = true;
		free(*ret_problem);
		*ret_problem = xasprintf("cache '%s' is of no use for a step: %s",
					 store_path(source->store), err.text);
	}
	pthread_mutex_unlock(&import->lock);
	if (r < 0)
		return r == -ECANCELED ? r : 0;
	*ret = record;
	return 1;
}

int cache_import_find(struct cache_import *import, struct store *store, struct store_lease *lease,
		      const struct object_id *key, struct step_record *ret, char **ret_problem,
		      struct error *err)
{
	for (size_t i = 0; i < import->count; i++) {
		int r = try_source(import, &import->sources[i], store, lease, key, ret,
				   ret_problem);

		if (r < 0)
			return error_set(err, r, "cancelled");
		if (r > 0)
			return 1;
	}
	return 0;
}
