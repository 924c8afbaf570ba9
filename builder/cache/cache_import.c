/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_import.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "builder/cache/cache_inline.h"
#include "builder/cache/cache_place.h"
#include "builder/cache/cache_remote.h"
#include "builder/image/reference.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"
#include "fs/store/transfer.h"

struct source {
	char *name; /* for messages */
	char *tag;
	struct store *store; /* of a directory; else one of the others is there */
	/* Guarded by lock, but for looking for steps. */
	struct cache_remote *remote;
	struct cache_inline *image;
	struct transfer transfer; /* guarded by lock */
	bool complained;          /* guarded by lock */
};

struct cache_import {
	pthread_mutex_t lock; /* one state after another: they share most of their files */
	struct registries *registries;
	const struct platform *platforms;
	size_t platform_count;
	int cancel_fd;
	struct source *sources;
	size_t count, capacity;
};

struct cache_import *cache_import_new(struct registries *registries,
				      const struct platform *platforms, size_t platform_count,
				      int cancel_fd)
{
	struct cache_import *import = xcalloc(1, sizeof *import);

	pthread_mutex_init(&import->lock, NULL);
	import->registries = registries;
	import->platforms = platforms;
	import->platform_count = platform_count;
	import->cancel_fd = cancel_fd;
	return import;
}

/* What the name stands for tells which of both it is. */
static int open_fetched(const struct cache_import *import, struct repository **repository,
			const char *name, struct source *source, struct error *err)
{
	cleanup_with(descriptor_release) struct descriptor top = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	struct cache_inline_options options = { .top = &top,
						.text = &text,
						.platforms = import->platforms,
						.platform_count = import->platform_count };
	int r = repository_manifest(*repository, name, &top, &text, err);

	if (r < 0)
		return r;
	if (!cache_is_image(text.data, text.length))
		return cache_remote_open(take_ptr(repository), &text, import->cancel_fd,
					 &source->remote, err);
	options.repository = take_ptr(repository);
	return cache_inline_open(&options, &source->image, err);
}

static int open_registry(const struct cache_import *import, const struct cache_place *place,
			 struct source *source, struct error *err)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	cleanup_with(repository_free) struct repository *repository = NULL;
	int r = reference_parse(place->path, &reference, err);

	if (r < 0)
		return r;
	reference_complete(&reference);
	repository = repository_new(import->registries, reference.domain, reference.path,
				    place->insecure ? REPOSITORY_INSECURE : 0);
	repository_set_cancel_fd(repository, import->cancel_fd);
	return open_fetched(import, &repository,
			    reference.has_digest ? digest_text(&reference.digest).text
						 : reference.tag,
			    source, err);
}

int cache_import_open(struct cache_import *import, const struct cache_place *place,
		      struct error *err)
{
	struct source source = { .transfer.cancel_fd = import->cancel_fd };
	int r;

	if (place->type == CACHE_REGISTRY)
		r = open_registry(import, place, &source, err);
	else
		r = store_open(place->path, STORE_READ_ONLY, &source.store, err);
	if (r < 0)
		return r;
	source.name = xstrdup(place->path);
	source.tag = place->tag ? xstrdup(place->tag) : NULL;
	source.transfer.from = source.store;
	array_reserve_one(import->sources, import->count, import->capacity);
	import->sources[import->count++] = source;
	return 0;
}

void cache_import_close(struct cache_import *import)
{
	if (!import)
		return;
	for (size_t i = 0; i < import->count; i++) {
		transfer_release(&import->sources[i].transfer);
		store_close(import->sources[i].store);
		cache_remote_close(import->sources[i].remote);
		cache_inline_close(import->sources[i].image);
		free(import->sources[i].name);
		free(import->sources[i].tag);
	}
	free(import->sources);
	pthread_mutex_destroy(&import->lock);
	free(import);
}

/* ---- a state comes into the store; with the lock held ---- */

/* With all that it refers to, or not at all. */
static int record(struct source *source, struct store *store, struct store_lease *lease,
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

/*
 * The step's own bundle most often has all that is not here: the state that it began with is. If
 * not, those that it needs follow, until nothing is missing any more.
 */
static int fetch_remote(struct source *source, struct store *store, struct store_lease *lease,
			const struct step_record *step, size_t group, struct error *err)
{
	struct positions order = { 0 };
	bool own = false;
	int r = -ENOENT;

	source->transfer.from = store;
	cache_remote_order(source->remote, group, &order);
	for (size_t i = 0; i < order.count && r == -ENOENT; i++) {
		int fresh = cache_remote_take(source->remote, order.items[i], store, lease, err);

		if (i == 0)
			own = fresh >= 0;
		if (fresh < 0) {
			r = fresh;
			continue;
		}
		if (!own && fresh) {
			r = cache_remote_take(source->remote, group, store, lease, err);
			own = r >= 0;
			if (!own)
				continue;
		}
		/* Nothing has come since it was looked at. */
		r = own && (fresh || i == 0) ? record(source, store, lease, step, err) : -ENOENT;
	}
	free(order.items);
	return r;
}

static int fetch(struct source *source, const struct cache_wanted *wanted, struct step_record *step,
		 size_t group, struct error *err)
{
	if (source->image)
		return cache_inline_take(source->image, wanted->key, wanted->store, wanted->lease,
					 wanted->config, step, err);
	return source->remote ? fetch_remote(source, wanted->store, wanted->lease, step, group, err)
			      : record(source, wanted->store, wanted->lease, step, err);
}

/* ---- steps ---- */

static bool is_usable(const struct step_record *record)
{
	return !(record->flags & (STEP_FAILED | STEP_SECRET | STEP_TRACE));
}

/* 1, *ret and where its state is, or 0. */
static int find(const struct source *source, const struct object_id *key, struct step_record *ret,
		size_t *ret_group, struct error *err)
{
	struct object_id there = cache_place_key(source->tag, key);
	int r;

	*ret_group = 0;
	if (source->image)
		return cache_inline_find(source->image, key);
	if (source->remote)
		return cache_remote_find(source->remote, key, ret, ret_group);
	r = store_step_find(source->store, &there, ret, err);
	return r > 0 && !is_usable(ret) ? 0 : r;
}

static int try_source(struct cache_import *import, struct source *source,
		      const struct cache_wanted *wanted, struct step_record *ret,
		      char **ret_problem)
{
	struct step_record step;
	struct error err = { 0 };
	size_t group;
	int r = find(source, wanted->key, &step, &group, &err);

	if (r == 0)
		return 0;
	pthread_mutex_lock(&import->lock);
	if (r > 0) {
		step.key = *wanted->key;
		r = fetch(source, wanted, &step, group, &err);
	}
	if (r < 0 && r != -ECANCELED && !source->complained) {
		source->complained = true;
		free(*ret_problem);
		*ret_problem =
			xasprintf("cache '%s' is of no use for a step: %s", source->name, err.text);
	}
	pthread_mutex_unlock(&import->lock);
	if (r < 0)
		return r == -ECANCELED ? r : 0;
	*ret = step;
	return 1;
}

int cache_import_find(struct cache_import *import, const struct cache_wanted *wanted,
		      struct step_record *ret, char **ret_problem, struct error *err)
{
	for (size_t i = 0; i < import->count; i++) {
		int r = try_source(import, &import->sources[i], wanted, ret, ret_problem);

		if (r < 0)
			return error_set(err, r, "cancelled");
		if (r > 0)
			return 1;
	}
	return 0;
}
