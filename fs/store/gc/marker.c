/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/gc/marker.h"

#include <errno.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/store/gc/children.h"
#include "fs/store/gc/roots.h"
#include "fs/store/store_internal.h"

/* No structured object is longer. */
#define OBJECT_MAX ((size_t)1 << 30)

/* An object that is being walked: which of its children is next. */
struct level {
	struct object_id id;
	enum object_kind kind;
	size_t first, next, end; /* in marker->children */
	bool bad;
};

struct marker {
	struct store *store;
	struct pack_set *set;
	struct loose_item *loose;
	size_t loose_count, loose_capacity;

	struct id_set live, walked;
	struct id_set lost;   /* whose bytes are not to be had */
	struct id_set broken; /* walked, and something below is lost */
	struct id_set distrusted;
	bool noting;
	struct object_id *fresh;
	size_t fresh_count, fresh_capacity;

	struct child_list children;
	struct level *levels;
	size_t level_count, level_capacity;
	struct error first_lost; /* since marking this root began */
};

/* Making */

static int compare_loose(const void *a, const void *b)
{
	const struct loose_item *left = a, *right = b;

	return object_id_compare(&left->id, &right->id);
}

static int list_loose(struct marker *marker, struct error *err)
{
	struct loose_walk walk;
	struct object_id id;
	struct stat st;
	int r;

	loose_walk_init(&walk, marker->store->objects_fd);
	while ((r = loose_walk_next(&walk, &id, &st, NULL, err)) > 0) {
		array_reserve_one(marker->loose, marker->loose_count, marker->loose_capacity);
		marker->loose[marker->loose_count++] =
			(struct loose_item){ id, (uint64_t)st.st_size };
	}
	loose_walk_release(&walk);
	if (marker->loose_count > 1)
		qsort(marker->loose, marker->loose_count, sizeof *marker->loose, compare_loose);
	return r;
}

int marker_new(struct store *store, struct marker **ret, struct error *err)
{
	cleanup_with(marker_free) struct marker *marker = xcalloc(1, sizeof *marker);
	int r;

	marker->store = store;
	r = marker_refresh(marker, err);
	if (r == 0)
		r = list_loose(marker, err);
	if (r < 0)
		return r;
	*ret = take_ptr(&marker);
	return 0;
}

void marker_free(struct marker *marker)
{
	if (!marker)
		return;
	pack_set_unref(marker->set);
	id_set_release(&marker->live);
	id_set_release(&marker->walked);
	id_set_release(&marker->lost);
	id_set_release(&marker->broken);
	id_set_release(&marker->distrusted);
	free(marker->loose);
	free(marker->fresh);
	child_list_release(&marker->children);
	free(marker->levels);
	free(marker);
}

int marker_refresh(struct marker *marker, struct error *err)
{
	int r = pack_list_refresh(marker->store->packs, true, err);

	if (r < 0)
		return r;
	pack_set_unref(marker->set);
	marker->set = NULL;
	return pack_list_get(marker->store->packs, &marker->set, err);
}

struct pack_set *marker_packs(const struct marker *marker)
{
	return marker->set;
}

const struct loose_item *marker_loose(const struct marker *marker, size_t *ret_count)
{
	*ret_count = marker->loose_count;
	return marker->loose;
}

bool marker_is_loose(const struct marker *marker, const struct object_id *id)
{
	struct loose_item key = { .id = *id };

	return marker->loose_count && bsearch(&key, marker->loose, marker->loose_count,
					      sizeof *marker->loose, compare_loose);
}

void marker_distrust(struct marker *marker, const struct object_id *id)
{
	(void)id_set_add(&marker->distrusted, id);
}

bool marker_is_live(const struct marker *marker, const struct object_id *id)
{
	return id_set_contains(&marker->live, id);
}

bool marker_is_walked(const struct marker *marker, const struct object_id *id)
{
	return id_set_contains(&marker->walked, id);
}

void marker_note_fresh(struct marker *marker)
{
	marker->noting = true;
	marker->fresh_count = 0;
}

const struct object_id *marker_fresh(const struct marker *marker, size_t *ret_count)
{
	*ret_count = marker->fresh_count;
	return marker->fresh;
}

static void note(struct marker *marker, const struct object_id *id)
{
	if (!marker->noting)
		return;
	array_reserve_one(marker->fresh, marker->fresh_count, marker->fresh_capacity);
	marker->fresh[marker->fresh_count++] = *id;
}

/* Looking up */

/* 1 and its record, 0 not in any pack. */
static int find_packed(struct marker *marker, const struct object_id *id, struct pack **ret_pack,
		       struct pack_object *ret)
{
	uint32_t position;

	if (!pack_set_find(marker->set, id, ret_pack, &position) ||
	    !pack_index_object(&(*ret_pack)->index, position, ret))
		return 0;
	return 1;
}

/* The same, and once more with what has come since. */
static int find_packed_now(struct marker *marker, const struct object_id *id,
			   struct pack **ret_pack, struct pack_object *ret, struct error *err)
{
	int r = find_packed(marker, id, ret_pack, ret);

