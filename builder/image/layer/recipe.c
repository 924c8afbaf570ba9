/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/recipe.h"

#include "builder/image/layer/recipe_format.h"
#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/compress.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

#define FRAME_LEVEL 6

struct recipe_writer {
	struct blob_writer *blob;
	struct compressor *compressor;
	struct buf frame;   /* operations of the frame that is being filled */
	struct buf literal; /* bytes that have not become an operation yet */
	struct buf packed;
	uint64_t size;
};

int recipe_writer_begin(struct store_txn *txn, struct recipe_writer **ret, struct error *err)
{
	cleanup_with(recipe_writer_free) struct recipe_writer *writer = xcalloc(1, sizeof *writer);
	struct buf head = { 0 };
	int r = blob_writer_begin(txn, &writer->blob, err);

	if (r < 0)
		return r;
	writer->compressor = compressor_new(FRAME_LEVEL);
	buf_append(&head, RECIPE_MAGIC, 4);
	buf_add_le32(&head, RECIPE_VERSION);
	buf_add_zeros(&head, RECIPE_SPACE);
	r = blob_writer_add(writer->blob, head.data, head.length, err);
	buf_release(&head);
	if (r < 0)
		return r;
	*ret = take_ptr(&writer);
	return 0;
}

static void add_varint(struct buf *buf, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_add_char(buf, (char)(value | 0x80));
	buf_add_char(buf, (char)value);
}

static int write_frame(struct recipe_writer *writer, struct error *err)
{
	size_t capacity = compressor_bound(writer->frame.length), packed;
	uint8_t head[8];
	int r;

	if (!writer->frame.length)
		return 0;
	buf_reserve(&writer->packed, capacity);
	r = compressor_run(writer->compressor, writer->frame.data, writer->frame.length,
			   writer->packed.data, capacity, &packed);
	if (r < 0)
		return error_errno(err, r, "cannot compress a recipe");
	put_le32(head, (uint32_t)packed);
	put_le32(head + 4, (uint32_t)writer->frame.length);
	r = blob_writer_add(writer->blob, head, sizeof head, err);
	if (r == 0)
		r = blob_writer_add(writer->blob, writer->packed.data, packed, err);
	buf_clear(&writer->frame);
	return r;
}

/* An operation ends where the next one begins: frames hold whole ones only. */
static int end_operation(struct recipe_writer *writer, struct error *err)
{
	return writer->frame.length >= RECIPE_FRAME_FULL ? write_frame(writer, err) : 0;
}

static int flush_literal(struct recipe_writer *writer, struct error *err)
{
	if (!writer->literal.length)
		return 0;
	buf_add_char(&writer->frame, RECIPE_LITERAL);
	add_varint(&writer->frame, writer->literal.length);
	buf_append(&writer->frame, writer->literal.data, writer->literal.length);
	buf_clear(&writer->literal);
	return end_operation(writer, err);
}

int recipe_writer_literal(struct recipe_writer *writer, const void *data, size_t size,
			  struct error *err)
{
	const char *at = data;

	writer->size += size;
	while (size > 0) {
		size_t room = RECIPE_LITERAL_MAX - writer->literal.length;
		size_t part = size < room ? size : room;

		buf_append(&writer->literal, at, part);
		at += part;
		size -= part;
		if (writer->literal.length == RECIPE_LITERAL_MAX) {
			int r = flush_literal(writer, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int recipe_writer_blob(struct recipe_writer *writer, const struct object_id *id, uint64_t size,
		       struct error *err)
{
	int r = flush_literal(writer, err);

	if (r < 0)
		return r;
	writer->size += size;
	buf_add_char(&writer->frame, RECIPE_BLOB);
	buf_append(&writer->frame, id->bytes, sizeof id->bytes);
	add_varint(&writer->frame, size);
	return end_operation(writer, err);
}

uint64_t recipe_writer_size(const struct recipe_writer *writer)
{
	return writer->size;
}

int recipe_writer_finish(struct recipe_writer *writer, struct object_id *ret, uint64_t *ret_size,
			 struct error *err)
{
	static const uint8_t end[4];
	int r = flush_literal(writer, err);

	if (r < 0)
		return r;
	buf_add_char(&writer->frame, RECIPE_END);
	buf_add_le64(&writer->frame, writer->size);
	r = write_frame(writer, err);
	if (r == 0)
		r = blob_writer_add(writer->blob, end, sizeof end, err);
	if (r == 0)
		r = blob_writer_finish(writer->blob, ret, ret_size, err);
	return r;
}

void recipe_writer_free(struct recipe_writer *writer)
{
	if (!writer)
		return;
	blob_writer_free(writer->blob);
	if (writer->compressor)
		compressor_free(writer->compressor);
	buf_release(&writer->frame);
	buf_release(&writer->literal);
	buf_release(&writer->packed);
	free(writer);
}

static ssize_t tap_read(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct recipe_tap *tap = (struct recipe_tap *)base;
	ssize_t n = tap->from->read(tap->from, data, size, err);
	int r;

	if (n <= 0 || tap->content)
		return n;
	r = recipe_writer_literal(tap->writer, data, (size_t)n, err);
	return r < 0 ? r : n;
}

void recipe_tap_init(struct recipe_tap *tap, struct byte_source *from, struct recipe_writer *writer)
{
	*tap = (struct recipe_tap){ .base.read = tap_read, .from = from, .writer = writer };
}
