/* SPDX-License-Identifier: Apache-2.0 */
/* The index and the trailer of a pack, see format.h: built from arrays, searched where they lie. */
#pragma once

#include <stdbool.h>

#include "fs/base/buf.h"
#include "fs/store/pack/format.h"

struct error;

/* Pointers into the bytes of a pack, which the caller keeps. */
struct pack_index {
	uint32_t object_count, frame_count, base_count;
	uint32_t structured; /* objects that are no blobs */
	uint64_t index_offset;
	uint64_t total_length; /* of all objects */
	unsigned fanout_bits;
	const uint8_t *fanout, *ids, *objects, *frames;
};

/* Find the parts of a pack of `size` bytes: -EBADMSG with what is wrong in `err`, in a few words. Costs
 * the same for any pack. */
int pack_index_parse(const uint8_t *pack, size_t size, struct pack_index *ret, struct error *err);

/* Whether head, index and trailer are what was written: reads all of the index. */
bool pack_index_is_sound(const uint8_t *pack, size_t size, const struct pack_index *index);

/* True and the position of an id among the objects. */
bool pack_index_find(const struct pack_index *index, const struct object_id *id,
		     uint32_t *ret_position);

static inline struct object_id pack_index_id(const struct pack_index *index, uint32_t position)
{
	struct object_id id;

	memcpy(id.bytes, index->ids + (size_t)position * OBJECT_ID_SIZE, OBJECT_ID_SIZE);
	return id;
}

/* The records; false when one is damaged or points outside of the pack. */
bool pack_index_object(const struct pack_index *index, uint32_t position, struct pack_object *ret);
bool pack_index_frame(const struct pack_index *index, uint32_t frame, struct pack_frame *ret);

/* Building. */
struct pack_index_entry {
	struct object_id id;
	struct pack_object object;
};

struct pack_index_input {
	uint8_t name[16]; /* as in the head */
	uint64_t index_offset;
	struct pack_index_entry *entries; /* sorted on the way; ids differ */
	size_t entry_count;
	const struct pack_frame *frames;
	size_t frame_count;
};

void pack_head_build(const uint8_t name[16], struct buf *ret);
/* Append index and trailer. */
void pack_index_build(const struct pack_index_input *input, struct buf *ret);
