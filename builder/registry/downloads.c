/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/registry/downloads.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/image/json.h"
#include "builder/image/layer_import.h"
#include "builder/registry/registry_internal.h"
#include "builder/registry/underway.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* A layer. */
struct download {
	struct descriptor blob;
	unsigned uses; /* guarded by lock: how often it will be wanted still */
	int fd;        /* guarded by lock: -1 as long as it is not whole */
};

struct downloads {
	struct blob_fetcher base;
	struct downloads_options options;
	struct progress progress;
	int stop_fd, cancel_fd, old_cancel_fd;
	struct download *items;
	size_t count;
	pthread_t threads[REGISTRY_PARALLEL];
	size_t thread_count;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next;          /* guarded by lock: which to begin with next */
	struct error failure; /* guarded by lock: the first one */
	pthread_mutex_t report_lock;
};

/* ---- telling ---- */

static void report_safely(void *context, const char *what, uint64_t current, uint64_t total)
{
	struct downloads *downloads = context;

	(void)pthread_mutex_lock(&downloads->report_lock);
	progress_report(downloads->options.progress, what, current, total);
	(void)pthread_mutex_unlock(&downloads->report_lock);
}

struct telling {
	struct downloads *downloads;
	struct digest_text name;
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	struct telling *telling = context;

	report_safely(telling->downloads, telling->name.text, current, total);
}

/* ---- files ---- */

static int open_file(const struct downloads *downloads, int *ret, struct error *err)
{
	char name[32];
	int fd;

	snprintf(name, sizeof name, "download-%d", (int)gettid());
	fd = file_unnamed(downloads->options.tmp_fd, name);
	if (fd < 0)
		return error_errno(err, fd, "cannot make a temporary file");
	*ret = fd;
	return 0;
}

static int write_document(const void *data, size_t size, int *ret, struct error *err)
{
	cleanup_fd int fd = memfd_create("document", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, size);

	if (r < 0)
		return error_errno(err, r, "cannot keep a document");
	*ret = take_fd(&fd);
	return 0;
}

static int fetch_manifest(struct downloads *downloads, const struct descriptor *blob, int *ret,
			  struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(descriptor_release) struct descriptor got = { 0 };
	const struct downloads_options *options = &downloads->options;
	int r;

	if (object_id_equal(&blob->digest, &options->top->digest))
		return write_document(options->text->data, options->text->length, ret, err);
	r = repository_manifest(options->repository, digest_text(&blob->digest).text, &got, &text,
				err);
	return r < 0 ? r : write_document(text.data, text.length, ret, err);
}

static int fetch_config(struct downloads *downloads, const struct descriptor *blob, int *ret,
			struct error *err)
{
	cleanup_fd int fd = -1;
	int r;

	if (blob->size > JSON_DOCUMENT_MAX)
		return error_set(err, -E2BIG, "%s has more than %zu bytes",
				 digest_text(&blob->digest).text, JSON_DOCUMENT_MAX);
	fd = memfd_create("document", MFD_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot keep a document");
	r = repository_get_blob(downloads->options.repository, blob, fd, NULL, err);
	if (r == 0)
		*ret = take_fd(&fd);
	return r;
}

static int fetch_layer(struct downloads *downloads, const struct descriptor *blob, int *ret,
		       struct error *err)
{
	struct telling telling = { downloads, digest_text(&blob->digest) };
	const struct blob_progress progress = { tell, &telling };
	struct registries *registries = downloads->options.repository->registries;
	struct underway_blob *underway;
	cleanup_fd int fd = -1;
	int r;

