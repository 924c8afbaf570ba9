/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "builder/image/descriptor.h"
#include "builder/image/layer/chain.h"
#include "builder/image/layer/layer_cache.h"
#include "builder/image/layer/layer_record.h"
#include "builder/image/layer/recipe.h"
#include "builder/image/layer_write.h"
#include "builder/image/tar/tar_write.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

/* A layer being written. */
struct making {
	struct store *store;
	const struct image_layer *layer;
	const struct layer_format *format;
	struct layer_record record; /* of one that came from elsewhere */
	bool recorded;
	enum compression compression;
	int level;
	const char *what;
	const struct progress *progress;
};

/* ---- what it is written from ---- */

static void describe_root(const struct tree_root *root, struct buf *ret)
{
	buf_add_format(ret, "tree %s %o %u %u %" PRId64 " %u %s", object_id_hex(&root->dir).text,
		       root->mode, root->uid, root->gid, root->mtime_s, root->mtime_ns,
		       object_id_hex(&root->xattrs).text);
	buf_add_format(ret, " %s\n", object_id_hex(&root->links).text);
}

/* All that decides over the bytes. */
static struct object_id key_of(const struct making *making)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	buf_add_format(&text, "layer %d tar %d\n", LAYER_WRITE_VERSION, TAR_WRITE_VERSION);
	if (making->recorded) {
		buf_add_format(&text, "archive %s\n", digest_text(&making->record.diff_id).text);
	} else {
		describe_root(&making->layer->before, &text);
		describe_root(&making->layer->after, &text);
		if (making->format->has_epoch)
			buf_add_format(&text, "epoch %" PRId64 "\n", making->format->epoch_s);
	}
	compression_describe(making->compression, making->level, &text);
	return object_id_of(text.data, text.length);
}

/* Without force a layer keeps the kind of compression that it came with. */
static void choose_compression(struct making *making)
{
	enum compression received;

	making->compression = making->format->compression;
	making->level = making->format->level;
	if (making->format->force || !making->recorded || !making->record.received_type ||
	    compression_of_media_type(making->record.received_type, &received, NULL) < 0 ||
	    received == making->compression)
		return;
	making->compression = received;
	making->level = COMPRESSION_LEVEL_DEFAULT;
}

static int write_archive(const struct making *making, struct byte_sink *sink, struct error *err)
{
	struct layer_write write = { .store = making->store,
				     .before = making->layer->before,
				     .after = making->layer->after,
				     .has_epoch = making->format->has_epoch,
				     .epoch_s = making->format->epoch_s,
				     .progress = making->progress,
				     .what = making->what };
	cleanup_with(recipe_reader_close) struct recipe_reader *reader = NULL;
	int r;

	if (!making->recorded)
		return layer_write(&write, sink, err);
	r = recipe_reader_open(making->store, &making->record.recipe, &reader, err);
	return r < 0 ? r : sink_copy(sink, recipe_reader_source(reader), err);
}

/* ---- writing it ---- */

/* archive -> guard -> digest -> compression -> digest -> file */
static int write_blob(const struct making *making, int fd, struct cached_layer *ret,
		      struct error *err)
{
	cleanup_with(compress_close) struct compress *compress = NULL;
	cleanup_with(digest_sink_release) struct digest_sink packed = { 0 }, plain = { 0 };
	struct guard_sink guard, guard_out;
	struct file_sink file;
	int r;

	file_sink_init(&file, fd, "layers");
	/* At both ends: who compresses takes in and gives out by the MiB. */
	guard_sink_init(&guard_out, &file.base, making->progress);
	digest_sink_init(&packed, &guard_out.base);
	r = compress_open(making->compression, making->level, making->format->threads, &packed.base,
			  &compress, err);
	if (r < 0)
		return r;
	digest_sink_init(&plain, compress_sink(compress));
	guard_sink_init(&guard, &plain.base, making->progress);
	r = write_archive(making, &guard.base, err);
	if (r == 0)
		r = compress_finish(compress, err);
	if (r < 0)
		return r;
	digest_sink_result(&plain, &ret->diff_id);
	digest_sink_result(&packed, &ret->digest);
	ret->size = plain.size;
	ret->blob_size = packed.size;
	if (making->recorded && !object_id_equal(&ret->diff_id, &making->record.diff_id))
		return error_set(err, -EBADMSG,
				 "the archive %s cannot be written again: the store is damaged; "
				 "'varve fsck' tells more",
				 digest_text(&making->record.diff_id).text);
	return 0;
}

