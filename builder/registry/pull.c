/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/pull.h"

#include <errno.h>

#include "builder/image/image_store.h"
#include "builder/image/layer/layer_cache.h"
#include "builder/image/layer/layer_places.h"
#include "builder/image/load.h"
#include "builder/image/reference.h"
#include "builder/registry/downloads.h"
#include "builder/registry/registry_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* An image that is being pulled. */
struct pulling {
	const struct registry_pull *pull;
	struct reference reference;
	struct repository *repository;
	struct platform platform;
	struct descriptor top;
	char *which; /* its tag, or its digest */
	char *exact; /* "docker.io/library/debian@sha256:…" */
};

static void pulling_release(struct pulling *pulling)
{
	reference_release(&pulling->reference);
	repository_free(pulling->repository);
	descriptor_release(&pulling->top);
	free(pulling->which);
	free(pulling->exact);
}
DEFINE_CLEANUP_VALUE(struct pulling, pulling_release);

static int set_up(struct pulling *pulling, struct error *err)
{
	const struct registry_pull *pull = pulling->pull;
	struct reference *reference = &pulling->reference;
	int r = reference_parse(pull->name, reference, err);

	if (r < 0)
		return r;
	reference_complete(reference);
	pulling->platform = pull->platform ? *pull->platform : platform_host();
	pulling->which = xstrdup(reference->has_digest ? digest_text(&reference->digest).text
						       : reference->tag);
	pulling->repository =
		repository_new(pull->registries, reference->domain, reference->path, pull->flags);
	if (pull->progress && pull->progress->cancel_fd)
		repository_set_cancel_fd(pulling->repository, *pull->progress->cancel_fd);
	return 0;
}

/* Is what the name stands for here already? 1 or 0. */
static int find_there(struct pulling *pulling, struct object_id *ret, struct error *err)
{
	cleanup_with(stored_image_release) struct stored_image found = { 0 };
	const struct registry_pull *pull = pulling->pull;
	int r = repository_resolve(pulling->repository, pulling->which, &pulling->top, err);

	if (r < 0)
		return r;
	pulling->exact = xasprintf("%s/%s@%s", pulling->reference.domain, pulling->reference.path,
				   digest_text(&pulling->top.digest).text);
	r = image_find(pull->store, pull->lease, pulling->exact, &pulling->platform, &found, err);
	if (r > 0)
		*ret = found.snapshot;
	return r;
}

/* Where its layers can be had again; forgetting it costs time later, and nothing else. */
static void remember_place(const struct pulling *pulling, const struct loaded_image *image)
{
	cleanup_with(layer_cache_close) struct layer_cache *cache = NULL;
	cleanup_free char *place =
		xasprintf("%s/%s", pulling->reference.domain, pulling->reference.path);

	if (layer_cache_open(pulling->pull->store, &cache, NULL) == 0)
		(void)layer_places_add(cache, place, image->layers, image->layer_count, NULL);
}

static int fetch(struct pulling *pulling, struct object_id *ret, struct error *err)
{
	cleanup_with(downloads_close) struct downloads *downloads = NULL;
	cleanup_with(loaded_images_release) struct loaded_images images = { 0 };
	cleanup_with(descriptor_release) struct descriptor top = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	const struct registry_pull *pull = pulling->pull;
	const struct downloads_options options = { .repository = pulling->repository,
						   .name = pull->name,
						   .top = &top,
						   .text = &text,
						   .tmp_fd = pull->tmp_fd,
						   .progress = pull->progress };
	struct image_load load = { .store = pull->store,
				   .lease = pull->lease,
				   .fd = -1,
				   .top = &top,
				   .platform = &pulling->platform,
				   .one = true };
	/* By the digest: a tag may move between two requests. */
	int r = repository_manifest(pulling->repository, digest_text(&pulling->top.digest).text,
				    &top, &text, err);

	if (r == 0)
		r = downloads_open(&options, &downloads, err);
	if (r < 0)
		return r;
	load.fetcher = downloads_fetcher(downloads);
	load.progress = downloads_progress(downloads);
	r = image_load(&load, &images, err);
	if (r < 0)
		return r;
	remember_place(pulling, &images.items[0]);
	*ret = images.items[0].snapshot;
	return 0;
}

/* With the digest as well, by which it is known again. One at a time: a name for several platforms is
 * read before it is written. */
static int give_names(const struct pulling *pulling, const struct object_id *snapshot,
		      struct error *err)
{
	const struct registry_pull *pull = pulling->pull;
	int r;

	registries_lock_names(pull->registries);
	r = image_tag(pull->store, pull->lease, pulling->exact, snapshot, 1, IMAGE_TAG_ADD, err);
	if (r == 0)
		r = image_tag(pull->store, pull->lease, pull->name, snapshot, 1, IMAGE_TAG_ADD,
			      err);
	registries_unlock_names(pull->registries);
	return r;
}

int registry_pull(const struct registry_pull *pull, struct pulled_image *ret, struct error *err)
{
	cleanup_with(pulling_release) struct pulling pulling = { .pull = pull };
	struct object_id snapshot;
	bool was_there = false;
	int r = set_up(&pulling, err);

	if (r == 0)
		r = find_there(&pulling, &snapshot, err);
	if (r > 0)
		was_there = true;
	else if (r == 0)
		r = fetch(&pulling, &snapshot, err);
	if (r >= 0)
		r = give_names(&pulling, &snapshot, err);
	if (r < 0)
		return r == -ECANCELED ? r : error_prefix(err, r, "cannot pull '%s'", pull->name);
	*ret = (struct pulled_image){ .digest = pulling.top.digest,
				      .snapshot = snapshot,
				      .was_there = was_there };
	return 0;
}
