/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/fsck_pack.h"

#include <errno.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/object/extents.h"
#include "fs/object/links.h"
#include "fs/object/xattrs.h"
#include "fs/store/gc/children.h"
#include "fs/store/pack/order.h"
#include "fs/store/pack/packer.h"
#include "fs/store/pack/scan.h"
#include "fs/store/store_internal.h"

void pack_verdict_release(struct pack_verdict *verdict)
{
	free(verdict->bad);
	free(verdict->pieced);
	*verdict = (struct pack_verdict){ 0 };
}

struct check {
	const char *name;
	bool fast;
	struct pack_scan *scan;
	const struct pack_index *index;
	struct pack_placed *order; /* what the index lists */
	size_t count, next;
	struct pack_verdict *verdict;
	struct strings *problems;
};

__attribute__((format(printf, 2, 3))) static void complain(struct check *check, const char *format,
							   ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	strings_add_format(check->problems, "pack '%s': %s", check->name, text);
	free(text);
	check->verdict->damaged = true;
}

static void add_bad(struct check *check, struct object_id id)
{
	struct pack_verdict *verdict = check->verdict;

	array_reserve_one(verdict->bad, verdict->bad_count, verdict->bad_capacity);
	verdict->bad[verdict->bad_count++] = id;
}

static void add_pieced(struct check *check, const struct object_id *id)
{
	struct pack_verdict *verdict = check->verdict;

	array_reserve_one(verdict->pieced, verdict->pieced_count, verdict->pieced_capacity);
	verdict->pieced[verdict->pieced_count++] = *id;
}

/* Whether the bytes are what an encoder of this kind would have written. */
static int decode(const struct scanned_object *object, struct error *err)
{
	struct child_list children = { 0 };
	struct xattrs xattrs = { 0 };
	struct links links = { 0 };
	size_t length = (size_t)object->length;
	int r = 0;

	if (object->kind == OBJECT_XATTRS)
		r = xattrs_decode(object->data, length, &xattrs, err);
	else if (object->kind == OBJECT_LINKS)
		r = links_decode(object->data, length, &links, err);
	else if (kind_has_children(object->kind))
		r = children_add(&children, object->kind, object->data, length, err);
	child_list_release(&children);
	xattrs_release(&xattrs);
	links_release(&links);
	return r;
}

/* Whether nothing but what the object says of itself makes its id. */
static bool is_named_by_itself(const struct object_id *id, const struct scanned_object *object)
{
	struct object_id own = extents_own_id(object->data, (size_t)object->length);

	return object_id_equal(&own, id);
}

/* An object that stands where the index says that `id` does. */
static void check_object(struct check *check, const struct object_id *id,
			 const struct scanned_object *object)
{
	struct error inner = { 0 };
	struct object_id found;

	if (check->fast)
		return;
	if (object->kind != OBJECT_EXTENTS) {
		found = object_id_of(object->data, (size_t)object->length);
		if (!object_id_equal(&found, id)) {
			complain(check, "object %s has other bytes than it should",
				 object_id_hex(id).text);
			add_bad(check, *id);
			return;
		}
	}
	if (decode(object, &inner) < 0) {
		complain(check, "object %s: %s", object_id_hex(id).text, inner.text);
		add_bad(check, *id);
	} else if (object->kind == OBJECT_EXTENTS && !is_named_by_itself(id, object)) {
		add_pieced(check, id);
	}
}

/* What the index lists before the place where the scan is was not found there. */
static void skip_to(struct check *check, const struct pack_object *place)
{
	while (check->next < check->count &&
	       (!place || pack_place_compare(&check->order[check->next].entry.object, place) < 0))
		add_bad(check, check->order[check->next++].entry.id);
}

static void match_object(struct check *check, const struct scanned_object *object)
{
	struct pack_object place = { .frame = object->frame,
				     .offset = object->offset,
				     .length = object->length };
	const struct pack_placed *listed;

	check->verdict->objects++;
	skip_to(check, &place);
	listed = check->next < check->count ? &check->order[check->next] : NULL;
	if (!listed || pack_place_compare(&listed->entry.object, &place) != 0 ||
	    listed->entry.object.kind != object->kind) {
		complain(check, "an object in frame %u is not in the index", object->frame);
		return;
	}
	check->next++;
	check_object(check, &listed->entry.id, object);
}

