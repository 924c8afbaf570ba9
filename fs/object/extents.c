/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/extents.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/checked.h"
#include "fs/base/error.h"

#define HEAD_SIZE   16
#define EXTENT_SIZE 48

static const char magic[4] = { 'O', 'S', 'E', 'X' };

void extents_add(struct extents *extents, const struct object_id *source, uint64_t source_offset,
		 uint64_t length)
{
	struct extent *last = extents->count ? &extents->items[extents->count - 1] : NULL;

	if (length == 0)
		return;
	if (last && object_id_equal(&last->source, source) &&
	    (object_id_is_zero(source) || last->source_offset + last->length == source_offset)) {
		last->length += length;
		extents->size += length;
		return;
	}
	array_reserve_one(extents->items, extents->count, extents->capacity);
	extents->items[extents->count++] = (struct extent){ .source = *source,
							    .source_offset = source_offset,
							    .length = length,
							    .offset = extents->size };
	extents->size += length;
}

void extents_release(struct extents *extents)
{
	free(extents->items);
	*extents = (struct extents){ 0 };
}

size_t extents_find(const struct extents *extents, uint64_t offset, uint64_t *ret_inside)
{
	size_t low = 0, high = extents->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (extents->items[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*ret_inside = offset - extents->items[low].offset;
	return low;
}

void extents_encode(const struct extents *extents, struct buf *ret)
{
	buf_append(ret, magic, sizeof magic);
	buf_add_le32(ret, (uint32_t)extents->count);
	buf_add_le64(ret, extents->size);
	for (size_t i = 0; i < extents->count; i++) {
		const struct extent *item = &extents->items[i];

		buf_append(ret, item->source.bytes, OBJECT_ID_SIZE);
		buf_add_le64(ret, item->source_offset);
		buf_add_le64(ret, item->length);
	}
}

struct object_id extents_own_id(const void *encoded, size_t size)
{
	struct object_id id = object_id_of(encoded, size);

	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		id.bytes[i] = (uint8_t)~id.bytes[i];
	return id;
}

int extents_decode(const void *data, size_t size, struct extents *ret, struct error *err)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	const uint8_t *at = data;
	uint64_t total = 0;
	uint32_t count;

	if (size < HEAD_SIZE || memcmp(at, magic, sizeof magic) != 0)
		return error_set(err, -EBADMSG, "damaged list of extents");
	count = get_le32(at + 4);
	if ((size - HEAD_SIZE) % EXTENT_SIZE || (size - HEAD_SIZE) / EXTENT_SIZE != count)
		return error_set(err, -EBADMSG, "damaged list of extents: its length");
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *item = at + HEAD_SIZE + (size_t)i * EXTENT_SIZE;
		struct object_id source;
		uint64_t offset = get_le64(item + 32), length = get_le64(item + 40), end;

		memcpy(source.bytes, item, OBJECT_ID_SIZE);
		if (length == 0 || !checked_add(offset, length, &end) || end > INT64_MAX ||
		    !checked_add(total, length, &total) || total > INT64_MAX ||
		    (object_id_is_zero(&source) && offset != 0))
			return error_set(err, -EBADMSG, "damaged extent");
		extents_add(&extents, &source, offset, length);
	}
	if (total != get_le64(at + 8) || extents.count != count)
		return error_set(err, -EBADMSG, "damaged list of extents: its sum");
	*ret = extents;
	extents = (struct extents){ 0 };
	return 0;
}
