/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/index.h"

#include <errno.h>

#include "fs/base/bytes.h"
#include "fs/base/checked.h"
#include "fs/base/error.h"
#include "fs/base/hash.h"

static const char head_magic[8] = { 'O', 'S', 'P', 'K', '0', '0', '0', '1' };
static const char trailer_magic[8] = { 'O', 'S', 'P', 'K', 'E', 'N', 'D', '1' };

#define TRAILER_DIGEST_OFFSET 64
#define TRAILER_CRC_OFFSET    92

/* Below so many objects a table of a kibibyte costs more than it saves. */
#define FANOUT_8_MIN  256
#define FANOUT_16_MIN (1 << 20)

static unsigned fanout_bits_for(size_t objects)
{
	if (objects < FANOUT_8_MIN)
		return 0;
	return objects < FANOUT_16_MIN ? 8 : 16;
}

static size_t fanout_size(unsigned bits)
{
	return bits ? ((size_t)4 << bits) : 0;
}

/* Reading */

/* The bytes that the parts of the index take together; false when that is no number. */
static bool index_size(const struct pack_index *index, uint64_t *ret)
{
	uint64_t objects, frames, bases, sum = fanout_size(index->fanout_bits);

	return checked_mul((uint64_t)index->object_count, OBJECT_ID_SIZE + PACK_OBJECT_RECORD_SIZE,
			   &objects) &&
	       checked_mul((uint64_t)index->frame_count, PACK_FRAME_RECORD_SIZE, &frames) &&
	       checked_mul((uint64_t)index->base_count, OBJECT_ID_SIZE, &bases) &&
	       checked_add(sum, objects, &sum) && checked_add(sum, frames, &sum) &&
	       checked_add(sum, bases, ret);
}

static int parse_trailer(const uint8_t *trailer, size_t size, struct pack_index *index,
			 struct error *err)
{
	if (memcmp(trailer, trailer_magic, sizeof trailer_magic) != 0)
		return error_set(err, -EBADMSG, "its end is missing");
	if (get_le32(trailer + TRAILER_CRC_OFFSET) != crc32c(0, trailer, TRAILER_CRC_OFFSET))
		return error_set(err, -EBADMSG, "its trailer has changed");
	if (get_le64(trailer + 8) != size)
		return error_set(err, -EBADMSG, "it has not the size that it was written with");
	index->index_offset = get_le64(trailer + 16);
	index->total_length = get_le64(trailer + 24);
	index->object_count = get_le32(trailer + 32);
	index->frame_count = get_le32(trailer + 36);
	index->base_count = get_le32(trailer + 40);
	index->structured = get_le32(trailer + 44);
	index->fanout_bits = get_le32(trailer + 48);
	if (index->fanout_bits != 0 && index->fanout_bits != 8 && index->fanout_bits != 16)
		return error_set(err, -EBADMSG, "the fanout of its index");
	return 0;
}

int pack_index_parse(const uint8_t *pack, size_t size, struct pack_index *ret, struct error *err)
{
	struct pack_index index = { 0 };
	uint64_t wanted, end;
	int r;

	if (size < PACK_HEAD_SIZE + PACK_TRAILER_SIZE)
		return error_set(err, -EBADMSG, "it is too short");
	end = size - PACK_TRAILER_SIZE;
	if (memcmp(pack, head_magic, sizeof head_magic) != 0 || get_le32(pack + 8) != 1)
		return error_set(err, -EBADMSG, "its head is not that of a pack");
	r = parse_trailer(pack + end, size, &index, err);
	if (r < 0)
		return r;
	if (!index_size(&index, &wanted) || index.index_offset < PACK_HEAD_SIZE ||
	    index.index_offset > end || end - index.index_offset != wanted)
		return error_set(err, -EBADMSG, "the size of its index");
	index.fanout = pack + index.index_offset;
	index.ids = index.fanout + fanout_size(index.fanout_bits);
	index.objects = index.ids + (size_t)index.object_count * OBJECT_ID_SIZE;
	index.frames = index.objects + (size_t)index.object_count * PACK_OBJECT_RECORD_SIZE;
	*ret = index;
	return 0;
}

