/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/group_writer.h"

#include <stddef.h>

#include "builder/cache/bundle.h"
#include "fs/base/alloc.h"
#include "fs/base/digest.h"
#include "fs/base/error.h"
#include "fs/object/extents.h"
#include "fs/object/snapshot_record.h"

static struct group_writer *writer_of(struct transfer_target *target)
{
	return (struct group_writer *)((char *)target - offsetof(struct group_writer, target));
}

/* ---- what belongs where ---- */

static int has(struct transfer_target *target, const struct child *child, struct error *err)
{
	struct group_writer *writer = writer_of(target);
	size_t group;

	(void)err;
	if (writer->trees && child->role == CHILD_SNAPSHOT)
		return 1; /* looked at, and left to others */
	if (id_set_contains(&writer->apart, &child->id))
		return 2;
	if (id_map_find(&writer->known, &child->id, &group)) {
		if (writer->needs && group != writer->group)
			positions_add(writer->needs, group);
		return 2;
	}
	id_map_put(&writer->known, &child->id, writer->group);
	/* Of a directory, what is in it is looked at nevertheless. */
	return writer->is_marking;
}

/* What a record refers to and is no tree. */
static int set_apart(struct group_writer *writer, const struct buf *bytes, struct error *err)
{
	struct snapshot_record record;
	int r = snapshot_record_decode(bytes->data, bytes->length, &record, err);

	if (r < 0)
		return r;
	if (!object_id_is_zero(&record.config))
		(void)id_set_add(&writer->apart, &record.config);
	if (!object_id_is_zero(&record.layer))
		(void)id_set_add(&writer->apart, &record.layer);
	return 0;
}

/* ---- what goes into the bundle ---- */

static int open_bundle(struct group_writer *writer, struct error *err)
{
	int r;

	if (writer->compress)
		return 0;
	r = compress_open(writer->compression, writer->level, 0, writer->to, &writer->compress,
			  err);
	return r < 0 ? r : bundle_write_begin(compress_sink(writer->compress), err);
}

static int write_head(struct group_writer *writer, enum object_kind kind, uint64_t size,
		      struct error *err)
{
	int r = open_bundle(writer, err);

	writer->objects++;
	return r < 0 ? r : bundle_write_head(compress_sink(writer->compress), kind, size, err);
}

static int write_whole(struct group_writer *writer, enum object_kind kind, const struct buf *bytes,
		       struct error *err)
{
	int r = write_head(writer, kind, bytes->length, err);

	return r < 0 ? r
		     : sink_write(compress_sink(writer->compress), bytes->data, bytes->length, err);
}

static int put(struct transfer_target *target, enum object_kind kind, const struct object_id *id,
	       const struct buf *bytes, struct error *err)
{
	struct group_writer *writer = writer_of(target);

	(void)id;
	if (writer->trees && kind == OBJECT_SNAPSHOT)
		return set_apart(writer, bytes, err);
	return writer->is_marking ? 0 : write_whole(writer, kind, bytes, err);
}

static int begin(struct transfer_target *target, uint64_t size, struct error *err)
{
	struct group_writer *writer = writer_of(target);

	writer->digest = digest_new();
	return write_head(writer, OBJECT_BLOB, size, err);
}

static int add(struct transfer_target *target, const void *data, size_t size, struct error *err)
{
	struct group_writer *writer = writer_of(target);

	digest_update(writer->digest, data, size);
	return sink_write(compress_sink(writer->compress), data, size, err);
}

static void drop(struct transfer_target *target)
{
	digest_free(take_ptr(&writer_of(target)->digest));
}

static int end(struct transfer_target *target, struct object_id *ret, struct error *err)
{
	(void)err;
	digest_peek(writer_of(target)->digest, ret->bytes);
	drop(target);
	return 0;
}

static int compose(struct transfer_target *target, const struct extents *extents,
		   struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };

	extents_encode(extents, &bytes);
	*ret = extents_own_id(bytes.data, bytes.length);
	return write_whole(writer_of(target), OBJECT_EXTENTS, &bytes, err);
}

/* ---- one group ---- */

static int go_through(struct group_writer *writer, const struct object_id *snapshot,
		      struct error *err)
{
	struct transfer transfer = { .from = writer->from, .cancel_fd = writer->cancel_fd };
	int r;

	writer->target = (struct transfer_target){ .has = has,
						   .put = put,
						   .begin = begin,
						   .add = add,
						   .end = end,
						   .drop = drop,
						   .compose = compose };
	r = transfer_to(&transfer, &writer->target, snapshot, err);
	transfer_release(&transfer);
	id_set_release(&writer->apart);
	writer->apart = (struct id_set){ 0 };
	return r;
}

static int close_bundle(struct group_writer *writer, struct error *err)
{
	int r = bundle_write_end(compress_sink(writer->compress), err);

	return r < 0 ? r : compress_finish(writer->compress, err);
}

int cache_group_write(struct group_writer *writer, const struct object_id *snapshot, bool trees,
		      size_t group, struct positions *ret_needs, struct error *err)
{
	int r;

	writer->group = group;
	writer->trees = trees;
	writer->is_marking = false;
	writer->needs = ret_needs;
	r = go_through(writer, snapshot, err);
	if (r == 0 && writer->compress)
		r = close_bundle(writer, err);
	compress_close(take_ptr(&writer->compress));
	digest_free(take_ptr(&writer->digest));
	return r;
}

int cache_group_mark(struct group_writer *writer, const struct object_id *snapshot, bool trees,
		     size_t group, struct error *err)
{
	writer->group = group;
	writer->trees = trees;
	writer->is_marking = true;
	writer->needs = NULL;
	return go_through(writer, snapshot, err);
}

void group_writer_release(struct group_writer *writer)
{
	id_map_release(&writer->known);
	id_set_release(&writer->apart);
}