static int make_blob(const struct making *making, struct layer_cache *cache,
		     const struct object_id *key, struct cached_layer *ret, int *ret_fd,
		     struct error *err)
{
	cleanup_with(layer_entry_free) struct layer_entry *entry = NULL;
	int r = layer_entry_begin(cache, &entry, err);

	if (r == 0)
		r = write_blob(making, layer_entry_fd(entry), ret, err);
	if (r == -ENOSPC)
		store_mention_full(making->store, err);
	if (r < 0)
		return r;
	*ret_fd = fcntl(layer_entry_fd(entry), F_DUPFD_CLOEXEC, 3);
	if (*ret_fd < 0)
		return error_errno(err, -errno, "cannot keep a layer open");
	/* It was written all right: not being able to keep it is no reason to fail. */
	(void)layer_entry_keep(entry, key, ret, NULL);
	return 0;
}

/* ---- blobs that came from elsewhere ---- */

static int read_record(struct making *making, struct error *err)
{
	int r;

	if (object_id_is_zero(&making->layer->record))
		return 0;
	r = layer_record_read(making->store, &making->layer->record, &making->record, err);
	making->recorded = r == 0;
	return r;
}

static bool is_received(const struct making *making, const struct object_id *digest)
{
	return object_id_equal(&making->record.received_digest, digest);
}

static bool is_original(const struct making *making)
{
	const struct layer_format *format = making->format;
	enum compression received;

	if (!format->as_received || !making->recorded || !making->record.received_type ||
	    compression_of_media_type(making->record.received_type, &received, NULL) < 0 ||
	    received != making->compression)
		return false;
	for (size_t i = 0; i < format->lost_count; i++) {
		if (is_received(making, &format->lost[i]))
			return false;
	}
	return true;
}

/* What a blob is kept under that was not made here. */
static struct object_id original_key(const struct object_id *digest)
{
	cleanup_free char *text = xasprintf("blob %s\n", digest_text(digest).text);

	return object_id_of(text, strlen(text));
}

static void describe_original(const struct making *making, struct layer_cache *cache,
			      struct layer_blob *ret)
{
	const struct layer_record *record = &making->record;
	struct object_id key = original_key(&record->received_digest);
	struct cached_layer cached;
	int fd = -1;

	if (layer_cache_find(cache, &key, &cached, &fd, NULL) <= 0)
		fd = -1;
	*ret = (struct layer_blob){ .diff_id = record->diff_id,
				    .size = record->size,
				    .digest = record->received_digest,
				    .blob_size = record->received_size,
				    .compression = making->compression,
				    .fd = fd,
				    .record = making->layer->record };
}

/* Without a place to get it from: -ENODATA. */
static int fetch_original(const struct layer_blob *blob, const struct layer_bytes *from,
			  int *ret_fd, struct error *err)
{
	cleanup_with(descriptor_release) struct descriptor wanted = { 0 };
	cleanup_with(layer_entry_free) struct layer_entry *entry = NULL;
	struct cached_layer layer = { blob->diff_id, blob->size, blob->digest, blob->blob_size };
	struct object_id key = original_key(&blob->digest);
	int r;

	if (layer_cache_find(from->cache, &key, &layer, ret_fd, NULL) > 0)
		return 0;
	if (!from->fetcher)
		return error_set(err, -ENODATA, "no registry is asked for it");
	layer_blob_describe(blob, false, &wanted);
	r = layer_entry_begin(from->cache, &entry, err);
	if (r == 0)
		r = from->fetcher->fetch(from->fetcher, &wanted, layer_entry_fd(entry), err);
	if (r == -ENOSPC)
		store_mention_full(from->store, err);
	if (r < 0)
		return r;
	*ret_fd = fcntl(layer_entry_fd(entry), F_DUPFD_CLOEXEC, 3);
	if (*ret_fd < 0)
		return error_errno(err, -errno, "cannot keep a layer open");
	(void)layer_entry_keep(entry, &key, &layer, NULL);
	return 0;
}

