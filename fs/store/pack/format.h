/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a pack: many objects in one file that never changes. All integers are
 * little-endian. fs/README.md says how packs come and go.
 *
 *   head       0 "OSPK0001"   8 u32 version = 1   12 u32 0   16 16 bytes: the pack's name
 *   frames     back to back, see below
 *   index      see below
 *   trailer    the last 96 bytes of the file
 *
 * A frame holds up to 128 KiB of decoded bytes: many small objects one behind the other, or one
 * piece of an object that is longer than a frame, which then lies in consecutive frames of which
 * all but the last are full and only the first lists it.
 *
 *    0 "FRM1"   4 u8 kind (0 raw, 1 zstd, 2 reserved: zstd with a base)   5 u8 depth = 0
 *    6 u16 count of objects   8 u32 bytes of the table   12 u32 bytes of the payload
 *   16 u32 bytes when decoded   20 u32 crc32c of the 20 bytes before, the table and the payload
 *   24 table: for each object a LEB128 number, length << 4 | kind of object
 *      payload
 *
 * So the frames alone are enough to find every object again. The index makes it quick:
 *
 *   u32 fanout[2^bits]     with bits = 0 absent; else [i] counts the ids whose first bits are <= i
 *   u8  id[objects][32]    ascending, each once
 *   objects x 20           u32 frame   u32 offset in the decoded frame   u64 kind << 60 | length
 *                          u32 crc32c of the id and the 16 bytes before
 *   frames x 48            u64 offset of its head in the file   u32 table   u32 payload
 *                          u32 decoded   u32 crc32c as in the head   u8 kind   u8 depth   u16 0
 *                          u32 base   u64 offset in the base   u32 length of the base
 *                          u32 crc32c of the 44 bytes before
 *   u8  base id[bases][32] what frames of kind 2 will refer to; none yet
 *
 *   trailer    0 "OSPKEND1"   8 u64 size of the file   16 u64 offset of the index
 *             24 u64 sum of the lengths of all objects
 *             32 u32 objects   36 u32 frames   40 u32 bases   44 u32 objects that are no blobs
 *             48 u32 fanout bits (0, 8 or 16)   52 12 bytes 0
 *             64 the first 16 bytes of the SHA-256 of the head, the index and the trailer up to
 *                here   80 12 bytes 0   92 u32 crc32c of the 92 bytes before
 *
 * Every record of the index proves itself when it is read, so opening a pack costs no more than
 * reading its trailer, and a flipped bit anywhere is an error and never another file.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/object/id.h"
#include "fs/object/kind.h"

#define PACK_HEAD_SIZE          ((size_t)32)
#define PACK_FRAME_HEAD_SIZE    ((size_t)24)
#define PACK_OBJECT_RECORD_SIZE ((size_t)20)
#define PACK_FRAME_RECORD_SIZE  ((size_t)48)
#define PACK_TRAILER_SIZE       ((size_t)96)
#define PACK_TRAILER_DIGEST     ((size_t)16)

#define PACK_FRAME_MAX         ((size_t)128 << 10) /* decoded */
#define PACK_FRAME_OBJECTS_MAX 4096
#define PACK_TABLE_MAX         ((size_t)PACK_FRAME_OBJECTS_MAX * 10)

/* The name of a pack: 16 digits of the time it was made (ns), so that a listing can be sorted by
 * age, and 16 random ones. Its file is called NAME.pk. */
#define PACK_NAME_SIZE 33 /* with the NUL */

enum pack_frame_kind { PACK_FRAME_RAW = 0, PACK_FRAME_ZSTD = 1, PACK_FRAME_DELTA = 2 };

/* Where an object lies in its pack. */
struct pack_object {
	uint32_t frame;
	uint32_t offset; /* in the decoded frame */
	uint64_t length;
	enum object_kind kind; /* as stored: OBJECT_EXTENTS for a blob stored that way */
};

/* A frame as the index has it. */
struct pack_frame {
	uint64_t offset; /* of its head in the file */
	uint32_t table_size, payload_size, size /* decoded */, crc;
	uint8_t kind; /* pack_frame_kind, or one this program does not know */
};

static inline uint64_t pack_frame_file_size(const struct pack_frame *frame)
{
	return PACK_FRAME_HEAD_SIZE + (uint64_t)frame->table_size + frame->payload_size;
}
