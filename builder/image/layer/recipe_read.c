/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/image/layer/recipe.h"
#include "builder/image/layer/recipe_format.h"
#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/compress.h"
#include "fs/base/error.h"
#include "fs/store/store.h"

struct recipe_reader {
	struct byte_source base;
	struct store *store;
	struct object_id recipe;
	uint64_t offset; /* in the recipe's blob */
	struct decompressor *decompressor;
	struct buf packed, frame;
	size_t at; /* in the frame */

	/* the operation under way */
	bool blob;
	struct object_id id;
	uint64_t blob_offset;
	uint64_t left;

	uint64_t done; /* bytes of the archive */
	bool ended;
};

static int damaged(const struct recipe_reader *reader, struct error *err)
{
	return error_set(err, -EBADMSG,
			 "object %s: a damaged recipe of a layer; pull or load its image again",
			 object_id_hex(&reader->recipe).text);
}

static int read_exactly(struct recipe_reader *reader, void *data, size_t size, struct error *err)
{
	char *at = data;

	while (size > 0) {
		ssize_t n =
			store_pread(reader->store, &reader->recipe, at, size, reader->offset, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return damaged(reader, err);
		at += n;
		size -= (size_t)n;
		reader->offset += (uint64_t)n;
	}
	return 0;
}

int recipe_reader_open(struct store *store, const struct object_id *recipe,
		       struct recipe_reader **ret, struct error *err)
{
	cleanup_with(recipe_reader_close) struct recipe_reader *reader = xcalloc(1, sizeof *reader);
	uint8_t head[8 + RECIPE_SPACE];
	int r;

	reader->store = store;
	reader->recipe = *recipe;
	reader->decompressor = decompressor_new();
	r = read_exactly(reader, head, sizeof head, err);
	if (r < 0)
		return r;
	if (memcmp(head, RECIPE_MAGIC, 4) != 0 || get_le32(head + 4) != RECIPE_VERSION)
		return damaged(reader, err);
	*ret = take_ptr(&reader);
	return 0;
}

static int next_frame(struct recipe_reader *reader, struct error *err)
{
	uint32_t packed, size;
	uint8_t head[8];
	int r = read_exactly(reader, head, 4, err);

	if (r < 0)
		return r;
	packed = get_le32(head);
	if (!packed || packed > compressor_bound(RECIPE_FRAME_MAX))
		return damaged(reader, err);
	r = read_exactly(reader, head + 4, 4, err);
	if (r < 0)
		return r;
	size = get_le32(head + 4);
	if (!size || size > RECIPE_FRAME_MAX)
		return damaged(reader, err);
	buf_clear(&reader->packed);
	buf_reserve(&reader->packed, packed);
	r = read_exactly(reader, reader->packed.data, packed, err);
	if (r < 0)
		return r;
	buf_clear(&reader->frame);
	buf_reserve(&reader->frame, size);
	r = decompressor_run(reader->decompressor, reader->packed.data, packed, reader->frame.data,
			     size);
	if (r < 0)
		return damaged(reader, err);
	reader->frame.length = size;
	reader->at = 0;
	return 0;
}

/* Bytes of the frame that are not used yet. */
static size_t frame_left(const struct recipe_reader *reader)
{
	return reader->frame.length - reader->at;
}

static const uint8_t *frame_at(const struct recipe_reader *reader)
{
	return (const uint8_t *)reader->frame.data + reader->at;
}

static bool take_varint(struct recipe_reader *reader, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63 && frame_left(reader) > 0; shift += 7) {
		uint8_t byte = *frame_at(reader);

		reader->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return value > 0;
		}
	}
	return false;
}

static int end(struct recipe_reader *reader, struct error *err)
{
	uint8_t zero[4];
	int r;

	if (frame_left(reader) != 8 || get_le64(frame_at(reader)) != reader->done)
		return damaged(reader, err);
	r = read_exactly(reader, zero, sizeof zero, err);
	if (r < 0)
		return r;
	if (get_le32(zero) != 0)
		return damaged(reader, err);
	reader->ended = true;
	return 0;
}

static int next_operation(struct recipe_reader *reader, struct error *err)
{
	uint8_t operation;
	int r = frame_left(reader) ? 0 : next_frame(reader, err);

	if (r < 0)
		return r;
	operation = *frame_at(reader);
	reader->at++;
	if (operation == RECIPE_END)
		return end(reader, err);
	reader->blob = operation == RECIPE_BLOB;
	if (reader->blob) {
		if (frame_left(reader) < sizeof reader->id.bytes)
			return damaged(reader, err);
		memcpy(reader->id.bytes, frame_at(reader), sizeof reader->id.bytes);
		reader->at += sizeof reader->id.bytes;
		reader->blob_offset = 0;
	} else if (operation != RECIPE_LITERAL) {
		return damaged(reader, err);
	}
	if (!take_varint(reader, &reader->left) ||
	    (!reader->blob && reader->left > frame_left(reader)))
		return damaged(reader, err);
	return 0;
}

static ssize_t read_archive(struct byte_source *base, void *data, size_t size, struct error *err)
{
	struct recipe_reader *reader = (struct recipe_reader *)base;
	ssize_t n;

	while (!reader->left && !reader->ended) {
		int r = next_operation(reader, err);

		if (r < 0)
			return r;
	}
	if (size > reader->left)
		size = reader->left;
	if (size == 0)
		return 0;
	if (reader->blob) {
		n = store_pread(reader->store, &reader->id, data, size, reader->blob_offset, err);
		if (n <= 0)
			return n < 0 ? n : damaged(reader, err);
		reader->blob_offset += (uint64_t)n;
	} else {
		memcpy(data, frame_at(reader), size);
		reader->at += size;
		n = (ssize_t)size;
	}
	reader->left -= (uint64_t)n;
	reader->done += (uint64_t)n;
	return n;
}

struct byte_source *recipe_reader_source(struct recipe_reader *reader)
{
	reader->base.read = read_archive;
	return &reader->base;
}

void recipe_reader_close(struct recipe_reader *reader)
{
	if (!reader)
		return;
	if (reader->decompressor)
		decompressor_free(reader->decompressor);
	buf_release(&reader->packed);
	buf_release(&reader->frame);
	free(reader);
}
