/* SPDX-License-Identifier: Apache-2.0 */
/* What objects hold. */
#include <errno.h>
#include <limits.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/store/store_internal.h"

/* A list of a million pieces; nobody gets there by editing files. */
#define EXTENTS_OBJECT_MAX ((size_t)64 << 20)
/* So much of one file is mapped before that is undone. */
#define VIEWED_MANY ((uint64_t)8 << 20)
#define VIEWED_AREA ((uint64_t)2 << 20)

/* A disk that has had it, in tests. */
static int fail_reading(const struct object_id *id, struct error *err)
{
	int r = fault("store.read");

	return r < 0 ? error_errno(err, r, "cannot read object %s", object_id_hex(id).text) : 0;
}

static int missing(const struct store *store, const struct object_id *id, struct error *err)
{
	return error_set(err, -ENOENT,
			 "object %s is not in the store '%s'; 'varve fsck' says what needs it",
			 object_id_hex(id).text, store->path);
}

void store_chunk_release(struct store_chunk *chunk)
{
	frame_pin_release(&chunk->pin);
	store_object_release(&chunk->object);
	*chunk = (struct store_chunk){ 0 };
}

/* A piece of what is stored as it is. Takes over `object`, which was found to be opened. */
static int plain_chunk(struct store *store, const struct object_id *id, struct store_object *object,
		       uint64_t offset, uint64_t size, struct store_chunk *ret, struct error *err)
{
	struct store_chunk chunk = { .object = *object };
	struct pack_piece piece = { 0 };
	int r;

	*object = (struct store_object){ 0 };
	if (offset >= chunk.object.size || size == 0) {
		store_chunk_release(&chunk);
		return 0;
	}
	if (size > chunk.object.size - offset)
		size = chunk.object.size - offset;
	if (chunk.object.blob) {
		chunk.type = CHUNK_FILE;
		chunk.file = chunk.object.blob->value;
		chunk.file_offset = offset;
		chunk.size = size;
		*ret = chunk;
		return 1;
	}
	r = pack_view(chunk.object.pack, store->frames, &chunk.object.info, offset, &piece, err);
	if (r < 0) {
		store_chunk_release(&chunk);
		return error_prefix(err, r, "object %s", object_id_hex(id).text);
	}
	chunk.bytes = piece.data;
	chunk.size = size < piece.size ? size : piece.size;
	chunk.pin = piece.pin;
	*ret = chunk;
	return 1;
}

/* The decoded list of a blob that is stored as extents, pinned. */
static int load_extents(struct store *store, const struct object_id *id,
			const struct store_object *object, struct lru_entry **ret,
			struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct extents *value;
	int r = store_read_stored(id, object, EXTENTS_OBJECT_MAX, &bytes, err);

	if (r < 0)
		return r;
	r = extents_decode(bytes.data, bytes.length, &extents, err);
	if (r < 0)
		return error_prefix(err, r, "object %s", object_id_hex(id).text);
	value = xmalloc(sizeof *value);
	*value = extents;
	extents = (struct extents){ 0 };
	*ret = lru_add(store->extents, id->bytes, value);
	return 0;
}

static int extent_chunk(struct store *store, const struct object_id *id,
			const struct extents *extents, uint64_t offset, uint64_t size,
			struct store_chunk *ret, struct error *err)
{
	struct store_object object = { 0 };
	const struct extent *piece;
	uint64_t inside;
	int r;

	if (offset >= extents->size || size == 0)
		return 0;
	piece = &extents->items[extents_find(extents, offset, &inside)];
	if (size > piece->length - inside)
		size = piece->length - inside;
	if (object_id_is_zero(&piece->source)) {
		*ret = (struct store_chunk){ .type = CHUNK_HOLE, .size = size };
		return 1;
	}
	r = store_find(store, &piece->source, STORE_FIND_OPEN | STORE_FIND_PLAIN, &object, err);
	if (r == 0)
		r = missing(store, &piece->source, err);
	if (r > 0)
		r = plain_chunk(store, &piece->source, &object, piece->source_offset + inside, size,
				ret, err);
	if (r == 0)
		r = error_set(err, -EBADMSG, "object %s is shorter than what is taken from it",
			      object_id_hex(&piece->source).text);
	if (r < 0)
		return error_prefix(err, r == -ENOENT ? -EBADMSG : r, "blob %s",
				    object_id_hex(id).text);
	return r;
}

