/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in one directory: found by name in constant time, and listed in an order that stands
 * still while names come and go, so that a listing can go on from a position after changes.
 */
#pragma once

#include "fs/tree/node.h"

struct noted;

/* `order` is ascending by position. Where a name was taken out stands `position << 1 | 1`, which is
 * no address, so that searching it never has to step over gaps. */
struct name_table {
	uintptr_t *order;
	uint32_t *table;         /* slots: index into `order` plus one, 0 empty */
	uint32_t used, capacity; /* of `order` */
	uint32_t first;          /* before it there are only gaps */
	uint32_t held;           /* where tree_unload() last found something in use */
	uint32_t table_capacity; /* a power of two, or 0 */
	uint32_t table_used;     /* slots that are not empty */
	uint32_t count;          /* names present */
	uint64_t next_position;
	uint32_t subdirs;
	struct noted *noted; /* of a large directory that is stored, else NULL */
};

/* What stands at index `i` of `order`, NULL for a gap. */
static inline struct dentry *name_table_at(const struct name_table *children, uint32_t i)
{
	uintptr_t value = children->order[i];

	return value & 1 ? NULL : (struct dentry *)value;
}

struct name_table *name_table_new(void);
/* Room for `count` names in all, to spare growing in steps. */
void name_table_reserve(struct name_table *children, uint32_t count);
/* A name that is not there yet. */
struct dentry *name_table_add(struct name_table *children, const char *name, size_t length);
struct dentry *name_table_find(const struct name_table *children, const char *name, size_t length);
/* The same place in the order under another name, which is not there yet; frees `dentry`. */
struct dentry *name_table_rename(struct name_table *children, struct dentry *dentry,
				 const char *name, size_t length);
/* Take it out and free it. */
void name_table_remove(struct name_table *children, struct dentry *dentry);

/* The first name with a position of at least `position`; NULL at the end. */
struct dentry *name_table_from(const struct name_table *children, uint64_t position);

/* Loop over all, in order of position; the body leaves the table alone. */
#define name_table_each(children, dentry)                                                \
	for (uint32_t name_table_i = 0; name_table_i < (children)->used; name_table_i++) \
		if (((dentry) = name_table_at((children), name_table_i)))

/* The names sorted by memcmp; an array of `count` that the caller frees. */
struct dentry **name_table_sorted(const struct name_table *children);

/* Free the table and its dentries, not the nodes. */
void name_table_free(struct name_table *children);
