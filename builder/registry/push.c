/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/push.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/assemble.h"
#include "builder/image/reference.h"
#include "builder/registry/crew.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

/* Repositories of the same registry that are tried for one blob. */
#define MOUNTS_MAX 3

/* A layer or a configuration. */
struct upload {
	struct object_id digest;
	struct blob_content content;
	const struct layer_blob *layer; /* NULL: a configuration */
};

struct pushing {
	const struct registry_push *push;
	struct reference reference;
	struct repository *repository;
	struct upload *uploads;
	size_t count, capacity;
	struct crew *crew;
	pthread_mutex_t report_lock;
};

/* ---- what there is to send ---- */

static void add_upload(struct pushing *pushing, const struct upload *upload)
{
	for (size_t i = 0; i < pushing->count; i++) {
		if (object_id_equal(&pushing->uploads[i].digest, &upload->digest))
			return;
	}
	array_reserve_one(pushing->uploads, pushing->count, pushing->capacity);
	pushing->uploads[pushing->count++] = *upload;
}

static void collect(struct pushing *pushing)
{
	const struct layout_image *all = pushing->push->image;

	for (size_t i = 0; i < all->count; i++) {
		const struct image *image = &all->images[i];
		const struct buf *config = &image->config;

		for (size_t j = 0; j < image->layer_count; j++) {
			const struct layer_blob *layer = &image->layers[j];

			add_upload(pushing,
				   &(struct upload){
					   .digest = layer->digest,
					   .content = { .fd = layer->fd, .size = layer->blob_size },
					   .layer = layer });
		}
		add_upload(pushing, &(struct upload){ .digest = image->config_descriptor.digest,
						      .content = { .data = config->data,
								   .fd = -1,
								   .size = config->length } });
	}
}

/* ---- sending blobs ---- */

struct telling {
	struct pushing *pushing;
	struct digest_text name;
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	struct telling *telling = context;
	struct pushing *pushing = telling->pushing;

	(void)pthread_mutex_lock(&pushing->report_lock);
	progress_report(pushing->push->progress, telling->name.text, current, total);
	(void)pthread_mutex_unlock(&pushing->report_lock);
}

/* From another repository of the same registry: 1, or 0 and perhaps an upload that has begun. */
static int take_over(struct pushing *pushing, const struct upload *upload, char **ret_upload,
		     struct error *err)
{
	cleanup_with(strings_release) struct strings places = { 0 };
	const struct registry_push *push = pushing->push;
	const struct reference *to = &pushing->reference;
	size_t length = strlen(to->domain);
	unsigned tried = 0;
	int r = 0;

	if (push->blobs && upload->layer)
		push->blobs->places(push->blobs, &upload->digest, &places);
	for (size_t i = 0; i < places.count && tried < MOUNTS_MAX && r == 0; i++) {
		const char *place = places.items[i];

		if (strncmp(place, to->domain, length) != 0 || place[length] != '/' ||
		    strcmp(place + length + 1, to->path) == 0)
			continue;
		tried++;
		free(take_ptr(ret_upload));
		r = repository_mount_blob(pushing->repository, &upload->digest, place + length + 1,
					  ret_upload, err);
	}
	return r;
}

static int send_bytes(struct pushing *pushing, const struct upload *upload, const char *begun,
		      struct telling *telling, struct error *err)
{
	const struct registry_push *push = pushing->push;
	const struct blob_progress progress = { tell, telling };
	struct blob_content content = upload->content;
	cleanup_fd int fd = -1;
	int r = 0;

	if (!content.data && content.fd < 0) {
		r = push->blobs->open(push->blobs, upload->layer, crew_cancel_fd(pushing->crew),
				      &fd, err);
		content.fd = fd;
	}
	content.upload = begun;
	return r < 0 ? r
		     : repository_put_blob(pushing->repository, &upload->digest, &content,
					   &progress, err);
}

static int send_one(void *context, size_t index, struct error *err)
{
	struct pushing *pushing = context;
	const struct upload *upload = &pushing->uploads[index];
	struct telling telling = { pushing, digest_text(&upload->digest) };
	cleanup_free char *begun = NULL;
	int r = repository_has_blob(pushing->repository, &upload->digest, err);

	if (r == 0)
		r = take_over(pushing, upload, &begun, err);
	if (r == 0)
		r = send_bytes(pushing, upload, begun, &telling, err);
	if (r >= 0)
		tell(&telling, upload->content.size, upload->content.size);
	return r < 0 ? r : 0;
}

/* ---- manifests ---- */

static int send_manifest(struct pushing *pushing, const char *name,
			 const struct descriptor *descriptor, const struct buf *text,
			 struct error *err)
{
	const struct reference *reference = &pushing->reference;
	cleanup_free char *what = xasprintf("pushing manifest for %s/%s:%s", reference->domain,
					    reference->path, name);
	int r = repository_put_manifest(pushing->repository, name, descriptor->media_type, text,
					err);

	if (r == 0)
		progress_report(pushing->push->progress, what, text->length, text->length);
	return r;
}

static int send_manifests(struct pushing *pushing, struct error *err)
{
	const struct registry_push *push = pushing->push;
	const struct layout_image *all = push->image;
	struct digest_text digest = digest_text(&all->descriptor->digest);
	bool by_digest = push->by_digest || !pushing->reference.tag;
	const char *name = by_digest ? digest.text : pushing->reference.tag;
	int r = 0;

	for (size_t i = 0; all->index && i < all->count && r == 0; i++) {
		const struct image *image = &all->images[i];

		r = send_manifest(pushing, digest_text(&image->descriptor.digest).text,
				  &image->descriptor, &image->manifest, err);
	}
	if (r < 0)
		return r;
	return send_manifest(pushing, name, all->descriptor,
			     all->index ? all->index : &all->images[0].manifest, err);
}

/* ---- the whole ---- */

static int set_up(struct pushing *pushing, struct error *err)
{
	const struct registry_push *push = pushing->push;
	int r = reference_parse(push->name, &pushing->reference, err);

	if (r < 0)
		return r;
	if (pushing->reference.has_digest)
		return error_set(err, -EINVAL, "a name with a digest cannot be pushed to");
	reference_complete(&pushing->reference);
	pushing->repository =
		repository_new(push->registries, pushing->reference.domain, pushing->reference.path,
			       push->flags | REPOSITORY_PUSH);
	r = crew_new(repository_cancel_fd(pushing->repository), &pushing->crew, err);
	if (r == 0)
		repository_set_cancel_fd(pushing->repository, crew_cancel_fd(pushing->crew));
	return r;
}

static void clean_up(struct pushing *pushing)
{
	repository_free(pushing->repository);
	reference_release(&pushing->reference);
	free(pushing->uploads);
	crew_free(pushing->crew);
	(void)pthread_mutex_destroy(&pushing->report_lock);
}

int registry_push(const struct registry_push *push, struct error *err)
{
	struct pushing pushing = { .push = push };
	int r;

	(void)pthread_mutex_init(&pushing.report_lock, NULL);
	r = set_up(&pushing, err);
	if (r == 0) {
		collect(&pushing);
		r = crew_run(pushing.crew, REGISTRY_PARALLEL, pushing.count, send_one, &pushing,
			     err);
	}
	if (r == 0)
		r = send_manifests(&pushing, err);
	clean_up(&pushing);
	if (r == 0 || r == -ECANCELED)
		return r;
	return error_prefix(err, r, "cannot push '%s'", push->name);
}