	if (r > 0)
		return r;
	r = pack_list_refresh(marker->store->packs, false, err);
	if (r < 0)
		return r;
	pack_set_unref(marker->set);
	marker->set = NULL;
	r = pack_list_get(marker->store->packs, &marker->set, err);
	return r < 0 ? r : find_packed(marker, id, ret_pack, ret);
}

/* 0, after remembering the first thing that was lost. */
static int lose(struct marker *marker, const struct object_id *id, const char *what)
{
	if (!marker->first_lost.code)
		(void)error_set(&marker->first_lost, -EBADMSG, "object %s %s",
				object_id_hex(id).text, what);
	return 0;
}

static int lose_bytes(struct marker *marker, const struct object_id *id, const char *what)
{
	(void)id_set_add(&marker->lost, id);
	return lose(marker, id, what);
}

/* Read an object and list its children. */
static int load_children(struct marker *marker, struct pack *pack, const struct pack_object *object,
			 enum object_kind kind, struct error *err)
{
	cleanup_with(buf_release) struct buf whole = { 0 };
	struct frame_cache *frames = marker->store->frames;
	int r;

	if (object->length > 0 && object->length <= PACK_FRAME_MAX) {
		struct pack_piece piece = { 0 };

		r = pack_view(pack, frames, object, 0, &piece, err);
		if (r == 0)
			r = children_add(&marker->children, kind, piece.data, piece.size, err);
		frame_pin_release(&piece.pin);
		return r;
	}
	if (object->length > OBJECT_MAX)
		return error_set(err, -EBADMSG, "is of absurd length");
	r = pack_read(pack, frames, object, &whole, err);
	return r < 0 ? r
		     : children_add(&marker->children, kind, buf_string(&whole), whole.length, err);
}

/* Visiting: 1 all is well, 0 something is lost, 2 it is walked first, as the newest level. */

static int walk(struct marker *marker, const struct object_id *id, struct pack *pack,
		const struct pack_object *object, enum object_kind kind, struct error *err)
{
	size_t first = marker->children.count;
	bool fresh = id_set_add(&marker->live, id);
	struct error inner = { 0 };
	int r;

	if (id_set_add(&marker->walked, id) || fresh)
		note(marker, id);
	r = load_children(marker, pack, object, kind, &inner);
	if (r == -EOPNOTSUPP)
		return error_set(err, r, "%s", inner.text);
	if (r < 0) {
		(void)id_set_add(kind == OBJECT_EXTENTS ? &marker->lost : &marker->broken, id);
		return lose(marker, id, inner.text);
	}
	array_reserve_one(marker->levels, marker->level_count, marker->level_capacity);
	marker->levels[marker->level_count++] = (struct level){ .id = *id,
								.kind = kind,
								.first = first,
								.next = first,
								.end = marker->children.count };
	return 2;
}

static int visit_blob(struct marker *marker, const struct object_id *id, struct error *err)
{
	struct pack_object object;
	struct pack *pack;
	uint64_t size;
	int r;

	if (id_set_contains(&marker->lost, id))
		return lose(marker, id, "is lost");
	if (!id_set_add(&marker->live, id))
		return 1;
	note(marker, id);
	if (marker_is_loose(marker, id))
		return 1;
	r = find_packed(marker, id, &pack, &object);
	if (r == 0) {
		/* It may have come since we made our lists. */
		r = loose_find(marker->store->objects_fd, id, &size, err);
		if (r != 0)
			return r;
		r = find_packed_now(marker, id, &pack, &object, err);
	}
	if (r < 0)
		return r;
	if (r == 0)
		return lose_bytes(marker, id, "is missing");
	if (object.kind != OBJECT_EXTENTS)
		return 1;
	return walk(marker, id, pack, &object, OBJECT_EXTENTS, err);
}

/* What a piece is taken from has to be there as it is. */
static int visit_source(struct marker *marker, const struct object_id *id, struct error *err)
{
	cleanup_with(store_object_release) struct store_object object = { 0 };
	struct error inner = { 0 };
	int r = 1;

	if (!marker_is_loose(marker, id))
		r = store_find(marker->store, id, STORE_FIND_PLAIN, &object, &inner);
	if (r < 0 && r != -EBADMSG)
		return error_set(err, r, "%s", inner.text);
	if (r <= 0)
		return lose(marker, id, "is missing, or itself stored as pieces");
	if (id_set_add(&marker->live, id))
		note(marker, id);
	return 1;
}

static int visit_structured(struct marker *marker, const struct object_id *id,
			    enum object_kind kind, struct error *err)
{
	bool leaf = !kind_has_children(kind);
	struct pack_object object;
	struct pack *pack;
	int r;

	if (id_set_contains(&marker->lost, id))
		return lose(marker, id, "is lost");
	if (!leaf && id_set_contains(&marker->broken, id))
		return lose(marker, id, "is not whole");
	if (id_set_contains(leaf ? &marker->live : &marker->walked, id))
		return 1;
	r = find_packed_now(marker, id, &pack, &object, err);
	if (r < 0)
		return r;
	if (r == 0) {
		(void)id_set_add(&marker->broken, id);
		return lose(marker, id, "is missing");
	}
	if (!leaf)
		return walk(marker, id, pack, &object, kind, err);
	(void)id_set_add(&marker->live, id);
	note(marker, id);
	return 1;
}