	if (blob->size > LAYER_SIZE_MAX)
		return error_set(err, -E2BIG, "the layer %s has more than %llu bytes",
				 telling.name.text, (unsigned long long)LAYER_SIZE_MAX);
	r = underway_begin(registries, &blob->digest, downloads->cancel_fd, &underway, &fd);
	if (r < 0)
		return error_errno(err, r, "cannot wait for %s", telling.name.text);
	if (r == 0) {
		tell(&telling, blob->size, blob->size);
		*ret = take_fd(&fd);
		return 0;
	}
	r = open_file(downloads, &fd, err);
	if (r == 0)
		r = repository_get_blob(downloads->options.repository, blob, fd, &progress, err);
	underway_end(registries, underway, r == 0 ? fd : -1);
	if (r == 0)
		*ret = take_fd(&fd);
	return r;
}

/* ---- threads ---- */

/* With the lock held. */
static void fail(struct downloads *downloads, int r, const struct error *problem)
{
	if (downloads->failure.code < 0)
		return;
	downloads->failure = *problem;
	downloads->failure.code = r;
	/* The others have nothing to do any more. */
	(void)eventfd_write(downloads->stop_fd, 1);
}

static void *work(void *context)
{
	struct downloads *downloads = context;

	(void)pthread_mutex_lock(&downloads->lock);
	while (downloads->next < downloads->count && downloads->failure.code == 0) {
		struct download *item = &downloads->items[downloads->next++];
		struct error problem = { 0 };
		int fd = -1, r;

		(void)pthread_mutex_unlock(&downloads->lock);
		r = fetch_layer(downloads, &item->blob, &fd, &problem);
		(void)pthread_mutex_lock(&downloads->lock);
		if (r < 0)
			fail(downloads, r, &problem);
		else
			item->fd = fd;
		(void)pthread_cond_broadcast(&downloads->changed);
	}
	(void)pthread_mutex_unlock(&downloads->lock);
	return NULL;
}

static struct download *find(struct downloads *downloads, const struct object_id *digest)
{
	for (size_t i = 0; i < downloads->count; i++) {
		if (object_id_equal(&downloads->items[i].blob.digest, digest))
			return &downloads->items[i];
	}
	return NULL;
}

static void expect(struct blob_fetcher *fetcher, const struct descriptor *layers, size_t count)
{
	struct downloads *downloads = (struct downloads *)fetcher;

	/* Of one image there is one list. */
	if (downloads->items)
		return;
	downloads->items = xcalloc(count, sizeof *downloads->items);
	for (size_t i = 0; i < count; i++) {
		struct download *item = find(downloads, &layers[i].digest);

		if (!item) {
			item = &downloads->items[downloads->count++];
			item->fd = -1;
			descriptor_copy(&item->blob, &layers[i]);
		}
		item->uses++;
	}
	while (downloads->thread_count < REGISTRY_PARALLEL &&
	       downloads->thread_count < downloads->count &&
	       pthread_create(&downloads->threads[downloads->thread_count], NULL, work,
			      downloads) == 0)
		downloads->thread_count++;
}

/* ---- what is wanted ---- */

static int hand_over(struct download *item, int *ret, struct error *err)
{
	if (--item->uses == 0) {
		*ret = take_fd(&item->fd);
		return 0;
	}
	*ret = fcntl(item->fd, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? error_errno(err, -errno, "cannot keep a layer open") : 0;
}

static int wait_for(struct downloads *downloads, struct download *item, int *ret, struct error *err)
{
	int r;

	(void)pthread_mutex_lock(&downloads->lock);
	while (item->fd < 0 && downloads->failure.code == 0)
		(void)pthread_cond_wait(&downloads->changed, &downloads->lock);
	if (item->fd >= 0) {
		r = hand_over(item, ret, err);
	} else {
		r = downloads->failure.code;
		if (err)
			*err = downloads->failure;
	}
	(void)pthread_mutex_unlock(&downloads->lock);
	return r;
}

static int open_blob(struct blob_fetcher *fetcher, const struct descriptor *blob, int *ret_fd,
		     struct error *err)
{
	struct downloads *downloads = (struct downloads *)fetcher;
	enum media_kind kind = media_kind(blob->media_type);
	struct download *item = find(downloads, &blob->digest);

	if (item && item->uses && downloads->thread_count)
		return wait_for(downloads, item, ret_fd, err);
	if (kind == MEDIA_INDEX || kind == MEDIA_MANIFEST)
		return fetch_manifest(downloads, blob, ret_fd, err);
	if (kind == MEDIA_CONFIG)
		return fetch_config(downloads, blob, ret_fd, err);
	return fetch_layer(downloads, blob, ret_fd, err);
}

/* ---- life cycle ---- */

int downloads_open(const struct downloads_options *options, struct downloads **ret,
		   struct error *err)
{
	struct downloads *downloads = xcalloc(1, sizeof *downloads);
	int r = 0;

	downloads->base = (struct blob_fetcher){ expect, open_blob, options->name };
	downloads->options = *options;
	downloads->progress = (struct progress){ .report = report_safely,
						 .cancel_fd = &downloads->cancel_fd,
						 .context = downloads };
	(void)pthread_mutex_init(&downloads->lock, NULL);
	(void)pthread_mutex_init(&downloads->report_lock, NULL);
	(void)pthread_cond_init(&downloads->changed, NULL);
	downloads->cancel_fd = downloads->old_cancel_fd = repository_cancel_fd(options->repository);
	downloads->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (downloads->stop_fd < 0)
		r = -errno;
	if (r == 0)
		r = cancel_join(downloads->stop_fd, downloads->old_cancel_fd,
				&downloads->cancel_fd);
	if (r < 0) {
		downloads->cancel_fd = -1;
		downloads_close(downloads);
		return error_errno(err, r, "cannot begin to download");
	}
	repository_set_cancel_fd(options->repository, downloads->cancel_fd);
	*ret = downloads;
	return 0;
}

struct blob_fetcher *downloads_fetcher(struct downloads *downloads)
{
	return &downloads->base;
}

const struct progress *downloads_progress(const struct downloads *downloads)
{
	return &downloads->progress;
}

void downloads_close(struct downloads *downloads)
{
	if (!downloads)
		return;
	(void)pthread_mutex_lock(&downloads->lock);
	downloads->next = downloads->count;
	(void)pthread_mutex_unlock(&downloads->lock);
	if (downloads->stop_fd >= 0)
		(void)eventfd_write(downloads->stop_fd, 1);
	for (size_t i = 0; i < downloads->thread_count; i++)
		(void)pthread_join(downloads->threads[i], NULL);
	repository_set_cancel_fd(downloads->options.repository, downloads->old_cancel_fd);
	for (size_t i = 0; i < downloads->count; i++) {
		descriptor_release(&downloads->items[i].blob);
		if (downloads->items[i].fd >= 0)
			close(downloads->items[i].fd);
	}
	free(downloads->items);
	if (downloads->stop_fd >= 0)
		close(downloads->stop_fd);
	if (downloads->cancel_fd >= 0)
		close(downloads->cancel_fd);
	(void)pthread_mutex_destroy(&downloads->lock);
	(void)pthread_mutex_destroy(&downloads->report_lock);
	(void)pthread_cond_destroy(&downloads->changed);
	free(downloads);
}
