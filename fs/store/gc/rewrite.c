/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/rewrite.h"

#include <errno.h>
#include <stdio.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/store/pack/order.h"
#include "fs/store/pack/packer.h"
#include "fs/store/store_internal.h"

/* Smaller frames are put together to larger ones, which pack better. */
#define WHOLE_FRAME_MIN (PACK_FRAME_MAX / 2)

#define OBJECT_MAX ((uint64_t)1 << 30)

struct rewriting {
	struct packer *packer;
	struct frame_cache *frames;
	struct pack *pack;
	rewrite_keep_fn keep;
	void *context;
};

/* Whether all of these, which are all that the frame lists, go over just so. */
static bool take_whole(const struct rewriting *rewriting, const struct pack_placed *group,
		       size_t count, uint32_t *ret_following)
{
	const struct pack_object *object = &group[0].entry.object;
	struct pack_frame frame;
	uint16_t listed;

	if (!pack_index_frame(&rewriting->pack->index, object->frame, &frame) ||
	    frame.size < WHOLE_FRAME_MIN)
		return false;
	listed = get_le16(rewriting->pack->data + frame.offset + 6);
	if (listed != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		enum object_kind kind = group[i].entry.object.kind;

		if (packer_find(rewriting->packer, &group[i].entry.id))
			return false;
		if (rewriting->keep && (!rewriting->keep(rewriting->context, rewriting->pack,
							 group[i].position, &kind) ||
					kind != group[i].entry.object.kind))
			return false;
	}
	*ret_following = 0;
	if (object->length > PACK_FRAME_MAX)
		*ret_following = (uint32_t)((object->length - 1) / PACK_FRAME_MAX);
	return true;
}

static int copy_whole(const struct rewriting *rewriting, const struct pack_placed *group,
		      size_t count, uint32_t following, struct error *err)
{
	cleanup_free struct pack_index_entry *entries = xcalloc(count, sizeof *entries);

	for (size_t i = 0; i < count; i++)
		entries[i] = group[i].entry;
	return packer_add_frames(rewriting->packer, rewriting->pack, entries[0].object.frame,
				 following, entries, count, err);
}

static int copy_one(const struct rewriting *rewriting, const struct pack_placed *placed,
		    struct buf *buffer, struct error *err)
{
	enum object_kind kind = placed->entry.object.kind;
	int r;

	if (packer_find(rewriting->packer, &placed->entry.id) ||
	    (rewriting->keep &&
	     !rewriting->keep(rewriting->context, rewriting->pack, placed->position, &kind)))
		return 0;
	if (placed->entry.object.length > OBJECT_MAX)
		return error_set(err, -EBADMSG, "pack '%s' is damaged: an object of absurd length",
				 rewriting->pack->name);
	buf_clear(buffer);
	r = pack_read(rewriting->pack, rewriting->frames, &placed->entry.object, buffer, err);
	if (r < 0)
		return r;
	return packer_add(rewriting->packer, kind, &placed->entry.id, buf_string(buffer),
			  buffer->length, err);
}

int rewrite_pack(struct packer *packer, struct frame_cache *frames, struct pack *pack,
		 rewrite_keep_fn keep, void *context, struct error *err)
{
	struct rewriting rewriting = { packer, frames, pack, keep, context };
	cleanup_with(buf_release) struct buf buffer = { 0 };
	cleanup_free struct pack_placed *list = NULL;
	size_t count, end;
	int r = 0;

	if (!pack_order(&pack->index, &list, &count))
		return error_set(err, -EBADMSG,
				 "pack '%s' is damaged: the record of an object; 'varve fsck "
				 "--repair' mends the store",
				 pack->name);
	for (size_t at = 0; at < count && r == 0; at = end) {
		uint32_t following;

		end = at + 1;
		while (end < count && list[end].entry.object.frame == list[at].entry.object.frame)
			end++;
		if (take_whole(&rewriting, list + at, end - at, &following)) {
			r = copy_whole(&rewriting, list + at, end - at, following, err);
			continue;
		}
		for (size_t i = at; i < end && r == 0; i++)
			r = copy_one(&rewriting, &list[i], &buffer, err);
	}
	return r;
}

int rewrite_publish(struct store *store, int tmp_fd, const struct packed *packs, size_t count,
		    struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		char name[PACK_NAME_SIZE + 3];

		snprintf(name, sizeof name, "%s.pk", packs[i].name);
		r = fault("gc.publish");
		if (r == 0 && renameat(tmp_fd, packs[i].file_name, store->packs_fd, name) < 0)
			r = -errno;
	}
	if (r == 0 && count > 0 && fsync(store->packs_fd) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot publish a pack in '%s'", store->path);
	return 0;
}