/* Find a blob: where its bytes are, or its list of extents. */
static int find_blob(struct store *store, const struct object_id *id, struct store_object *ret,
		     struct lru_entry **ret_extents, struct error *err)
{
	struct lru_entry *extents = lru_get(store->extents, id->bytes);
	int r;

	if (extents) {
		*ret_extents = extents;
		return 0;
	}
	r = store_find(store, id, STORE_FIND_OPEN, ret, err);
	if (r == 0)
		return missing(store, id, err);
	/* A file may hold the very bytes of a directory object: they are one object then. */
	if (r < 0 || ret->blob || ret->info.kind != OBJECT_EXTENTS)
		return r < 0 ? r : 0;
	r = load_extents(store, id, ret, ret_extents, err);
	store_object_release(ret);
	return r;
}

int store_chunk_at(struct store *store, const struct object_id *id, uint64_t offset, uint64_t size,
		   struct store_chunk *ret, struct error *err)
{
	struct store_object object = { 0 };
	struct lru_entry *extents = NULL;
	int r = fail_reading(id, err);

	if (r == 0)
		r = find_blob(store, id, &object, &extents, err);
	if (r < 0)
		return r;
	if (!extents)
		return plain_chunk(store, id, &object, offset, size, ret, err);
	r = extent_chunk(store, id, extents->value, offset, size, ret, err);
	lru_unpin(store->extents, extents);
	return r;
}

int store_stat(struct store *store, const struct object_id *id, struct object_info *ret,
	       struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	struct lru_entry *extents = NULL;
	int r = store_find(store, id, 0, &object, err);

	if (r <= 0)
		return r;
	if (object.pack && object.info.kind == OBJECT_EXTENTS) {
		extents = lru_get(store->extents, id->bytes);
		if (!extents)
			r = load_extents(store, id, &object, &extents, err);
		if (!extents)
			return r;
		*ret = (struct object_info){ OBJECT_BLOB,
					     ((struct extents *)extents->value)->size };
		lru_unpin(store->extents, extents);
		return 1;
	}
	ret->kind = object.pack ? object.info.kind : OBJECT_BLOB;
	ret->size = object.size;
	return 1;
}

/* Copy a chunk's bytes, as many as the file still has. */
static ssize_t chunk_copy(const struct store_chunk *chunk, const struct object_id *id, void *data,
			  struct error *err)
{
	ssize_t n;

