/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/export/originals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/export/export_internal.h"
#include "builder/image/layer/layer_cache.h"
#include "builder/image/layer/layer_places.h"
#include "builder/image/layout.h"
#include "builder/registry/crew.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* What written layers may take in the store, so that the next output of the same is quick. */
#define KEPT_LAYERS_MAX ((uint64_t)2 << 30)

struct originals {
	struct push_blobs push;
	const struct export *export;
	struct layer_cache *cache;
	struct layer_places places;
	struct progress progress; /* safe in several threads */
	pthread_mutex_t report_lock, lock;
	struct object_id *lost; /* guarded by lock */
	size_t lost_count, lost_capacity, lost_told;
	struct strings reasons;   /* guarded by lock: why, in the same order */
	struct string_map silent; /* guarded by lock: registries that do not answer, and how */
};

/* ---- getting one ---- */

struct fetching {
	struct layer_fetcher base;
	struct originals *originals;
	int cancel_fd;
};

static void report(void *context, const char *what, uint64_t current, uint64_t total)
{
	struct originals *originals = context;

	(void)pthread_mutex_lock(&originals->report_lock);
	progress_report(originals->export->progress, what, current, total);
	(void)pthread_mutex_unlock(&originals->report_lock);
}

struct telling {
	struct originals *originals;
	char *what;
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	const struct telling *telling = context;

	report(telling->originals, telling->what, current, total);
}

/* Who did not answer once is not asked again for the next layer: 0, or what it was like. */
static int check_silent(struct originals *originals, const char *domain, struct error *err)
{
	const char *reason;
	int r = 0;

	(void)pthread_mutex_lock(&originals->lock);
	reason = string_map_get(&originals->silent, domain);
	if (reason)
		r = error_set(err, -EIO, "%s", reason);
	(void)pthread_mutex_unlock(&originals->lock);
	return r;
}

static void note_silent(struct originals *originals, const char *domain, const char *reason)
{
	(void)pthread_mutex_lock(&originals->lock);
	string_map_set(&originals->silent, domain, reason);
	(void)pthread_mutex_unlock(&originals->lock);
}

static int fetch_from(struct fetching *fetching, const char *place, const struct descriptor *blob,
		      int fd, struct error *err)
{
	struct originals *originals = fetching->originals;
	const char *slash = strchr(place, '/');
	cleanup_free char *domain = xstrndup(place, slash ? (size_t)(slash - place) : 0);
	cleanup_with(repository_free) struct repository *repository = NULL;
	cleanup_free char *what = xasprintf("fetching %s", digest_text(&blob->digest).text);
	struct telling telling = { originals, what };
	const struct blob_progress progress = { tell, &telling };
	int r = slash ? check_silent(originals, domain, err) : -ENOENT;

	if (r < 0)
		return r;
	repository = repository_new(originals->export->registries, domain, slash + 1, 0);
	repository_set_cancel_fd(repository, fetching->cancel_fd);
	r = repository_get_blob(repository, blob, fd, &progress, err);
	if (r == -EIO)
		note_silent(originals, domain, err->text);
	return r;
}

static int fetch(struct layer_fetcher *base, const struct descriptor *blob, int fd,
		 struct error *err)
{
	struct fetching *fetching = (struct fetching *)base;
	cleanup_with(strings_release) struct strings places = { 0 };
	struct error problem = { 0 }, first = { 0 };

	layer_places_find(&fetching->originals->places, &blob->digest, &places);
	if (!places.count)
		return error_set(err, -ENODATA, "nothing is known of a registry that has it");
	for (size_t i = 0; i < places.count; i++) {
		int r = fetch_from(fetching, places.items[i], blob, fd, &problem);

		if (r == 0)
			return 0;
		if (r == -ECANCELED || r == -ENOSPC) {
			if (err)
				*err = problem;
			return r;
		}
		if (i == 0)
			first = problem;
		if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return error_errno(err, -errno, "cannot begin again");
	}
	return error_set(err, -ENODATA, "%s", first.text);
}

static void note_lost(struct originals *originals, const struct object_id *digest,
		      const char *reason)
{
	bool known = false;

	(void)pthread_mutex_lock(&originals->lock);
	for (size_t i = 0; i < originals->lost_count; i++)
		known |= object_id_equal(&originals->lost[i], digest);
	if (!known) {
		array_reserve_one(originals->lost, originals->lost_count, originals->lost_capacity);
		originals->lost[originals->lost_count++] = *digest;
		strings_add(&originals->reasons, reason);
	}
	(void)pthread_mutex_unlock(&originals->lock);
}

static int open_one(struct originals *originals, const struct layer_blob *layer, int cancel_fd,
		    int *ret_fd, struct error *err)
{
	struct fetching fetching = { { fetch }, originals, cancel_fd };
	struct layer_format format = { .level = COMPRESSION_LEVEL_DEFAULT };
	const struct layer_bytes from = { .store = originals->export->store,
					  .cache = originals->cache,
					  .format = &format,
					  .fetcher = originals->export->registries ? &fetching.base
										   : NULL,
					  .progress = &originals->progress };
	struct error reason = { 0 };
	int r = layer_blob_open(layer, &from, ret_fd, &reason);

	if (r == -ENODATA)
		note_lost(originals, &layer->digest, reason.text);
	if (r < 0 && err)
		*err = reason;
	return r;
}

/* ---- for those that push ---- */

static void find_places(struct push_blobs *blobs, const struct object_id *digest,
			struct strings *ret)
{
	layer_places_find(&((struct originals *)blobs)->places, digest, ret);
}

static int open_for_push(struct push_blobs *blobs, const struct layer_blob *layer, int cancel_fd,
			 int *ret_fd, struct error *err)
{
	return open_one((struct originals *)blobs, layer, cancel_fd, ret_fd, err);
}

