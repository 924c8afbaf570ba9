/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs stored as pieces of others. */
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/txn_internal.h"

/* Where the bytes of a piece are: 1 a plain blob of *ret_size bytes, 2 a list of extents, 0 nowhere. */
static int look_up_source(struct store_txn *txn, const struct object_id *id, uint64_t *ret_size,
			  struct extents *ret_extents, struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	const struct pack_object *packed = txn->packer ? packer_find(txn->packer, id) : NULL;
	const struct staged_blob *staged = txn_find_staged(txn, id);
	int r;

	if (staged || (packed && packed->kind != OBJECT_EXTENTS)) {
		*ret_size = staged ? staged->size : packed->length;
		return 1;
	}
	for (size_t i = 0; i < txn->extents_count; i++) {
		const struct extents *known = &txn->extents[i].extents;

		if (!object_id_equal(&txn->extents[i].id, id))
			continue;
		for (size_t j = 0; j < known->count; j++)
			extents_add(ret_extents, &known->items[j].source,
				    known->items[j].source_offset, known->items[j].length);
		return 2;
	}
	r = store_find(txn->store, id, STORE_FIND_HELD | STORE_FIND_PLAIN, &object, err);
	if (r != 0) {
		*ret_size = object.size;
		return r;
	}
	r = store_find(txn->store, id, STORE_FIND_HELD, &object, err);
	if (r <= 0)
		return r;
	r = store_extents(txn->store, id, ret_extents, err);
	return r < 0 ? r : 2;
}

/* Add a range of what `from` stands for. */
static void add_range(struct extents *ret, const struct extents *from, uint64_t offset,
		      uint64_t length)
{
	while (length > 0) {
		uint64_t inside;
		const struct extent *piece = &from->items[extents_find(from, offset, &inside)];
		uint64_t part = piece->length - inside;

		if (part > length)
			part = length;
		extents_add(ret, &piece->source,
			    object_id_is_zero(&piece->source) ? 0 : piece->source_offset + inside,
			    part);
		offset += part;
		length -= part;
	}
}

/* Append a piece so that it is taken from plain blobs only. */
static int add_flat(struct store_txn *txn, const struct extent *piece, struct extents *ret,
		    struct error *err)
{
	cleanup_with(extents_release) struct extents inner = { 0 };
	uint64_t size = 0;
	int r;

	if (object_id_is_zero(&piece->source)) {
		extents_add(ret, &piece->source, 0, piece->length);
		return 0;
	}
	r = look_up_source(txn, &piece->source, &size, &inner, err);
	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, -ENOENT,
				 "object %s, which a piece is taken from, is not in the store",
				 object_id_hex(&piece->source).text);
	if (r == 2)
		size = inner.size;
	if (piece->source_offset > size || piece->length > size - piece->source_offset)
		return error_set(err, -EINVAL, "a piece goes beyond the end of object %s",
				 object_id_hex(&piece->source).text);
	if (r == 2)
		add_range(ret, &inner, piece->source_offset, piece->length);
	else
		extents_add(ret, &piece->source, piece->source_offset, piece->length);
	return 0;
}

static void remember(struct store_txn *txn, const struct object_id *id, struct extents *extents)
{
	array_reserve_one(txn->extents, txn->extents_count, txn->extents_capacity);
	txn->extents[txn->extents_count++] = (struct staged_extents){ *id, *extents };
	*extents = (struct extents){ 0 };
}

/* The list with nothing in it but pieces of plain blobs. */
static int flatten(struct store_txn *txn, const struct extents *extents, struct extents *ret,
		   struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < extents->count && r == 0; i++)
		r = add_flat(txn, &extents->items[i], ret, err);
	return r;
}

int store_txn_put_extents(struct store_txn *txn, const struct object_id *id,
			  const struct extents *extents, struct error *err)
{
	cleanup_with(extents_release) struct extents flat = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r = store_txn_has(txn, id, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (extents->size == 0)
		return store_txn_put_as(txn, OBJECT_BLOB, id, "", 0, err);
	r = flatten(txn, extents, &flat, err);
	if (r < 0)
		return error_prefix(err, r, "blob %s", object_id_hex(id).text);
	extents_encode(&flat, &bytes);
	r = store_txn_put_as(txn, OBJECT_EXTENTS, id, bytes.data, bytes.length, err);
	if (r == 0)
		remember(txn, id, &flat);
	return r;
}

/* Whether the list is all of a plain blob: what was added to it has been taken away again. */
static int is_whole(struct store_txn *txn, const struct extents *flat, struct error *err)
{
	cleanup_with(extents_release) struct extents inner = { 0 };
	const struct extent *only = flat->items;
	uint64_t size = 0;
	int r;

	if (flat->count != 1 || object_id_is_zero(&only->source) || only->source_offset)
		return 0;
	r = look_up_source(txn, &only->source, &size, &inner, err);
	return r < 0 ? r : r == 1 && size == only->length;
}

bool store_composes(const struct store *store)
{
	return store->config.composed;
}

int store_txn_put_composed(struct store_txn *txn, const struct extents *extents,
			   struct object_id *ret, struct error *err)
{
	cleanup_with(extents_release) struct extents flat = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id id;
	int r = flatten(txn, extents, &flat, err);

	if (r == 0)
		r = is_whole(txn, &flat, err);
	if (r < 0)
		return r;
	if (r > 0) {
		*ret = flat.items[0].source;
		return 0;
	}
	extents_encode(&flat, &bytes);
	id = extents_own_id(bytes.data, bytes.length);
	r = store_txn_has(txn, &id, err);
	if (r == 0) {
		r = store_txn_put_as(txn, OBJECT_EXTENTS, &id, bytes.data, bytes.length, err);
		if (r == 0)
			remember(txn, &id, &flat);
	}
	if (r < 0)
		return r;
	*ret = id;
	return 0;
}
