/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A blob that is stored as pieces of other blobs: what changing a little of a large file leaves.
 * The object is "OSEX", u32 count, u64 size of the blob, then for each piece in order
 * 32 bytes id of the blob it is taken from (zeros: a hole), u64 offset in that, u64 length.
 * It is stored under the id of the blob it stands for, or under extents_own_id(); no piece is taken
 * from another such blob.
 */
#pragma once

#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/object/id.h"

struct error;

struct extent {
	struct object_id source; /* zero: a hole */
	uint64_t source_offset;
	uint64_t length; /* above 0 */
	uint64_t offset; /* in the blob: the sum of the lengths before; not stored */
};

/* All zero is an empty list. */
struct extents {
	struct extent *items;
	size_t count, capacity;
	uint64_t size; /* the sum of all lengths */
};

/* Append, joining it with the last piece where they touch. */
void extents_add(struct extents *extents, const struct object_id *source, uint64_t source_offset,
		 uint64_t length);
void extents_release(struct extents *extents);
DEFINE_CLEANUP_VALUE(struct extents, extents_release);

/* Index of the piece that holds `offset` (below size), and where in it. */
size_t extents_find(const struct extents *extents, uint64_t offset, uint64_t *ret_inside);

void extents_encode(const struct extents *extents, struct buf *ret);
int extents_decode(const void *data, size_t size, struct extents *ret, struct error *err);

/*
 * The id of a blob that nobody hashes because it is too large for that: it is named by its list, as
 * encoded. All bits of the SHA-256 are turned round, so that nobody finds bytes with the same id.
 */
struct object_id extents_own_id(const void *encoded, size_t size);
