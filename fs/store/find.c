/* SPDX-License-Identifier: Apache-2.0 */
/* Where objects are. */
#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/store_internal.h"

/* How often the packs may change while we look before we believe that it is not there. */
#define MAX_TRIES 5

void store_object_release(struct store_object *object)
{
	pack_set_unref(object->set);
	if (object->blob)
		lru_unpin(object->store->blobs, object->blob);
	*object = (struct store_object){ 0 };
}

/* Any copy in a pack that is the bytes themselves. */
static int find_plain(const struct pack_set *set, const struct object_id *id,
		      struct store_object *ret)
{
	uint32_t position;

	for (size_t i = 0; i < set->count; i++) {
		struct pack *pack = set->packs[i];

		if (pack_index_find(&pack->index, id, &position) &&
		    pack_index_object(&pack->index, position, &ret->info) &&
		    ret->info.kind != OBJECT_EXTENTS) {
			ret->pack = pack;
			return 1;
		}
	}
	return 0;
}

/* Another copy of an object whose record in one pack is damaged. */
static int find_elsewhere(const struct pack_set *set, const struct object_id *id,
			  const struct pack *bad, struct store_object *ret, struct error *err)
{
	struct pack_object ignored;
	uint32_t position;
	int r;

	for (size_t i = 0; i < set->count; i++) {
		struct pack *pack = set->packs[i];

		if (pack_index_find(&pack->index, id, &position) &&
		    pack_index_object(&pack->index, position, &ret->info)) {
			ret->pack = pack;
			return 1;
		}
	}
	if (!pack_index_find(&bad->index, id, &position))
		return 0;
	/* For what it has to say. */
	r = pack_object(bad, position, &ignored, err);
	return r < 0 ? error_prefix(err, r, "object %s", object_id_hex(id).text) : r;
}

static int find_packed(const struct pack_set *set, const struct object_id *id, unsigned flags,
		       struct store_object *ret, struct error *err)
{
	struct pack *pack;
	uint32_t position;

	if (!pack_set_find((struct pack_set *)(uintptr_t)set, id, &pack, &position))
		return 0;
	if (!pack_index_object(&pack->index, position, &ret->info)) {
		int r = find_elsewhere(set, id, pack, ret, err);

		if (r <= 0)
			return r < 0 && (flags & STORE_FIND_HELD) ? 0 : r;
		pack = ret->pack;
	}
	if ((flags & STORE_FIND_PLAIN) && ret->info.kind == OBJECT_EXTENTS)
		return find_plain(set, id, ret);
	ret->pack = pack;
	return 1;
}

static int find_loose(struct store *store, const struct object_id *id, unsigned flags,
		      struct store_object *ret, struct error *err)
{
	struct loose_blob *blob;
	int r;

	if (!(flags & STORE_FIND_OPEN))
		return loose_find(store->objects_fd, id, &ret->size, err);
	r = loose_open(store->objects_fd, id, &blob, err);
	if (r <= 0)
		return r;
	if (blob->size < STORE_LOOSE_MIN) {
		loose_free(blob);
		return error_set(err, -EBADMSG,
				 "object %s has lost bytes; 'varve fsck --repair' mends the store",
				 object_id_hex(id).text);
	}
	ret->blob = lru_add(store->blobs, id->bytes, blob);
	ret->size = ((struct loose_blob *)ret->blob->value)->size;
	return 1;
}

/* Among these packs, and the loose ones. */
static int find_once(struct store *store, struct pack_set *set, const struct object_id *id,
		     unsigned flags, struct store_object *ret, struct error *err)
{
	int r = find_packed(set, id, flags, ret, err);

	if (r > 0) {
		ret->size = ret->info.length;
		ret->set = pack_set_ref(set);
	}
	if (r != 0)
		return r;
	ret->pack = NULL;
	if (flags & STORE_FIND_PACKED)
		return 0;
	return find_loose(store, id, flags, ret, err);
}

/*
 * Have the packs as they are now in the place of *set: 1 when they are others, else 0. Another
 * thread may have looked since *set was taken: what counts is what this one has searched.
 */
static int look_again(struct store *store, struct pack_set **set, struct error *err)
{
	struct pack_set *searched = *set;
	bool changed;
	int r = pack_list_refresh(store->packs, false, err);

	if (r >= 0)
		r = pack_list_get(store->packs, set, err);
	if (r < 0)
		return r;
	changed = *set != searched;
	pack_set_unref(searched);
	return changed;
}

static int not_found(const struct pack_set *set, const struct object_id *id, struct error *err)
{
	if (set->damaged.count == 0)
		return 0;
	return error_set(err, -EBADMSG,
			 "object %s may be in pack '%s', which is damaged; 'varve fsck --repair' "
			 "mends the store",
			 object_id_hex(id).text, set->damaged.items[0]);
}

int store_find(struct store *store, const struct object_id *id, unsigned flags,
	       struct store_object *ret, struct error *err)
{
	struct store_object found = { .store = store };
	cleanup_with(pack_set_unref) struct pack_set *set = NULL;
	int r;

	if (flags & STORE_FIND_OPEN) {
		found.blob = lru_get(store->blobs, id->bytes);
		if (found.blob) {
			found.size = ((struct loose_blob *)found.blob->value)->size;
			*ret = found;
			return 1;
		}
	}
	r = pack_list_get(store->packs, &set, err);
	if (r < 0)
		return r;
	for (int tries = 0;; tries++) {
		r = find_once(store, set, id, flags, &found, err);
		if (r != 0 || (flags & STORE_FIND_HELD) || tries == MAX_TRIES)
			break;
		/* It may have come, or moved to another pack, since we looked. */
		r = look_again(store, &set, err);
		if (r <= 0)
			break;
	}
	if (r > 0)
		*ret = found;
	return r == 0 && !(flags & STORE_FIND_HELD) ? not_found(set, id, err) : r;
}

int store_read_stored(const struct object_id *id, const struct store_object *object, size_t limit,
		      struct buf *ret, struct error *err)
{
	size_t before = ret->length;
	int r;

	if (object->info.length > limit)
		return error_set(err, -E2BIG, "object %s has %llu bytes, which is more than it may",
				 object_id_hex(id).text, (unsigned long long)object->info.length);
	buf_reserve(ret, (size_t)object->info.length);
	r = pack_read(object->pack, object->store->frames, &object->info, ret, err);
	if (r < 0) {
		buf_truncate(ret, before);
		return error_prefix(err, r, "object %s", object_id_hex(id).text);
	}
	return 0;
}