static void trailer_digest(const uint8_t *head, const uint8_t *index, size_t size,
			   const uint8_t *trailer, uint8_t ret[DIGEST_SIZE])
{
	struct digest *digest = digest_new();

	digest_update(digest, head, PACK_HEAD_SIZE);
	digest_update(digest, index, size);
	digest_update(digest, trailer, TRAILER_DIGEST_OFFSET);
	digest_peek(digest, ret);
	digest_free(digest);
}

bool pack_index_is_sound(const uint8_t *pack, size_t size, const struct pack_index *index)
{
	const uint8_t *trailer = pack + size - PACK_TRAILER_SIZE;
	uint8_t digest[DIGEST_SIZE];

	trailer_digest(pack, index->fanout, (size_t)(trailer - index->fanout), trailer, digest);
	return memcmp(trailer + TRAILER_DIGEST_OFFSET, digest, PACK_TRAILER_DIGEST) == 0;
}

/* The first positions that an id could and could not have. */
static void fanout_range(const struct pack_index *index, const struct object_id *id,
			 uint32_t *ret_low, uint32_t *ret_high)
{
	uint32_t slot, low = 0, high = index->object_count;

	if (index->fanout_bits) {
		slot = id->bytes[0];
		if (index->fanout_bits == 16)
			slot = slot << 8 | id->bytes[1];
		high = get_le32(index->fanout + (size_t)slot * 4);
		if (slot)
			low = get_le32(index->fanout + (size_t)(slot - 1) * 4);
		if (high > index->object_count)
			high = index->object_count;
	}
	*ret_low = low;
	*ret_high = high;
}

