/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/pack/packer.h"

#include <assert.h>
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/store/pack/encoder.h"
#include "fs/store/pack/pack.h"
#include "fs/store/pack/writer.h"

enum { LANE_BLOBS, LANE_STRUCTURED, LANE_COUNT };

#define FRAME_NOT_YET UINT32_MAX /* the frame that is still being filled */

struct lane {
	struct frame_draft draft;
	struct pack_writer *writer;
	uint32_t submitted;    /* frames that the encoder has or had */
	size_t first_unplaced; /* no entry before it is in the draft */
};

struct packer_entry {
	struct pack_index_entry entry;
	uint8_t lane;
};

struct packer {
	int tmp_fd;
	char *prefix;
	struct frame_encoder *encoder;
	struct lane lanes[LANE_COUNT];
	struct packer_entry *entries;
	size_t count, capacity;
	uint32_t *table;   /* open addressing: index of the entry + 1 */
	size_t table_size; /* a power of two, or 0 */
};

static int write_frame(void *context, unsigned lane, const struct pack_frame *frame,
		       const struct buf *bytes, struct error *err)
{
	struct packer *packer = context;

	return pack_writer_add(packer->lanes[lane].writer, frame, bytes->data, bytes->length, err);
}

static void lane_file_name(const struct packer *packer, unsigned lane, char *ret, size_t size)
{
	snprintf(ret, size, "%s%s", packer->prefix, lane == LANE_BLOBS ? "blobs" : "pack");
}

struct packer *packer_new(int tmp_fd, const char *prefix)
{
	struct packer *packer = xcalloc(1, sizeof *packer);

	packer->tmp_fd = tmp_fd;
	packer->prefix = xstrdup(prefix);
	packer->encoder = frame_encoder_new(write_frame, packer);
	for (unsigned i = 0; i < LANE_COUNT; i++) {
		char name[64];

		lane_file_name(packer, i, name, sizeof name);
		packer->lanes[i].writer = pack_writer_new(tmp_fd, name);
	}
	return packer;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	frame_encoder_free(packer->encoder);
	for (unsigned i = 0; i < LANE_COUNT; i++) {
		frame_draft_release(&packer->lanes[i].draft);
		pack_writer_free(packer->lanes[i].writer);
	}
	free(packer->prefix);
	free(packer->entries);
	free(packer->table);
	free(packer);
}

/* The table of ids */

static size_t slot_of(const struct packer *packer, const struct object_id *id)
{
	size_t slot = (size_t)get_le64(id->bytes) & (packer->table_size - 1);

	while (packer->table[slot] &&
	       !object_id_equal(&packer->entries[packer->table[slot] - 1].entry.id, id))
		slot = (slot + 1) & (packer->table_size - 1);
	return slot;
}

static void grow_table(struct packer *packer)
{
	packer->table_size = packer->table_size ? packer->table_size * 2 : 64;
	free(packer->table);
	packer->table = xcalloc(packer->table_size, sizeof *packer->table);
	for (size_t i = 0; i < packer->count; i++)
		packer->table[slot_of(packer, &packer->entries[i].entry.id)] = (uint32_t)i + 1;
}

const struct pack_object *packer_find(const struct packer *packer, const struct object_id *id)
{
	uint32_t found;

	if (packer->count == 0)
		return NULL;
	found = packer->table[slot_of(packer, id)];
	return found ? &packer->entries[found - 1].entry.object : NULL;
}

static void add_entry(struct packer *packer, unsigned lane, const struct object_id *id,
		      const struct pack_object *object)
{
	if ((packer->count + 1) * 2 > packer->table_size)
		grow_table(packer);
	array_reserve_one(packer->entries, packer->count, packer->capacity);
	packer->entries[packer->count] =
		(struct packer_entry){ .entry = { .id = *id, .object = *object },
				       .lane = (uint8_t)lane };
	packer->table[slot_of(packer, id)] = (uint32_t)++packer->count;
}

/* Frames */

static int submit_draft(struct packer *packer, unsigned number, struct error *err)
{
	struct lane *lane = &packer->lanes[number];

	if (frame_draft_is_empty(&lane->draft))
		return 0;
	for (size_t i = lane->first_unplaced; i < packer->count; i++) {
		struct pack_object *object = &packer->entries[i].entry.object;

		if (packer->entries[i].lane == number && object->frame == FRAME_NOT_YET)
			object->frame = lane->submitted;
	}
	lane->first_unplaced = packer->count;
	lane->submitted++;
	return frame_encoder_submit(packer->encoder, number, &lane->draft, err);
}

static int add_large(struct packer *packer, unsigned number, struct pack_object *object,
		     const struct object_id *id, const uint8_t *data, struct error *err)
{
	struct lane *lane = &packer->lanes[number];
	size_t size = (size_t)object->length;
	int r = submit_draft(packer, number, err);

	if (r < 0)
		return r;
	object->frame = lane->submitted;
	add_entry(packer, number, id, object);
	frame_draft_add(&lane->draft, object->kind, size, data, PACK_FRAME_MAX);
	r = submit_draft(packer, number, err);
	for (size_t at = PACK_FRAME_MAX; at < size && r == 0; at += PACK_FRAME_MAX) {
		size_t piece = size - at < PACK_FRAME_MAX ? size - at : PACK_FRAME_MAX;

		frame_draft_continue(&lane->draft, data + at, piece);
		r = submit_draft(packer, number, err);
	}
	return r;
}

