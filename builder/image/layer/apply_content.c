/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of files on their way from an archive into the store. */
#include <errno.h>
#include <string.h>

#include "builder/image/layer/apply_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

static void add_blob(struct spare_blobs *list, const struct object_id *id, uint64_t size)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count++] = (struct spare_blob){ *id, size };
}

/* Exactly `size` stored bytes. */
static int read_stored(struct apply_run *run, void *data, uint64_t size, struct error *err)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = tar_reader_read(run->reader, at, size, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return error_set(err, -EINVAL, "its content is shorter than it says");
		at += n;
		size -= (uint64_t)n;
	}
	return 0;
}

/* From here on bytes are the content of a blob, up to end_blob(). */
static void begin_blob(struct apply_run *run)
{
	run->tap.content = true;
}

static int end_blob(struct apply_run *run, const struct object_id *id, uint64_t size,
		    struct error *err)
{
	if (!run->apply->recipe)
		return 0;
	run->tap.content = false;
	add_blob(&run->blobs, id, size);
	return recipe_writer_blob(run->apply->recipe, id, size, err);
}

static int put_buffer(struct apply_run *run, struct node *node, const void *data, uint64_t size,
		      struct error *err)
{
	struct object_id id;
	int r;

	if (size <= DIR_INLINE_MAX) {
		node_set_inline(run->tree, node, data, size);
		return 0;
	}
	r = store_txn_put(run->apply->txn, OBJECT_BLOB, data, size, &id, err);
	if (r == 0)
		node_set_blob(run->tree, node, &id, size);
	return r;
}

/* A file that fits into the buffer. Tiny ones stand in the recipe literally, as in the tree. */
static int take_small(struct apply_run *run, uint64_t size, struct node *node, struct error *err)
{
	int r;

	if (size <= DIR_INLINE_MAX) {
		r = read_stored(run, run->buffer, size, err);
		return r < 0 ? r : put_buffer(run, node, run->buffer, size, err);
	}
	begin_blob(run);
	r = read_stored(run, run->buffer, size, err);
	if (r == 0)
		r = put_buffer(run, node, run->buffer, size, err);
	return r < 0 ? r : end_blob(run, &node->blob, size, err);
}

/* The stored bytes of a piece, or of all, into a blob and (unless NULL) a digest. */
static int stream_bytes(struct apply_run *run, struct blob_writer *writer, struct digest *digest,
			uint64_t size, struct error *err)
{
	const struct layer_apply *apply = run->apply;

	while (size > 0) {
		size_t part = size < APPLY_BUFFER ? size : APPLY_BUFFER;
		int r = read_stored(run, run->buffer, part, err);

		if (r == 0)
			r = blob_writer_add(writer, run->buffer, part, err);
		if (r < 0)
			return r;
		if (digest)
			digest_update(digest, run->buffer, part);
		size -= part;
		progress_report(apply->progress, apply->what, tar_reader_offset(run->reader),
				apply->total);
		r = progress_check(apply->progress, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_large(struct apply_run *run, uint64_t size, struct node *node, struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	struct object_id id;
	uint64_t written;
	int r = blob_writer_begin(run->apply->txn, &writer, err);

	begin_blob(run);
	if (r == 0)
		r = stream_bytes(run, writer, NULL, size, err);
	if (r == 0)
		r = blob_writer_finish(writer, &id, &written, err);
	if (r < 0)
		return r;
	node_set_blob(run->tree, node, &id, size);
	return end_blob(run, &id, size, err);
}

/* ---- sparse files ---- */

static int take_small_sparse(struct apply_run *run, const struct tar_entry *entry,
			     struct node *node, struct error *err)
{
	memset(run->buffer, 0, entry->size);
	for (size_t i = 0; i < entry->piece_count; i++) {
		int r = read_stored(run, run->buffer + entry->pieces[i].offset,
				    entry->pieces[i].length, err);

		if (r < 0)
			return r;
	}
	return put_buffer(run, node, run->buffer, entry->size, err);
}

static void digest_zeros(struct digest *digest, uint64_t count)
{
	static const char zeros[16384];

	while (count > 0) {
		size_t part = count < sizeof zeros ? count : sizeof zeros;

		digest_update(digest, zeros, part);
		count -= part;
	}
}

/* The stored bytes become a blob, of which the file is made as pieces and holes. */
static int read_pieces(struct apply_run *run, const struct tar_entry *entry, struct digest *digest,
		       struct object_id *ret, struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	uint64_t at = 0, written;
	int r = blob_writer_begin(run->apply->txn, &writer, err);

	if (entry->stored > DIR_INLINE_MAX)
		begin_blob(run);
	for (size_t i = 0; i < entry->piece_count && r == 0; i++) {
		const struct tar_piece *piece = &entry->pieces[i];

		digest_zeros(digest, piece->offset - at);
		r = stream_bytes(run, writer, digest, piece->length, err);
		at = piece->offset + piece->length;
	}
	digest_zeros(digest, entry->size - at);
	if (r == 0)
		r = blob_writer_finish(writer, ret, &written, err);
	if (r < 0 || entry->stored <= DIR_INLINE_MAX)
		return r;
	/* The store may have the file whole already: then nothing else keeps its pieces. */
	if (run->apply->recipe)
		add_blob(&run->apply->spare, ret, entry->stored);
	return end_blob(run, ret, entry->stored, err);
}

static void add_pieces(struct extents *extents, const struct tar_entry *entry,
		       const struct object_id *pieces)
{
	static const struct object_id hole;
	uint64_t from = 0;

	for (size_t i = 0; i < entry->piece_count; i++) {
		const struct tar_piece *piece = &entry->pieces[i];

		if (piece->offset > extents->size)
			extents_add(extents, &hole, 0, piece->offset - extents->size);
		extents_add(extents, pieces, from, piece->length);
		from += piece->length;
	}
	if (entry->size > extents->size)
		extents_add(extents, &hole, 0, entry->size - extents->size);
}

static int take_sparse(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		       struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct object_id pieces, id;
	struct digest *digest;
	int r;

	if (entry->size <= APPLY_BUFFER)
		return take_small_sparse(run, entry, node, err);
	if (entry->size > LAYER_SPARSE_MAX)
		return error_set(err, -E2BIG, "a sparse file larger than %llu GiB",
				 (unsigned long long)(LAYER_SPARSE_MAX >> 30));
	digest = digest_new();
	r = read_pieces(run, entry, digest, &pieces, err);
	digest_peek(digest, id.bytes);
	digest_free(digest);
	if (r < 0)
		return r;
	add_pieces(&extents, entry, &pieces);
	r = store_txn_put_extents(run->apply->txn, &id, &extents, err);
	if (r == 0)
		node_set_blob(run->tree, node, &id, entry->size);
	return r;
}

int apply_content(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		  struct error *err)
{
	run->apply->file_bytes += entry->size;
	if (entry->sparse)
		return take_sparse(run, entry, node, err);
	if (entry->size <= APPLY_BUFFER)
		return take_small(run, entry->size, node, err);
	return take_large(run, entry->size, node, err);
}