bool pack_index_find(const struct pack_index *index, const struct object_id *id,
		     uint32_t *ret_position)
{
	uint32_t low, high;

	fanout_range(index, id, &low, &high);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(index->ids + (size_t)middle * OBJECT_ID_SIZE, id->bytes,
				   OBJECT_ID_SIZE);

		if (order == 0) {
			*ret_position = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* An object within a frame, or one that fills frames of its own. */
static bool object_fits(const struct pack_index *index, const struct pack_object *object)
{
	uint64_t frames;

	if (object->frame >= index->frame_count)
		return false;
	if (object->length <= PACK_FRAME_MAX)
		return object->offset <= PACK_FRAME_MAX - object->length;
	frames = (object->length - 1) / PACK_FRAME_MAX + 1;
	return object->offset == 0 && frames <= index->frame_count - object->frame;
}

bool pack_index_object(const struct pack_index *index, uint32_t position, struct pack_object *ret)
{
	const uint8_t *record = index->objects + (size_t)position * PACK_OBJECT_RECORD_SIZE;
	const uint8_t *id = index->ids + (size_t)position * OBJECT_ID_SIZE;
	uint64_t length_and_kind = get_le64(record + 8);
	struct pack_object object = { .frame = get_le32(record),
				      .offset = get_le32(record + 4),
				      .length = length_and_kind & (UINT64_MAX >> 4),
				      .kind = (enum object_kind)(length_and_kind >> 60) };

	if (get_le32(record + 16) != crc32c(crc32c(0, id, OBJECT_ID_SIZE), record, 16))
		return false;
	if ((unsigned)object.kind >= OBJECT_KIND_COUNT || !object_fits(index, &object))
		return false;
	*ret = object;
	return true;
}

bool pack_index_frame(const struct pack_index *index, uint32_t frame, struct pack_frame *ret)
{
	const uint8_t *record;
	struct pack_frame got;

	if (frame >= index->frame_count)
		return false;
	record = index->frames + (size_t)frame * PACK_FRAME_RECORD_SIZE;
	if (get_le32(record + 44) != crc32c(0, record, 44))
		return false;
	got = (struct pack_frame){ .offset = get_le64(record),
				   .table_size = get_le32(record + 8),
				   .payload_size = get_le32(record + 12),
				   .size = get_le32(record + 16),
				   .crc = get_le32(record + 20),
				   .kind = record[24] };
	if (got.size > PACK_FRAME_MAX || got.offset < PACK_HEAD_SIZE ||
	    got.offset > index->index_offset ||
	    pack_frame_file_size(&got) > index->index_offset - got.offset)
		return false;
	*ret = got;
	return true;
}

/* Writing */

void pack_head_build(const uint8_t name[16], struct buf *ret)
{
	buf_append(ret, head_magic, sizeof head_magic);
	buf_add_le32(ret, 1);
	buf_add_le32(ret, 0);
	buf_append(ret, name, 16);
}

static int compare_entries(const void *a, const void *b)
{
	const struct pack_index_entry *left = a, *right = b;

	return object_id_compare(&left->id, &right->id);
}

static void add_fanout(const struct pack_index_input *input, unsigned bits, struct buf *ret)
{
	size_t at = 0;

	for (uint32_t slot = 0; bits && slot < (uint32_t)1 << bits; slot++) {
		for (; at < input->entry_count; at++) {
			const uint8_t *id = input->entries[at].id.bytes;
			uint32_t first = bits == 8 ? id[0] : (uint32_t)id[0] << 8 | id[1];

			if (first > slot)
				break;
		}
		buf_add_le32(ret, (uint32_t)at);
	}
}

static void add_object(const struct pack_index_entry *entry, struct buf *ret)
{
	const struct pack_object *object = &entry->object;
	uint8_t record[PACK_OBJECT_RECORD_SIZE];

	put_le32(record, object->frame);
	put_le32(record + 4, object->offset);
	put_le64(record + 8, (uint64_t)object->kind << 60 | object->length);
	put_le32(record + 16, crc32c(crc32c(0, entry->id.bytes, OBJECT_ID_SIZE), record, 16));
	buf_append(ret, record, sizeof record);
}

static void add_frame(const struct pack_frame *frame, struct buf *ret)
{
	uint8_t record[PACK_FRAME_RECORD_SIZE] = { 0 };

	put_le64(record, frame->offset);
	put_le32(record + 8, frame->table_size);
	put_le32(record + 12, frame->payload_size);
	put_le32(record + 16, frame->size);
	put_le32(record + 20, frame->crc);
	record[24] = frame->kind;
	put_le32(record + 44, crc32c(0, record, 44));
	buf_append(ret, record, sizeof record);
}

static void add_trailer(const struct pack_index_input *input, unsigned bits, size_t index_start,
			struct buf *ret)
{
	uint8_t trailer[PACK_TRAILER_SIZE] = { 0 }, digest[DIGEST_SIZE];
	cleanup_with(buf_release) struct buf head = { 0 };
	uint64_t total = 0;
	uint32_t structured = 0;

	for (size_t i = 0; i < input->entry_count; i++) {
		total += input->entries[i].object.length;
		structured += input->entries[i].object.kind != OBJECT_BLOB;
	}
	memcpy(trailer, trailer_magic, sizeof trailer_magic);
	put_le64(trailer + 8,
		 input->index_offset + (ret->length - index_start) + PACK_TRAILER_SIZE);
	put_le64(trailer + 16, input->index_offset);
	put_le64(trailer + 24, total);
	put_le32(trailer + 32, (uint32_t)input->entry_count);
	put_le32(trailer + 36, (uint32_t)input->frame_count);
	put_le32(trailer + 44, structured);
	put_le32(trailer + 48, bits);
	pack_head_build(input->name, &head);
	trailer_digest((const uint8_t *)head.data, (const uint8_t *)ret->data + index_start,
		       ret->length - index_start, trailer, digest);
	memcpy(trailer + TRAILER_DIGEST_OFFSET, digest, PACK_TRAILER_DIGEST);
	put_le32(trailer + TRAILER_CRC_OFFSET, crc32c(0, trailer, TRAILER_CRC_OFFSET));
	buf_append(ret, trailer, sizeof trailer);
}

void pack_index_build(const struct pack_index_input *input, struct buf *ret)
{
	unsigned bits = fanout_bits_for(input->entry_count);
	size_t start = ret->length;

	if (input->entry_count)
		qsort(input->entries, input->entry_count, sizeof *input->entries, compare_entries);
	buf_reserve(ret, fanout_size(bits) +
				 input->entry_count * (OBJECT_ID_SIZE + PACK_OBJECT_RECORD_SIZE) +
				 input->frame_count * PACK_FRAME_RECORD_SIZE + PACK_TRAILER_SIZE);
	add_fanout(input, bits, ret);
	for (size_t i = 0; i < input->entry_count; i++)
		buf_append(ret, input->entries[i].id.bytes, OBJECT_ID_SIZE);
	for (size_t i = 0; i < input->entry_count; i++)
		add_object(&input->entries[i], ret);
	for (size_t i = 0; i < input->frame_count; i++)
		add_frame(&input->frames[i], ret);
	add_trailer(input, bits, start, ret);
}
