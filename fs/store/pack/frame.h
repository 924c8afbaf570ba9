/* SPDX-License-Identifier: Apache-2.0 */
/* One frame of a pack: from objects to its bytes and back. Knows nothing of files. */
#pragma once

#include <stdbool.h>

#include "fs/base/buf.h"
#include "fs/store/pack/format.h"

struct compressor;
struct decompressor;
struct error;

/* A frame that is being filled. All zero is an empty one. */
struct frame_draft {
	struct buf data;
	struct buf table;
	uint16_t count; /* of objects listed */
};

/* Whether an object of that length still fits; an object always fits an empty draft up to
 * PACK_FRAME_MAX. */
bool frame_draft_has_room(const struct frame_draft *draft, size_t length);
/* List an object and append its bytes: those that belong to this frame. */
void frame_draft_add(struct frame_draft *draft, enum object_kind kind, uint64_t length,
		     const void *data, size_t size);
/* Append bytes of an object that an earlier frame lists. */
void frame_draft_continue(struct frame_draft *draft, const void *data, size_t size);
static inline bool frame_draft_is_empty(const struct frame_draft *draft)
{
	return draft->data.length == 0 && draft->count == 0;
}
void frame_draft_clear(struct frame_draft *draft);
void frame_draft_release(struct frame_draft *draft);
DEFINE_CLEANUP_VALUE(struct frame_draft, frame_draft_release);

/* Append the frame's bytes to `ret`: compressed, or raw when that saves less than 5 %. All of
 * *ret_frame is set but its place in the file. */
void frame_encode(const struct frame_draft *draft, struct compressor *compressor, struct buf *ret,
		  struct pack_frame *ret_frame);

/* What a frame's head says; false when it is none or claims what no frame has. */
bool frame_head_decode(const uint8_t head[PACK_FRAME_HEAD_SIZE], struct pack_frame *ret,
		       uint16_t *ret_count);
/* Whether the crc over head, table and payload, which lie in one piece, is right. */
bool frame_is_sound(const uint8_t *frame_bytes, const struct pack_frame *frame);

/* Step through a table: kind and length of the next object, and *at moves behind it. */
bool frame_table_next(const uint8_t **at, const uint8_t *end, enum object_kind *ret_kind,
		      uint64_t *ret_length);

/* Decode the payload into `out`, which has room for frame->size bytes. -EBADMSG, or -EOPNOTSUPP for a kind
 * of frame that this program does not know. A raw payload is not checked here: see frame_is_sound(). */
int frame_decode(const struct pack_frame *frame, const uint8_t *payload,
		 struct decompressor *decompressor, uint8_t *out);
