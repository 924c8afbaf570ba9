/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packs with all check sums made right, as whoever lends a store could: reading and scanning end in
 * an error or in bytes that were there, never beyond them.
 */
#include <stdint.h>
#include <stdlib.h>

#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/hash.h"
#include "fs/store/pack/format.h"
#include "fs/store/pack/frame.h"
#include "fs/store/pack/pack.h"
#include "fs/store/pack/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OBJECT_MAX ((uint64_t)1 << 20)

/* Frames prove themselves by a sum over the rest of the head, the table and the payload. */
static void mend_frames(uint8_t *pack, size_t end)
{
	size_t at = PACK_HEAD_SIZE;

	while (end - at >= PACK_FRAME_HEAD_SIZE) {
		uint8_t *head = pack + at;
		uint64_t rest = (uint64_t)get_le32(head + 8) + get_le32(head + 12);
		uint32_t crc;

		if (rest > end - at - PACK_FRAME_HEAD_SIZE)
			return;
		crc = crc32c(0, head, 20);
		put_le32(head + 20, crc32c(crc, head + PACK_FRAME_HEAD_SIZE, rest));
		at += PACK_FRAME_HEAD_SIZE + rest;
	}
}

static void mend_records(uint8_t *pack, size_t size)
{
	struct pack_index index;

	if (pack_index_parse(pack, size, &index, NULL) < 0)
		return;
	for (uint32_t i = 0; i < index.object_count; i++) {
		uint8_t *record = pack + (index.objects - pack) + i * PACK_OBJECT_RECORD_SIZE;
		struct object_id id = pack_index_id(&index, i);

		put_le32(record + 16, crc32c(crc32c(0, id.bytes, OBJECT_ID_SIZE), record, 16));
	}
	for (uint32_t i = 0; i < index.frame_count; i++) {
		uint8_t *record = pack + (index.frames - pack) + i * PACK_FRAME_RECORD_SIZE;

		put_le32(record + 44, crc32c(0, record, 44));
	}
}

static void mend(uint8_t *pack, size_t size)
{
	uint8_t *trailer = pack + size - PACK_TRAILER_SIZE;

	memcpy(pack, "OSPK0001\1\0\0\0\0\0\0\0", 16);
	memcpy(trailer, "OSPKEND1", 8);
	put_le64(trailer + 8, size);
	put_le32(trailer + 92, crc32c(0, trailer, 92));
	mend_frames(pack, size - PACK_TRAILER_SIZE);
	mend_records(pack, size);
}

static void read_objects(const void *bytes, size_t size)
{
	struct frame_cache *cache = frame_cache_new(2);
	struct buf content = { 0 };
	struct pack *pack;

	if (pack_from_memory(bytes, size, &pack, NULL) == 0) {
		for (uint32_t i = 0; i < pack->index.object_count; i++) {
			struct object_id id = pack_index_id(&pack->index, i);
			struct pack_object object;
			uint32_t position;

			(void)pack_index_find(&pack->index, &id, &position);
			if (pack_object(pack, i, &object, NULL) < 0 || object.length > OBJECT_MAX)
				continue;
			buf_clear(&content);
			if (pack_read(pack, cache, &object, &content, NULL) == 0 &&
			    content.length != object.length)
				abort();
		}
		pack_unref(pack);
	}
	frame_cache_free(cache);
	buf_release(&content);
}

static void scan(const void *bytes, size_t size)
{
	struct pack_scan *scan = pack_scan_memory(bytes, size, 0);
	struct scanned_object object;
	uint64_t sum = 0;
	int r;

	while ((r = pack_scan_next(scan, &object, NULL)) != 0) {
		for (uint64_t i = 0; r > 0 && object.data && i < object.length; i += 512)
			sum += object.data[i];
	}
	(void)sum;
	pack_scan_free(scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *pack;

	if (size < PACK_HEAD_SIZE + PACK_TRAILER_SIZE)
		return 0;
	pack = malloc(size);
	if (!pack)
		return 0;
	memcpy(pack, data, size);
	mend(pack, size);
	read_objects(pack, size);
	scan(pack, size);
	free(pack);
	return 0;
}