	if (chunk->type == CHUNK_HOLE) {
		memset(data, 0, (size_t)chunk->size);
		return (ssize_t)chunk->size;
	}
	if (chunk->type == CHUNK_BYTES) {
		memcpy(data, chunk->bytes, (size_t)chunk->size);
		return (ssize_t)chunk->size;
	}
	do {
		n = pread(chunk->file->fd, data, (size_t)chunk->size, (off_t)chunk->file_offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, -errno, "cannot read object %s", object_id_hex(id).text);
	if (n == 0)
		return error_set(err, -EBADMSG,
				 "object %s has lost bytes; 'varve fsck --repair' mends the store",
				 object_id_hex(id).text);
	return n;
}

ssize_t store_pread(struct store *store, const struct object_id *id, void *data, size_t size,
		    uint64_t offset, struct error *err)
{
	size_t done = 0;

	if (size > SSIZE_MAX)
		size = SSIZE_MAX;
	while (done < size) {
		cleanup_with(store_chunk_release) struct store_chunk chunk = { 0 };
		int r = store_chunk_at(store, id, offset + done, size - done, &chunk, err);
		ssize_t n;

		if (r < 0)
			return r;
		if (r == 0)
			break;
		n = chunk_copy(&chunk, id, (char *)data + done, err);
		if (n < 0)
			return n;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void store_look_away(struct store *store)
{
	if (!store->viewed)
		return;
	loose_look_away(store->viewed->value);
	lru_unpin(store->blobs, store->viewed);
	store->viewed = NULL;
	store->viewed_bytes = 0;
}

/*
 * Many large files that are read one after the other would all count as memory of ours. The kernel
 * may map a whole area for one byte in it.
 */
static void note_viewed(struct store *store, struct store_chunk *chunk)
{
	uint64_t area = chunk->file_offset / VIEWED_AREA;

	if (store->viewed != chunk->object.blob || store->viewed_bytes >= VIEWED_MANY)
		store_look_away(store);
	store->viewed_bytes +=
		store->viewed && area == store->viewed_area ? chunk->size : VIEWED_AREA;
	store->viewed_area = area;
	if (!store->viewed)
		store->viewed = take_ptr(&chunk->object.blob);
}

ssize_t store_view(struct store *store, const struct object_id *id, size_t size, uint64_t offset,
		   const void **ret, struct error *err)
{
	static const uint8_t zeros[65536];
	cleanup_with(store_chunk_release) struct store_chunk chunk = { 0 };
	const uint8_t *map;
	int r = store_chunk_at(store, id, offset, size < SSIZE_MAX ? size : SSIZE_MAX, &chunk, err);

	if (r <= 0)
		return r;
	/* Letting go of the chunk leaves it in its cache, from where the next call may push it. */
	switch (chunk.type) {
	case CHUNK_HOLE:
		*ret = zeros;
		return (ssize_t)(chunk.size < sizeof zeros ? chunk.size : sizeof zeros);
	case CHUNK_BYTES:
		*ret = chunk.bytes;
		return (ssize_t)chunk.size;
	case CHUNK_FILE:
	default:
		r = loose_map(chunk.file, &map, err);
		if (r < 0)
			return error_prefix(err, r, "object %s", object_id_hex(id).text);
		*ret = map + chunk.file_offset;
		note_viewed(store, &chunk);
		return (ssize_t)chunk.size;
	}
}

/* A blob of whatever form, appended. */
static int read_blob(struct store *store, const struct object_id *id, size_t limit, struct buf *ret,
		     struct error *err)
{
	size_t before = ret->length;
	struct object_info info;
	ssize_t n;
	int r = store_stat(store, id, &info, err);

	if (r == 0)
		return missing(store, id, err);
	if (r < 0)
		return r;
	if (info.size > limit)
		return error_set(err, -E2BIG, "object %s has %llu bytes, more than %zu",
				 object_id_hex(id).text, (unsigned long long)info.size, limit);
	buf_reserve(ret, (size_t)info.size);
	n = store_pread(store, id, ret->data + before, (size_t)info.size, 0, err);
	if (n < 0)
		return (int)n;
	if ((uint64_t)n != info.size)
		return error_set(err, -EBADMSG, "object %s has lost bytes", object_id_hex(id).text);
	ret->length = before + (size_t)n;
	buf_truncate(ret, ret->length);
	return 0;
}

int store_read(struct store *store, const struct object_id *id, enum object_kind kind, size_t limit,
	       struct buf *ret, struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	int r;

	if (kind == OBJECT_BLOB)
		return read_blob(store, id, limit, ret, err);
	r = fail_reading(id, err);
	if (r < 0)
		return r;
	r = store_find(store, id, STORE_FIND_PACKED, &object, err);
	if (r == 0)
		return missing(store, id, err);
	if (r < 0)
		return r;
	if (object.info.kind != kind && object.info.kind != OBJECT_BLOB)
		return error_set(err, -EBADMSG,
				 "object %s is of kind %u where one of kind %u is needed",
				 object_id_hex(id).text, object.info.kind, kind);
	return store_read_stored(id, &object, limit, ret, err);
}

int store_extents(struct store *store, const struct object_id *id, struct extents *ret,
		  struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	struct lru_entry *entry = NULL;
	int r = find_blob(store, id, &object, &entry, err);

	if (r == 0 && !entry)
		extents_add(ret, id, 0, object.size);
	if (entry) {
		const struct extents *extents = entry->value;

		for (size_t i = 0; i < extents->count; i++)
			extents_add(ret, &extents->items[i].source, extents->items[i].source_offset,
				    extents->items[i].length);
		lru_unpin(store->extents, entry);
	}
	return r;
}
