/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/frame.h"

#include <errno.h>
#include <string.h>

#include "fs/base/bytes.h"
#include "fs/base/compress.h"
#include "fs/base/hash.h"

static const char magic[4] = { 'F', 'R', 'M', '1' };

/* Below this there is nothing to gain. */
#define COMPRESS_MIN 64

bool frame_draft_has_room(const struct frame_draft *draft, size_t length)
{
	return draft->count < PACK_FRAME_OBJECTS_MAX &&
	       length <= PACK_FRAME_MAX - draft->data.length;
}

static void add_leb128(struct buf *buf, uint64_t value)
{
	while (value >= 0x80) {
		buf_add_char(buf, (char)(value | 0x80));
		value >>= 7;
	}
	buf_add_char(buf, (char)value);
}

void frame_draft_add(struct frame_draft *draft, enum object_kind kind, uint64_t length,
		     const void *data, size_t size)
{
	add_leb128(&draft->table, length << 4 | (uint64_t)kind);
	draft->count++;
	buf_append(&draft->data, data, size);
}

void frame_draft_continue(struct frame_draft *draft, const void *data, size_t size)
{
	buf_append(&draft->data, data, size);
}

void frame_draft_clear(struct frame_draft *draft)
{
	buf_clear(&draft->data);
	buf_clear(&draft->table);
	draft->count = 0;
}

void frame_draft_release(struct frame_draft *draft)
{
	buf_release(&draft->data);
	buf_release(&draft->table);
	draft->count = 0;
}

/* The payload compressed to the end of `ret`: its size, or 0 when it would not pay. */
static size_t try_compress(const struct buf *data, struct compressor *compressor, struct buf *ret)
{
	size_t limit = data->length - data->length / 20, size;

	if (data->length < COMPRESS_MIN)
		return 0;
	buf_reserve(ret, limit);
	if (compressor_run(compressor, data->data, data->length, ret->data + ret->length, limit,
			   &size) < 0)
		return 0;
	return size;
}

void frame_encode(const struct frame_draft *draft, struct compressor *compressor, struct buf *ret,
		  struct pack_frame *ret_frame)
{
	struct pack_frame frame = { .table_size = (uint32_t)draft->table.length,
				    .size = (uint32_t)draft->data.length };
	size_t start = ret->length;
	uint8_t *head;

	buf_add_zeros(ret, PACK_FRAME_HEAD_SIZE);
	if (draft->table.length)
		buf_append(ret, draft->table.data, draft->table.length);
	frame.payload_size = (uint32_t)try_compress(&draft->data, compressor, ret);
	if (frame.payload_size) {
		frame.kind = PACK_FRAME_ZSTD;
		ret->length += frame.payload_size;
		ret->data[ret->length] = '\0';
	} else {
		frame.kind = PACK_FRAME_RAW;
		frame.payload_size = frame.size;
		if (frame.size)
			buf_append(ret, draft->data.data, frame.size);
	}
	head = (uint8_t *)ret->data + start;
	memcpy(head, magic, sizeof magic);
	head[4] = frame.kind;
	put_le16(head + 6, draft->count);
	put_le32(head + 8, frame.table_size);
	put_le32(head + 12, frame.payload_size);
	put_le32(head + 16, frame.size);
	frame.crc = crc32c(crc32c(0, head, 20), head + PACK_FRAME_HEAD_SIZE,
			   (size_t)frame.table_size + frame.payload_size);
	put_le32(head + 20, frame.crc);
	*ret_frame = frame;
}

bool frame_head_decode(const uint8_t head[PACK_FRAME_HEAD_SIZE], struct pack_frame *ret,
		       uint16_t *ret_count)
{
	struct pack_frame frame = { .kind = head[4],
				    .table_size = get_le32(head + 8),
				    .payload_size = get_le32(head + 12),
				    .size = get_le32(head + 16),
				    .crc = get_le32(head + 20) };

	/* A payload of an unknown kind may carry more than its bytes, but not without end. */
	if (memcmp(head, magic, sizeof magic) != 0 || frame.table_size > PACK_TABLE_MAX ||
	    frame.payload_size > 2 * PACK_FRAME_MAX || frame.size > PACK_FRAME_MAX)
		return false;
	*ret = frame;
	*ret_count = get_le16(head + 6);
	return true;
}

bool frame_is_sound(const uint8_t *frame_bytes, const struct pack_frame *frame)
{
	uint32_t crc = crc32c(0, frame_bytes, 20);

	return crc32c(crc, frame_bytes + PACK_FRAME_HEAD_SIZE,
		      (size_t)frame->table_size + frame->payload_size) == frame->crc;
}

bool frame_table_next(const uint8_t **at, const uint8_t *end, enum object_kind *ret_kind,
		      uint64_t *ret_length)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_kind = (enum object_kind)(value & 15);
			*ret_length = value >> 4;
			return true;
		}
	}
	return false;
}

int frame_decode(const struct pack_frame *frame, const uint8_t *payload,
		 struct decompressor *decompressor, uint8_t *out)
{
	if (frame->kind == PACK_FRAME_ZSTD)
		return decompressor_run(decompressor, payload, frame->payload_size, out,
					frame->size);
	if (frame->kind != PACK_FRAME_RAW)
		return -EOPNOTSUPP;
	if (frame->payload_size != frame->size)
		return -EBADMSG;
	if (frame->size)
		memcpy(out, payload, frame->size);
	return 0;
}
