/* SPDX-License-Identifier: Apache-2.0 */
/* What an object refers to, for every kind of object. Reads no files. */
#pragma once

#include "fs/object/id.h"
#include "fs/object/kind.h"

struct error;

/* What one object is to another that refers to it. */
enum child_role {
	CHILD_BLOB,
	CHILD_SOURCE /* of a piece */,
	CHILD_SNAPSHOT,
	CHILD_DIR,
	CHILD_XATTRS,
	CHILD_LINKS
};

struct child {
	struct object_id id;
	enum child_role role;
};

/* All zero is an empty list. */
struct child_list {
	struct child *items;
	size_t count, capacity;
};

/* Append the children of an object of this kind, in their order: 0 or -EBADMSG. */
int children_add(struct child_list *list, enum object_kind kind, const void *data, size_t size,
		 struct error *err);
void child_list_release(struct child_list *list);

/* Whether objects of this kind have any. */
static inline int kind_has_children(enum object_kind kind)
{
	return kind == OBJECT_DIR || kind == OBJECT_SNAPSHOT || kind == OBJECT_EXTENTS;
}
