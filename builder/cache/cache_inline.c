/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_inline.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/image/config.h"
#include "builder/image/config_steps.h"
#include "builder/image/json.h"
#include "builder/image/layer/chain.h"
#include "builder/image/load.h"
#include "builder/image/manifest.h"
#include "builder/registry/downloads.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"

#define NS_PER_S 1000000000

/* One image for one platform. */
struct layered {
	struct descriptor top;
	struct buf text; /* its manifest */
	struct manifest manifest;
	struct config config;
	struct config_steps steps;
	size_t broken; /* that many layers, and more, could not be had; 0: nothing known */
};

struct cache_inline {
	struct repository *repository;
	struct layered *images;
	size_t count, capacity;
	bool gone; /* nobody answers any more */
};

/* ---- documents ---- */

static int fetch_config(struct repository *repository, const struct descriptor *blob,
			struct buf *ret, struct error *err)
{
	cleanup_fd int fd = -1;
	int r;

	if (blob->size > JSON_DOCUMENT_MAX)
		return error_set(err, -E2BIG, "its configuration has more than %zu bytes",
				 JSON_DOCUMENT_MAX);
	fd = memfd_create("image-config", MFD_CLOEXEC);
	r = fd < 0 ? error_errno(err, -errno, "cannot keep a document")
		   : repository_get_blob(repository, blob, fd, NULL, err);
	if (r < 0)
		return r;
	r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_read_to_end(fd, JSON_DOCUMENT_MAX, ret);
	return r < 0 ? error_errno(err, r, "cannot keep a document") : 0;
}

/* 1, or 0 when it says nothing of steps. */
static int read_image(struct repository *repository, struct layered *image, struct error *err)
{
	cleanup_with(buf_release) struct buf document = { 0 };
	static const char name[] = "its configuration";
	int r = manifest_parse(image->text.data, image->text.length, "its manifest",
			       &image->manifest, err);

	if (r == 0)
		r = fetch_config(repository, &image->manifest.config, &document, err);
	if (r == 0)
		r = config_parse(document.data, document.length, name, &image->config, err);
	if (r < 0)
		return r;
	if (image->config.diff_id_count != image->manifest.layer_count)
		return error_set(err, -EINVAL, "it has %zu layers, its configuration %zu",
				 image->manifest.layer_count, image->config.diff_id_count);
	return config_steps_parse(document.data, document.length, name, image->manifest.layer_count,
				  &image->steps, err);
}

static struct layered *add_image(struct cache_inline *cache, const struct descriptor *top)
{
	struct layered *image;

	array_reserve_one(cache->images, cache->count, cache->capacity);
	image = &cache->images[cache->count++];
	*image = (struct layered){ 0 };
	descriptor_copy(&image->top, top);
	return image;
}

static bool is_there(const struct cache_inline *cache, const struct object_id *digest)
{
	for (size_t i = 0; i < cache->count; i++) {
		if (object_id_equal(&cache->images[i].top.digest, digest))
			return true;
	}
	return false;
}

/* Those of the index that would run on the platforms. 1: one of them has steps. */
static int open_index(struct cache_inline *cache, const struct cache_inline_options *options,
		      struct error *err)
{
	cleanup_with(image_index_release) struct image_index index = { 0 };
	int any = 0, r = image_index_parse(options->text->data, options->text->length, "its index",
					   &index, err);

	for (size_t i = 0; i < options->platform_count && r >= 0; i++) {
		const struct descriptor *item = image_index_choose(&index, &options->platforms[i]);
		cleanup_with(descriptor_release) struct descriptor top = { 0 };
		struct layered *image;

		if (!item || is_there(cache, &item->digest))
			continue;
		image = add_image(cache, item);
		r = repository_manifest(cache->repository, digest_text(&item->digest).text, &top,
					&image->text, err);
		if (r == 0)
			r = read_image(cache->repository, image, err);
		any |= r > 0;
	}
	if (r >= 0 && !cache->count) {
		cleanup_free char *there = image_index_platforms(&index);

		return error_set(err, -ENOENT, "it has no image for the platform; there are: %s",
				 there);
	}
	return r < 0 ? r : any;
}

static int open_documents(struct cache_inline *cache, const struct cache_inline_options *options,
			  struct error *err)
{
	struct layered *image;
	int r;

	if (media_kind(options->top->media_type) == MEDIA_INDEX) {
		r = open_index(cache, options, err);
	} else {
		image = add_image(cache, options->top);
		buf_append(&image->text, options->text->data, options->text->length);
		r = read_image(cache->repository, image, err);
	}
	if (r == 0)
		return error_set(err, -ENODATA,
				 "it is an image that does not say which steps its layers are of; "
				 "with --cache-to type=inline it would");
	return r < 0 ? r : 0;
}

