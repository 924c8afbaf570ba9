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

static int missing(const struct object_id *id, struct error *err)
{
	return error_set(err, -ENOENT, "object %s is missing", object_id_hex(id).text);
}

/* ---- blobs ---- */

static int copy_parts(struct transfer *transfer, struct transfer_target *target,
		      const struct object_id *id, struct error *err)
{
	cleanup_free char *piece = xmalloc(PIECE);
	uint64_t offset = 0;
	ssize_t size;
	int r = 0;

	while (r == 0 && (size = store_pread(transfer->from, id, piece, PIECE, offset, err)) != 0) {
		if (size < 0)
			return (int)size;
		r = target->add(target, piece, (size_t)size, err);
		offset += (uint64_t)size;
		if (r == 0)
			r = cancel_check(transfer->cancel_fd, err);
	}
	return r;
}

static int copy_bytes(struct transfer *transfer, struct transfer_target *target,
		      const struct object_id *id, uint64_t size, struct error *err)
{
	struct object_id got;
	int r = target->begin(target, size, err);

	if (r < 0)
		return r;
	r = copy_parts(transfer, target, id, err);
	if (r == 0)
		r = target->end(target, &got, err);
	else
		target->drop(target);
	return r < 0 ? r : check_id(id, &got, err);
}

static int copy_source(struct transfer *transfer, struct transfer_target *target,
		       const struct object_id *id, struct error *err)
{
	const struct child child = { *id, CHILD_SOURCE };
	struct object_info info;
	int r;

	if (object_id_is_zero(id))
		return 0; /* a hole */
	r = target->has(target, &child, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = store_stat(transfer->from, id, &info, err);
	if (r == 0)
		return missing(id, err);
	return r < 0 ? r : copy_bytes(transfer, target, id, info.size, err);
}

/* One that is named by the list of its pieces: those first. */
static int copy_composed(struct transfer *transfer, struct transfer_target *target,
			 const struct object_id *id, const struct extents *extents,
			 struct error *err)
{
	struct object_id got;
	int r = 0;

	for (size_t i = 0; i < extents->count && r == 0; i++)
		r = copy_source(transfer, target, &extents->items[i].source, err);
	if (r == 0)
		r = target->compose(target, extents, &got, err);
	return r < 0 ? r : check_id(id, &got, err);
}

static int copy_blob(struct transfer *transfer, struct transfer_target *target,
		     const struct object_id *id, uint64_t size, struct error *err)
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
	return object_id_equal(&own, id) ? copy_composed(transfer, target, id, &extents, err)
					 : copy_bytes(transfer, target, id, size, err);
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
static int copy_whole(struct transfer *transfer, struct transfer_target *target,
		      const struct object_id *id, enum object_kind kind,
		      struct child_list *children, struct error *err)
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
	return r < 0 ? r : target->put(target, kind, id, &bytes, err);
}

static int transfer_one(struct transfer *transfer, struct transfer_target *target,
			const struct child *child, struct child_list *children, struct error *err)
{
	const struct object_id *id = &child->id;
	struct object_info info;
	int there = target->has(target, child, err), r;

	if (there < 0 || there > 1)
		return there < 0 ? there : 0;
	/* Of garbage that has not been collected there may be less than it refers to. */
	if (there > 0 && child->role != CHILD_SNAPSHOT && child->role != CHILD_DIR)
		return 0;
	r = store_stat(transfer->from, id, &info, err);
	if (r <= 0)
		return r < 0 ? r : missing(id, err);
	if (!kind_fits(child->role, info.kind))
		return error_set(err, -EBADMSG, "object %s is not what others say of it",
				 object_id_hex(id).text);
	transfer->objects += !there;
	return info.kind == OBJECT_BLOB
		       ? copy_blob(transfer, target, id, info.size, err)
		       : copy_whole(transfer, target, id, info.kind, children, err);
}

int transfer_to(struct transfer *transfer, struct transfer_target *target,
		const struct object_id *id, struct error *err)
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
			r = transfer_one(transfer, target, &child, &stack, err);
	}
	child_list_release(&stack);
	if (r < 0)
		transfer_forget(transfer);
	return r;
}

/* ---- into a transaction ---- */

struct txn_target {
	struct transfer_target base;
	struct store_txn *txn;
	struct blob_writer *writer;
};

static struct txn_target *txn_target_of(struct transfer_target *target)
{
	return (struct txn_target *)target;
}

static int txn_has(struct transfer_target *target, const struct child *child, struct error *err)
{
	return store_txn_has(txn_target_of(target)->txn, &child->id, err);
}

static int txn_put(struct transfer_target *target, enum object_kind kind,
		   const struct object_id *id, const struct buf *bytes, struct error *err)
{
	return store_txn_put_as(txn_target_of(target)->txn, kind, id, bytes->data, bytes->length,
				err);
}

static int txn_begin_blob(struct transfer_target *target, uint64_t size, struct error *err)
{
	struct txn_target *into = txn_target_of(target);

	(void)size;
	return blob_writer_begin(into->txn, &into->writer, err);
}

static int txn_add(struct transfer_target *target, const void *data, size_t size, struct error *err)
{
	return blob_writer_add(txn_target_of(target)->writer, data, size, err);
}

static void txn_drop(struct transfer_target *target)
{
	blob_writer_free(take_ptr(&txn_target_of(target)->writer));
}

static int txn_end(struct transfer_target *target, struct object_id *ret, struct error *err)
{
	uint64_t size;
	int r = blob_writer_finish(txn_target_of(target)->writer, ret, &size, err);

	txn_drop(target);
	return r;
}

static int txn_compose(struct transfer_target *target, const struct extents *extents,
		       struct object_id *ret, struct error *err)
{
	return store_txn_put_composed(txn_target_of(target)->txn, extents, ret, err);
}

int transfer_object(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		    struct error *err)
{
	struct txn_target target = { .base = { .has = txn_has,
					       .put = txn_put,
					       .begin = txn_begin_blob,
					       .add = txn_add,
					       .end = txn_end,
					       .drop = txn_drop,
					       .compose = txn_compose },
				     .txn = txn };

	return transfer_to(transfer, &target.base, id, err);
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