int packer_add(struct packer *packer, enum object_kind kind, const struct object_id *id,
	       const void *data, size_t size, struct error *err)
{
	unsigned number = kind == OBJECT_BLOB ? LANE_BLOBS : LANE_STRUCTURED;
	struct lane *lane = &packer->lanes[number];
	struct pack_object object = { .frame = FRAME_NOT_YET, .length = size, .kind = kind };
	int r;

	if (packer->count >= UINT32_MAX - 1)
		return error_set(err, -E2BIG, "too many objects for one transaction");
	if (size > PACK_FRAME_MAX)
		return add_large(packer, number, &object, id, data, err);
	if (!frame_draft_has_room(&lane->draft, size)) {
		r = submit_draft(packer, number, err);
		if (r < 0)
			return r;
	}
	object.offset = (uint32_t)lane->draft.data.length;
	add_entry(packer, number, id, &object);
	frame_draft_add(&lane->draft, kind, size, data, size);
	return 0;
}

static int add_encoded(struct packer *packer, unsigned number, const struct pack *pack,
		       uint32_t frame_number, struct error *err)
{
	struct pack_frame frame;

	if (!pack_index_frame(&pack->index, frame_number, &frame) ||
	    !frame_is_sound(pack->data + frame.offset, &frame))
		return error_set(err, -EBADMSG, "pack '%s' is damaged: a frame has changed",
				 pack->name);
	packer->lanes[number].submitted++;
	return frame_encoder_submit_encoded(packer->encoder, number, &frame,
					    pack->data + frame.offset,
					    (size_t)pack_frame_file_size(&frame), err);
}

int packer_add_frames(struct packer *packer, const struct pack *pack, uint32_t frame,
		      uint32_t following, const struct pack_index_entry *entries, size_t count,
		      struct error *err)
{
	unsigned number = LANE_BLOBS;
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		if (entries[i].object.kind != OBJECT_BLOB)
			number = LANE_STRUCTURED;
	}
	for (size_t i = 0; i < count; i++) {
		struct pack_object object = entries[i].object;

		object.frame = packer->lanes[number].submitted;
		add_entry(packer, number, &entries[i].id, &object);
	}
	for (uint32_t i = 0; i <= following && r == 0; i++)
		r = add_encoded(packer, number, pack, frame + i, err);
	return r;
}

/* Finishing */

/* Put the blobs into the one pack when they are few. */
static int join_lanes(struct packer *packer, struct error *err)
{
	struct pack_writer *all = packer->lanes[LANE_STRUCTURED].writer;
	struct pack_writer *blobs = packer->lanes[LANE_BLOBS].writer;
	uint32_t before = pack_writer_frame_count(all);

	if (!pack_writer_is_small(blobs))
		return 0;
	for (size_t i = 0; i < packer->count; i++) {
		if (packer->entries[i].lane == LANE_BLOBS) {
			packer->entries[i].lane = LANE_STRUCTURED;
			packer->entries[i].entry.object.frame += before;
		}
	}
	return pack_writer_absorb(all, blobs, err);
}

static int finish_lane(struct packer *packer, unsigned number, bool sync, struct packed *ret,
		       struct error *err)
{
	struct pack_writer *writer = packer->lanes[number].writer;
	cleanup_free struct pack_index_entry *entries = xcalloc(packer->count, sizeof *entries);
	size_t count = 0;
	int r;

	for (size_t i = 0; i < packer->count; i++) {
		if (packer->entries[i].lane == number)
			entries[count++] = packer->entries[i].entry;
	}
	if (count == 0)
		return 0;
	r = pack_writer_finish(writer, entries, count, sync, err);
	if (r < 0)
		return r;
	lane_file_name(packer, number, ret->file_name, sizeof ret->file_name);
	memcpy(ret->name, pack_writer_name(writer), sizeof ret->name);
	ret->size = pack_writer_size(writer);
	return 1;
}

int packer_finish(struct packer *packer, bool sync, struct packed ret[2], size_t *ret_count,
		  struct error *err)
{
	size_t done = 0;
	int r = 0;

	for (unsigned i = 0; i < LANE_COUNT && r == 0; i++)
		r = submit_draft(packer, i, err);
	if (r == 0)
		r = frame_encoder_drain(packer->encoder, err);
	if (r == 0)
		r = join_lanes(packer, err);
	for (unsigned i = 0; i < LANE_COUNT && r >= 0; i++) {
		r = finish_lane(packer, i, sync, &ret[done], err);
		if (r > 0)
			done++;
	}
	if (r < 0)
		return r;
	*ret_count = done;
	return 0;
}

size_t packer_count(const struct packer *packer)
{
	return packer->count;
}