struct push_blobs *originals_push_blobs(struct originals *originals)
{
	return &originals->push;
}

void originals_note_place(struct originals *originals, const struct layout_image *image,
			  const char *place)
{
	for (size_t i = 0; i < image->count; i++) {
		const struct image *one = &image->images[i];
		cleanup_free struct object_id *digests =
			xcalloc(one->layer_count + 1, sizeof *digests);

		for (size_t j = 0; j < one->layer_count; j++)
			digests[j] = one->layers[j].digest;
		/* Without it the next push sends more. */
		(void)layer_places_add(originals->cache, place, digests, one->layer_count, NULL);
	}
	layer_places_release(&originals->places);
	layer_places_read(originals->cache, &originals->places);
}

/* ---- all at once ---- */

struct opening {
	struct originals *originals;
	struct crew *crew;
	struct layer_blob **layers; /* each digest once */
	size_t count;
};

static int open_item(void *context, size_t index, struct error *err)
{
	struct opening *opening = context;
	struct layer_blob *layer = opening->layers[index];
	int fd = -1, r;

	r = open_one(opening->originals, layer, crew_cancel_fd(opening->crew), &fd, err);
	if (r == 0)
		layer->fd = fd;
	/* The others can be had: it is all known at once what cannot. */
	return r == -ENODATA ? 0 : r;
}

static void collect(struct assembled *assembled, struct opening *ret)
{
	size_t most = 1;

	for (size_t i = 0; i < assembled->count; i++)
		most += assembled->images[i].layer_count;
	ret->layers = xcalloc(most, sizeof(struct layer_blob *));
	for (size_t i = 0; i < assembled->count; i++) {
		for (size_t j = 0; j < assembled->images[i].layer_count; j++) {
			struct layer_blob *layer = &assembled->images[i].layers[j];
			bool known = layer->fd >= 0;

			for (size_t k = 0; k < ret->count && !known; k++)
				known = object_id_equal(&ret->layers[k]->digest, &layer->digest);
			if (!known)
				ret->layers[ret->count++] = layer;
		}
	}
}

/* The same layer in another image, or again in this one. */
static int share(const struct opening *opening, struct assembled *assembled, struct error *err)
{
	for (size_t i = 0; i < assembled->count; i++) {
		for (size_t j = 0; j < assembled->images[i].layer_count; j++) {
			struct layer_blob *layer = &assembled->images[i].layers[j];

			for (size_t k = 0; k < opening->count && layer->fd < 0; k++) {
				const struct layer_blob *other = opening->layers[k];

				if (!object_id_equal(&other->digest, &layer->digest))
					continue;
				if (other->fd < 0)
					return error_set(err, -ENODATA, "a layer is lost");
				layer->fd = fcntl(other->fd, F_DUPFD_CLOEXEC, 3);
				if (layer->fd < 0)
					return error_errno(err, -errno, "cannot keep a layer open");
			}
		}
	}
	return 0;
}

int originals_open_all(struct originals *originals, struct assembled *assembled, struct error *err)
{
	cleanup_with(crew_free) struct crew *crew = NULL;
	const struct progress *progress = originals->export->progress;
	struct opening opening = { .originals = originals };
	int r = crew_new(progress && progress->cancel_fd ? *progress->cancel_fd : -1, &crew, err);

	if (r < 0)
		return r;
	opening.crew = crew;
	collect(assembled, &opening);
	r = crew_run(crew, REGISTRY_PARALLEL, opening.count, open_item, &opening, err);
	if (r == 0)
		r = share(&opening, assembled, err);
	free(opening.layers);
	return r;
}

/* ---- life cycle ---- */

int originals_open(const struct export *export, struct originals **ret, struct error *err)
{
	struct layer_cache *cache;
	struct originals *originals;
	int r = layer_cache_open(export->store, &cache, err);

	if (r < 0)
		return r;
	originals = xcalloc(1, sizeof *originals);
	originals->push = (struct push_blobs){ find_places, open_for_push };
	originals->export = export;
	originals->cache = cache;
	originals->progress = (struct progress){ .report = report, .context = originals };
	if (export->progress)
		originals->progress.cancel_fd = export->progress->cancel_fd;
	(void)pthread_mutex_init(&originals->lock, NULL);
	(void)pthread_mutex_init(&originals->report_lock, NULL);
	layer_places_read(cache, &originals->places);
	*ret = originals;
	return 0;
}

void originals_close(struct originals *originals)
{
	if (!originals)
		return;
	/* Those of this image that are open can be read whatever goes. */
	(void)layer_cache_trim(originals->cache, KEPT_LAYERS_MAX, NULL, NULL);
	layer_cache_close(originals->cache);
	layer_places_release(&originals->places);
	strings_release(&originals->reasons);
	string_map_release(&originals->silent);
	(void)pthread_mutex_destroy(&originals->lock);
	(void)pthread_mutex_destroy(&originals->report_lock);
	free(originals->lost);
	free(originals);
}

struct layer_cache *originals_cache(const struct originals *originals)
{
	return originals->cache;
}

void originals_set_format(const struct originals *originals, struct layer_format *format)
{
	format->as_received = true;
	format->lost = originals->lost;
	format->lost_count = originals->lost_count;
}

bool originals_are_lost(struct originals *originals, struct export_result *result)
{
	size_t before = originals->lost_told;

	for (; originals->lost_told < originals->lost_count; originals->lost_told++) {
		size_t i = originals->lost_told;

		strings_add_format(&result->warnings,
				   "layer %s of the base image is compressed anew and gets another "
				   "digest: %s",
				   digest_text(&originals->lost[i]).text,
				   originals->reasons.items[i]);
	}
	return originals->lost_told > before;
}
