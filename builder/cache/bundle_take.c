/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a bundle, into a store. */
#include <errno.h>

#include "builder/cache/bundle.h"
#include "fs/base/alloc.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"
#include "fs/object/extents.h"
#include "fs/store/gc/children.h"
#include "fs/store/store.h"

struct taking {
	struct store_txn *txn;
	struct blob_writer *writer;
	int cancel_fd;
};

/* Its pieces have to be there. */
static int take_composed(struct taking *taking, const struct buf *bytes, struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct object_id id;
	int r = extents_decode(bytes->data, bytes->length, &extents, err);

	for (size_t i = 0; i < extents.count && r == 0; i++) {
		const struct object_id *source = &extents.items[i].source;
		int there = object_id_is_zero(source) ? 1 : store_txn_has(taking->txn, source, err);

		if (there == 0)
			r = error_set(err, -ENOENT, "object %s is missing",
				      object_id_hex(source).text);
		else if (there < 0)
			r = there;
	}
	return r < 0 ? r : store_txn_put_composed(taking->txn, &extents, &id, err);
}

static int take_object(void *context, enum object_kind kind, const struct buf *bytes,
		       struct error *err)
{
	struct taking *taking = context;
	struct child_list children = { 0 };
	struct object_id id;
	int r = cancel_check(taking->cancel_fd, err);

	if (r < 0)
		return r;
	if (kind == OBJECT_EXTENTS)
		return take_composed(taking, bytes, err);
	/* What cannot be read is not let in. */
	r = kind_has_children(kind) ? children_add(&children, kind, bytes->data, bytes->length, err)
				    : 0;
	child_list_release(&children);
	return r < 0 ? r
		     : store_txn_put(taking->txn, kind, buf_string(bytes), bytes->length, &id, err);
}

static int begin_blob(void *context, struct error *err)
{
	struct taking *taking = context;

	return blob_writer_begin(taking->txn, &taking->writer, err);
}

static int add_to_blob(void *context, const void *data, size_t size, struct error *err)
{
	struct taking *taking = context;
	int r = cancel_check(taking->cancel_fd, err);

	return r < 0 ? r : blob_writer_add(taking->writer, data, size, err);
}

static int end_blob(void *context, struct error *err)
{
	struct taking *taking = context;
	struct object_id id;
	uint64_t size;
	int r = blob_writer_finish(taking->writer, &id, &size, err);

	blob_writer_free(take_ptr(&taking->writer));
	return r;
}

int bundle_take(struct byte_source *from, struct store_txn *txn, int cancel_fd, struct error *err)
{
	struct taking taking = { .txn = txn, .cancel_fd = cancel_fd };
	const struct bundle_taker taker = { .object = take_object,
					    .begin = begin_blob,
					    .add = add_to_blob,
					    .end = end_blob,
					    .context = &taking };
	int r = bundle_read(from, &taker, err);

	blob_writer_free(taking.writer);
	return r;
}
