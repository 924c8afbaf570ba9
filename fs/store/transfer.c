/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/transfer.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"
#include "fs/object/dir.h"
#include "fs/store/gc/children.h"
#include "fs/store/store.h"

/* Read at once of a file. */
#define PIECE ((size_t)1 << 20)
/* A list of the pieces of a blob in memory; far more than a large file has. */
#define PIECES_MAX ((size_t)16 << 20)

static int check_id(const struct object_id *wanted, const struct object_id *got, struct error *err)
{
	if (object_id_equal(wanted, got))
		return 0;
	return error_set(err, -EBADMSG, "object %s is damaged: it has other content",
			 object_id_hex(wanted).text);
}

/* ---- blobs ---- */

static int copy_bytes(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		      struct error *err)
{
	cleanup_with(blob_writer_free) struct blob_writer *writer = NULL;
	cleanup_free char *piece = xmalloc(PIECE);
	struct object_id got;
	uint64_t offset = 0;
	ssize_t size = 0;
	int r = blob_writer_begin(txn, &writer, err);

	while (r == 0 && (size = store_pread(transfer->from, id, piece, PIECE, offset, err)) > 0) {
		r = blob_writer_add(writer, piece, (size_t)size, err);
		offset += (uint64_t)size;
		if (r == 0)
			r = cancel_check(transfer->cancel_fd, err);
	}
	if (r == 0 && size < 0)
		r = (int)size;
	if (r == 0)
		r = blob_writer_finish(writer, &got, &offset, err);
	return r < 0 ? r : check_id(id, &got, err);
}

static int copy_source(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		       struct error *err)
{
	int r;

	if (object_id_is_zero(id))
		return 0; /* a hole */
	r = store_txn_has(txn, id, err);
	return r == 0 ? copy_bytes(transfer, txn, id, err) : r < 0 ? r : 0;
}

/* One that is named by the list of its pieces: those first. */
static int copy_composed(struct transfer *transfer, struct store_txn *txn,
			 const struct object_id *id, const struct extents *extents,
			 struct error *err)
{
	struct object_id got;
	int r = 0;

	for (size_t i = 0; i < extents->count && r == 0; i++)
		r = copy_source(transfer, txn, &extents->items[i].source, err);
	if (r == 0)
		r = store_txn_put_composed(txn, extents, &got, err);
	return r < 0 ? r : check_id(id, &got, err);
}

static int copy_blob(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		     struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	cleanup_with(buf_release) struct buf encoded = { 0 };
	struct object_id own;
	int r = store_extents(transfer->from, id, &extents, err);

	if (r < 0)
		return r;
	if (extents.count > PIECES_MAX)
		return error_set(err, -E2BIG, "object %s has too many pieces",
				 object_id_hex(id).text);
	extents_encode(&extents, &encoded);
	own = extents_own_id(encoded.data, encoded.length);
	return object_id_equal(&own, id) ? copy_composed(transfer, txn, id, &extents, err)
					 : copy_bytes(transfer, txn, id, err);
}

/* ---- all kinds ---- */

static bool kind_fits(enum child_role role, enum object_kind kind)
{
	switch (role) {
	case CHILD_SNAPSHOT:
		return kind == OBJECT_SNAPSHOT;
	case CHILD_DIR:
		return kind == OBJECT_DIR;
	case CHILD_XATTRS:
		return kind == OBJECT_XATTRS;
	case CHILD_LINKS:
		return kind == OBJECT_LINKS;
	case CHILD_BLOB:
	case CHILD_SOURCE:
		break;
	}
	return kind == OBJECT_BLOB;
}

/* What is short enough to be read as a whole. */
static int copy_whole(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		      enum object_kind kind, struct child_list *children, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id got;
	int r = store_read(transfer->from, id, kind, DIR_OBJECT_MAX, &bytes, err);

	if (r < 0)
		return r;
	got = object_id_of(buf_string(&bytes), bytes.length);
	r = check_id(id, &got, err);
	if (r == 0 && kind_has_children(kind))
		r = children_add(children, kind, bytes.data, bytes.length, err);
	return r < 0 ? r : store_txn_put_as(txn, kind, id, bytes.data, bytes.length, err);
}

static int transfer_one(struct transfer *transfer, struct store_txn *txn, const struct child *child,
			struct child_list *children, struct error *err)
{
	const struct object_id *id = &child->id;
	struct object_info info;
	int there = store_txn_has(txn, id, err), r;

	/* Of garbage that has not been collected there may be less than it refers to. */
	if (there < 0 || (there > 0 && child->role != CHILD_SNAPSHOT && child->role != CHILD_DIR))
		return there < 0 ? there : 0;
	r = store_stat(transfer->from, id, &info, err);
	if (r < 0)
		return r;
	if (r == 0)
		return error_set(err, -ENOENT, "object %s is missing", object_id_hex(id).text);
	if (!kind_fits(child->role, info.kind))
		return error_set(err, -EBADMSG, "object %s is not what others say of it",
				 object_id_hex(id).text);
	transfer->objects += !there;
	return info.kind == OBJECT_BLOB ? copy_blob(transfer, txn, id, err)
					: copy_whole(transfer, txn, id, info.kind, children, err);
}

int transfer_object(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		    struct error *err)
{
	struct child_list stack = { 0 };
	int r = 0;

	array_reserve_one(stack.items, stack.count, stack.capacity);
	stack.items[stack.count++] = (struct child){ .id = *id, .role = CHILD_SNAPSHOT };
	while (stack.count && r == 0) {
		struct child child = stack.items[--stack.count];

		if (object_id_is_zero(&child.id) || !id_set_add(&transfer->done, &child.id))
			continue;
		r = cancel_check(transfer->cancel_fd, err);
		if (r == 0)
			r = transfer_one(transfer, txn, &child, &stack, err);
	}
	child_list_release(&stack);
	if (r < 0)
		transfer_forget(transfer);
	return r;
}

void transfer_forget(struct transfer *transfer)
{
	id_set_release(&transfer->done);
	transfer->done = (struct id_set){ 0 };
}

void transfer_release(struct transfer *transfer)
{
	transfer_forget(transfer);
}