int cache_inline_open(const struct cache_inline_options *options, struct cache_inline **ret,
		      struct error *err)
{
	struct cache_inline *cache = xcalloc(1, sizeof *cache);
	int r;

	cache->repository = options->repository;
	r = open_documents(cache, options, err);
	if (r < 0)
		cache_inline_close(cache);
	else
		*ret = cache;
	return r;
}

void cache_inline_close(struct cache_inline *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->count; i++) {
		struct layered *image = &cache->images[i];

		descriptor_release(&image->top);
		buf_release(&image->text);
		manifest_release(&image->manifest);
		config_release(&image->config);
		config_steps_release(&image->steps);
	}
	free(cache->images);
	repository_free(cache->repository);
	free(cache);
}

/* ---- steps ---- */

static struct layered *find(const struct cache_inline *cache, const struct object_id *key,
			    const struct config_step **ret)
{
	for (size_t i = 0; i < cache->count; i++) {
		*ret = config_steps_find(&cache->images[i].steps, key);
		if (*ret)
			return &cache->images[i];
	}
	return NULL;
}

bool cache_inline_find(const struct cache_inline *cache, const struct object_id *key)
{
	const struct config_step *step;

	return find(cache, key, &step);
}

/* When the step was done, in seconds: what the history says of its layer; 0: nothing. */
static int64_t time_of(const struct config *config, size_t layers)
{
	int64_t ns = 0;

	if (config_history_layers(config) != config->diff_id_count)
		return 0;
	for (size_t i = 0; i < config->history_count; i++) {
		const struct config_history *record = &config->history[i];

		if (record->empty_layer || --layers)
			continue;
		if (!record->created || config_time_parse(record->created, &ns) < 0 || ns < 0)
			ns = 0;
		break;
	}
	return ns / NS_PER_S;
}

static int fetch(struct cache_inline *cache, struct layered *image, size_t layers,
		 struct store *store, struct store_lease *lease, struct object_id *ret,
		 struct error *err)
{
	cleanup_with(downloads_close) struct downloads *downloads = NULL;
	const struct downloads_options options = { .repository = cache->repository,
						   .name = "its layers",
						   .top = &image->top,
						   .text = &image->text,
						   .tmp_fd = store_lease_tmp_fd(lease) };
	struct image_load load = { .store = store, .lease = lease, .fd = -1, .top = &image->top };
	int r = downloads_open(&options, &downloads, err);

	if (r < 0)
		return r;
	load.fetcher = downloads_fetcher(downloads);
	return image_load_layers(&load, &image->manifest, &image->config, layers, ret, err);
}

/* The layers' state is that of an image: the step's has what is known of the step as well. */
static int record(const struct object_id *layers, struct store *store, struct store_lease *lease,
		  const struct buf *config, struct step_record *step, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record state;
	int r = snapshot_read(store, layers, &state, err);

	if (r == 0)
		r = store_txn_begin(store, lease, &txn, err);
	if (r == 0)
		r = store_txn_put(txn, OBJECT_BLOB, config->data, config->length, &state.config,
				  err);
	if (r < 0)
		return r;
	state.step = step->key;
	state.created_s = step->created_s;
	snapshot_record_encode(&state, &bytes);
	r = store_txn_put(txn, OBJECT_SNAPSHOT, bytes.data, bytes.length, &step->snapshot, err);
	if (r == 0)
		r = store_txn_hold(txn, store_lease_name(lease), &step->snapshot, err);
	if (r < 0)
		return r;
	store_txn_add_step(txn, step);
	return store_txn_commit(txn, err);
}

int cache_inline_take(struct cache_inline *cache, const struct object_id *key, struct store *store,
		      struct store_lease *lease, const struct buf *config, struct step_record *ret,
		      struct error *err)
{
	const struct config_step *step = NULL;
	struct layered *image = find(cache, key, &step);
	struct step_record made = { .key = *key };
	struct object_id layers;
	int r;

	if (!image)
		return error_set(err, -ENOENT, "it has no such step");
	/* Each try takes its time. */
	if (cache->gone)
		return error_set(err, -EIO, "its registry did not answer before");
	if (image->broken && step->layers >= image->broken)
		return error_set(err, -EBADMSG, "its layers could not be had before");
	made.created_s = time_of(&image->config, step->layers);
	r = fetch(cache, image, step->layers, store, lease, &layers, err);
	if (r == 0)
		r = record(&layers, store, lease, config, &made, err);
	if (r == 0)
		*ret = made;
	cache->gone = r == -EIO;
	if (r < 0 && r != -ECANCELED) {
		image->broken = step->layers;
		store_mention_full(store, err);
	}
	return r;
}