/* 1 when compressing it here comes to the same: it was done by this program once. */
static int remake_original(const struct layer_blob *blob, const struct layer_bytes *from,
			   int *ret_fd, struct error *err)
{
	const struct image_layer layer = { .record = blob->record };
	cleanup_free char *what = xasprintf("layer %s", digest_text(&blob->digest).text);
	struct layer_format format = *from->format;
	struct layer_blob made = { .fd = -1 };
	int r;

	format.as_received = false;
	format.compression = blob->compression;
	format.level = COMPRESSION_LEVEL_DEFAULT;
	r = layer_blob_make(from->store, from->cache, &layer, &format, what, from->progress, &made,
			    err);
	if (r < 0)
		return r;
	r = object_id_equal(&made.digest, &blob->digest);
	if (r)
		*ret_fd = take_fd(&made.fd);
	layer_blob_release(&made);
	return r;
}

int layer_blob_open(const struct layer_blob *blob, const struct layer_bytes *from, int *ret_fd,
		    struct error *err)
{
	struct error reason = { 0 };
	int r = -ENODATA;

	/* An archive as such is always written again with the same bytes. */
	if (blob->compression != COMPRESSION_NONE)
		r = fetch_original(blob, from, ret_fd, &reason);

	if (r == -ENODATA) {
		r = remake_original(blob, from, ret_fd, err);
		if (r != 0)
			return r < 0 ? r : 0;
		r = -ENODATA;
	}
	if (r < 0 && err)
		*err = reason;
	return r;
}

/* ---- the whole ---- */

static int make_layer(struct making *making, struct layer_cache *cache, struct layer_blob *ret,
		      struct error *err)
{
	struct cached_layer cached;
	struct object_id key;
	int fd = -1, r;

	r = read_record(making, err);
	if (r < 0)
		return r;
	choose_compression(making);
	key = key_of(making);
	r = layer_cache_find(cache, &key, &cached, &fd, err);
	if (is_original(making) && (r == 0 || !is_received(making, &cached.digest))) {
		if (fd >= 0)
			close(fd);
		describe_original(making, cache, ret);
		return 0;
	}
	if (r == 0)
		r = make_blob(making, cache, &key, &cached, &fd, err);
	if (r < 0)
		return r;
	progress_report(making->progress, making->what, cached.blob_size, cached.blob_size);
	*ret = (struct layer_blob){ .diff_id = cached.diff_id,
				    .size = cached.size,
				    .digest = cached.digest,
				    .blob_size = cached.blob_size,
				    .compression = making->compression,
				    .fd = fd };
	return 0;
}

int layer_blob_make(struct store *store, struct layer_cache *cache, const struct image_layer *layer,
		    const struct layer_format *format, const char *what,
		    const struct progress *progress, struct layer_blob *ret, struct error *err)
{
	struct making making = {
		.store = store, .layer = layer, .format = format, .what = what, .progress = progress
	};
	int r = make_layer(&making, cache, ret, err);

	layer_record_release(&making.record);
	return r < 0 ? error_prefix(err, r, "%s", what) : 0;
}

void layer_blob_describe(const struct layer_blob *blob, bool docker, struct descriptor *ret)
{
	descriptor_set(ret, compression_media_type(blob->compression, docker), &blob->digest,
		       blob->blob_size);
}

void layer_blob_release(struct layer_blob *blob)
{
	if (blob->fd >= 0)
		close(blob->fd);
	*blob = (struct layer_blob){ .fd = -1 };
}