/* What bytes that were stored as a file's look like. */
static enum object_kind guess_kind(struct marker *marker, struct pack *pack,
				   const struct pack_object *object)
{
	enum object_kind kind = OBJECT_BLOB;
	struct pack_piece piece = { 0 };

	if (object->length == 0 ||
	    pack_view(pack, marker->store->frames, object, 0, &piece, NULL) < 0)
		return kind;
	if (piece.size >= 11 && memcmp(piece.data, "snapshot 1\n", 11) == 0)
		kind = OBJECT_SNAPSHOT;
	else if (piece.size >= 4 && memcmp(piece.data, "OSDR", 4) == 0)
		kind = OBJECT_DIR;
	frame_pin_release(&piece.pin);
	return kind;
}

/*
 * Something named directly. It may be a state whose very bytes were stored as a file's before: then
 * what it refers to is marked as far as it is there, and it counts as the file that it is as well.
 */
static int visit_root(struct marker *marker, const struct object_id *id, bool *ret_guessed,
		      struct error *err)
{
	struct pack_object object;
	struct pack *pack;
	enum object_kind kind;
	int r = find_packed_now(marker, id, &pack, &object, err);

	if (r < 0)
		return r;
	kind = r > 0 ? object.kind : OBJECT_BLOB;
	if (r > 0 && kind == OBJECT_BLOB) {
		kind = guess_kind(marker, pack, &object);
		*ret_guessed = kind != OBJECT_BLOB;
	}
	if (*ret_guessed) {
		r = visit_blob(marker, id, err);
		if (r <= 0)
			return r;
	}
	if (kind == OBJECT_BLOB || kind == OBJECT_EXTENTS)
		return visit_blob(marker, id, err);
	return visit_structured(marker, id, kind, err);
}

static int visit(struct marker *marker, const struct child *child, struct error *err)
{
	const struct object_id *id = &child->id;

	if (marker->distrusted.count && id_set_contains(&marker->distrusted, id))
		return lose_bytes(marker, id, "is damaged");
	switch (child->role) {
	case CHILD_SOURCE:
		return visit_source(marker, id, err);
	case CHILD_SNAPSHOT:
		return visit_structured(marker, id, OBJECT_SNAPSHOT, err);
	case CHILD_DIR:
		return visit_structured(marker, id, OBJECT_DIR, err);
	case CHILD_XATTRS:
		return visit_structured(marker, id, OBJECT_XATTRS, err);
	case CHILD_LINKS:
		return visit_structured(marker, id, OBJECT_LINKS, err);
	case CHILD_BLOB:
	default:
		return visit_blob(marker, id, err);
	}
}

/* The next child of the newest level, or that level's end: 1, or 0 when it ended badly. */
static int step(struct marker *marker, struct error *err)
{
	size_t mine = marker->level_count - 1;
	struct level *level = &marker->levels[mine];
	int r;

	if (level->next < level->end) {
		struct child child = marker->children.items[level->next++];

		r = visit(marker, &child, err);
		if (r == 0)
			marker->levels[mine].bad = true; /* the array may have moved */
		return r < 0 ? r : 1;
	}
	marker->children.count = level->first;
	marker->level_count--;
	if (!level->bad)
		return 1;
	(void)id_set_add(level->kind == OBJECT_EXTENTS ? &marker->lost : &marker->broken,
			 &level->id);
	if (mine > 0)
		marker->levels[mine - 1].bad = true;
	return 0;
}

int marker_mark(struct marker *marker, const struct object_id *id, const char **ret_lost,
		struct error *err)
{
	bool guessed = false;
	int r;

	marker->first_lost = (struct error){ 0 };
	marker->level_count = marker->children.count = 0;
	if (id_set_contains(&marker->distrusted, id))
		r = lose_bytes(marker, id, "is damaged");
	else
		r = visit_root(marker, id, &guessed, err);
	while (r >= 0 && marker->level_count > 0)
		r = step(marker, err);
	if (r < 0)
		return r;
	if (r > 0 || (guessed && !id_set_contains(&marker->lost, id)))
		return 1;
	*ret_lost = marker->first_lost.text;
	return 0;
}

int marker_mark_roots(struct marker *marker, const struct root_list *roots, struct error *err)
{
	for (size_t i = 0; i < roots->count; i++) {
		const struct root *root = &roots->items[i];
		cleanup_free char *name = NULL;
		const char *lost;
		int r = marker_mark(marker, &root->id, &lost, err);

		if (r < 0)
			return r;
		if (r > 0 || root->type == ROOT_LEASE)
			continue;
		name = root_describe(root);
		return error_set(
			err, -EBADMSG,
			"%s needs what is lost: %s; nothing is deleted: run 'varve fsck --repair'",
			name, lost);
	}
	return 0;
}