/* All of the frames. */
static int run(struct check *check, struct error *err)
{
	struct scanned_object object;
	struct error inner = { 0 };
	int r;

	while ((r = pack_scan_next(check->scan, &object, &inner)) != 0) {
		if (r == -EBADMSG) {
			complain(check, "%s", inner.text);
		} else if (r == -EOPNOTSUPP) {
			strings_add_format(check->problems, "pack '%s': %s", check->name,
					   inner.text);
			check->verdict->unknown = true;
		} else if (r < 0) {
			return error_set(err, r, "%s", inner.text);
		} else if (check->index) {
			match_object(check, &object);
		}
	}
	skip_to(check, NULL);
	return 0;
}

int fsck_pack(struct store *store, const char *name, bool fast, struct pack_verdict *ret,
	      struct strings *problems, struct error *err)
{
	cleanup_with(pack_scan_free) struct pack_scan *scan = NULL;
	cleanup_free struct pack_placed *order = NULL;
	struct check check = { .name = name, .fast = fast, .verdict = ret, .problems = problems };
	struct error inner = { 0 };
	int r = pack_scan_open(store->packs_fd, name, fast ? PACK_SCAN_FAST : 0, &scan, &inner);

	if (r == -ENOENT)
		return 0;
	if (r == -EIO) {
		complain(&check, "%s", inner.text);
		return 0;
	}
	if (r < 0)
		return error_set(err, r, "%s", inner.text);
	check.scan = scan;
	ret->bytes = pack_scan_size(scan);
	check.index = pack_scan_index(scan, &inner);
	if (!check.index)
		complain(&check, "%s", inner.text);
	else if (!pack_order(check.index, &order, &check.count))
		complain(&check, "records of objects are damaged");
	check.order = order;
	return run(&check, err);
}

/* Saving */

/* The id of a scanned object. */
static void identify(const struct pack_index *index, const struct pack_placed *order, size_t count,
		     const struct scanned_object *object, struct object_id *ret)
{
	if (object->kind != OBJECT_EXTENTS) {
		*ret = object_id_of(object->data, (size_t)object->length);
		return;
	}
	/* Where it is named after what it stands for, only the index knows. */
	for (size_t i = 0; index && i < count; i++) {
		const struct pack_object *listed = &order[i].entry.object;

		if (listed->frame == object->frame && listed->offset == object->offset &&
		    listed->length == object->length && listed->kind == OBJECT_EXTENTS) {
			*ret = order[i].entry.id;
			return;
		}
	}
	*ret = extents_own_id(object->data, (size_t)object->length);
}

int fsck_pack_save(struct store *store, const char *name, struct packer *packer, struct error *err)
{
	cleanup_with(pack_scan_free) struct pack_scan *scan = NULL;
	cleanup_free struct pack_placed *order = NULL;
	const struct pack_index *index;
	struct scanned_object object;
	size_t count = 0;
	int r = pack_scan_open(store->packs_fd, name, 0, &scan, err);

	if (r < 0)
		return r == -EIO || r == -ENOENT ? 0 : r;
	index = pack_scan_index(scan, NULL);
	if (index)
		(void)pack_order(index, &order, &count);
	while ((r = pack_scan_next(scan, &object, NULL)) != 0) {
		struct object_id id;

		if (r == -EBADMSG || r == -EOPNOTSUPP)
			continue;
		if (r < 0)
			return error_errno(err, r, "cannot read pack '%s'", name);
		identify(index, order, count, &object, &id);
		if (packer_find(packer, &id) || decode(&object, NULL) < 0)
			continue;
		r = packer_add(packer, object.kind, &id, object.data, (size_t)object.length, err);
		if (r < 0)
			return r;
	}
	return 0;
}
