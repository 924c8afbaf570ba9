/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/push.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "builder/image/assemble.h"
#include "builder/image/reference.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"

/* A layer or a configuration. */
struct upload {
	struct object_id digest;
	struct blob_content content;
};

struct pushing {
	const struct registry_push *push;
	struct reference reference;
	struct repository *repository;
	struct upload *uploads;
	size_t count, capacity;
	int stop_fd, cancel_fd, old_cancel_fd;
	pthread_mutex_t lock;
	size_t next;          /* guarded by lock */
	struct error failure; /* guarded by lock: the first one */
	pthread_mutex_t report_lock;
};

/* ---- what there is to send ---- */

static void add_upload(struct pushing *pushing, const struct object_id *digest,
		       const struct blob_content *content)
{
	for (size_t i = 0; i < pushing->count; i++) {
		if (object_id_equal(&pushing->uploads[i].digest, digest))
			return;
	}
	array_reserve_one(pushing->uploads, pushing->count, pushing->capacity);
	pushing->uploads[pushing->count++] = (struct upload){ *digest, *content };
}

static void collect(struct pushing *pushing)
{
	const struct layout_image *all = pushing->push->image;

	for (size_t i = 0; i < all->count; i++) {
		const struct image *image = &all->images[i];
		struct blob_content config = { image->config.data, -1, image->config.length };

		for (size_t j = 0; j < image->layer_count; j++) {
			const struct layer_blob *layer = &image->layers[j];
			struct blob_content content = { NULL, layer->fd, layer->blob_size };

			add_upload(pushing, &layer->digest, &content);
		}
		add_upload(pushing, &image->config_descriptor.digest, &config);
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

static int send_one(struct pushing *pushing, const struct upload *upload, struct error *err)
{
	struct telling telling = { pushing, digest_text(&upload->digest) };
	const struct blob_progress progress = { tell, &telling };
	int r = repository_has_blob(pushing->repository, &upload->digest, err);

	if (r == 0)
		r = repository_put_blob(pushing->repository, &upload->digest, &upload->content,
					&progress, err);
	if (r >= 0)
		tell(&telling, upload->content.size, upload->content.size);
	return r < 0 ? r : 0;
}

static void *work(void *context)
{
	struct pushing *pushing = context;

	(void)pthread_mutex_lock(&pushing->lock);
	while (pushing->next < pushing->count && pushing->failure.code == 0) {
		const struct upload *upload = &pushing->uploads[pushing->next++];
		struct error problem = { 0 };
		int r;

		(void)pthread_mutex_unlock(&pushing->lock);
		r = send_one(pushing, upload, &problem);
		(void)pthread_mutex_lock(&pushing->lock);
		if (r == 0 || pushing->failure.code < 0)
			continue;
		pushing->failure = problem;
		pushing->failure.code = r;
		/* The others have nothing to do any more. */
		(void)eventfd_write(pushing->stop_fd, 1);
	}
	(void)pthread_mutex_unlock(&pushing->lock);
	return NULL;
}

static int send_all(struct pushing *pushing, struct error *err)
{
	pthread_t threads[REGISTRY_PARALLEL];
	size_t count = 0;

	while (count < REGISTRY_PARALLEL && count < pushing->count &&
	       pthread_create(&threads[count], NULL, work, pushing) == 0)
		count++;
	/* Without a thread it is done here. */
	if (count == 0)
		work(pushing);
	while (count > 0)
		(void)pthread_join(threads[--count], NULL);
	if (pushing->failure.code < 0 && err)
		*err = pushing->failure;
	return pushing->failure.code;
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
	pushing->old_cancel_fd = repository_cancel_fd(pushing->repository);
	pushing->stop_fd = eventfd(0, EFD_CLOEXEC);
	r = pushing->stop_fd < 0
		    ? -errno
		    : cancel_join(pushing->stop_fd, pushing->old_cancel_fd, &pushing->cancel_fd);
	if (r < 0)
		return error_errno(err, r, "cannot begin");
	repository_set_cancel_fd(pushing->repository, pushing->cancel_fd);
	return 0;
}

static void clean_up(struct pushing *pushing)
{
	repository_free(pushing->repository);
	reference_release(&pushing->reference);
	free(pushing->uploads);
	if (pushing->stop_fd >= 0)
		close(pushing->stop_fd);
	if (pushing->cancel_fd >= 0)
		close(pushing->cancel_fd);
	(void)pthread_mutex_destroy(&pushing->lock);
	(void)pthread_mutex_destroy(&pushing->report_lock);
}

int registry_push(const struct registry_push *push, struct error *err)
{
	struct pushing pushing = { .push = push, .stop_fd = -1, .cancel_fd = -1 };
	int r;

	(void)pthread_mutex_init(&pushing.lock, NULL);
	(void)pthread_mutex_init(&pushing.report_lock, NULL);
	r = set_up(&pushing, err);
	if (r == 0) {
		collect(&pushing);
		r = send_all(&pushing, err);
	}
	if (r == 0)
		r = send_manifests(&pushing, err);
	clean_up(&pushing);
	if (r == 0 || r == -ECANCELED)
		return r;
	return error_prefix(err, r, "cannot push '%s'", push->name);
}
