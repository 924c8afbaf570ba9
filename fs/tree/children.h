/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in one directory: found by name in constant time, and listed in an order that stands
 * still while names come and go, so that a listing can go on from a position after changes.
 */
#pragma once

#include "fs/tree/node.h"

/* `order` is ascending by position. Where a name was taken out stands `position << 1 | 1`, which is
 * no address, so that searching it never has to step over gaps. */
struct children {
	uintptr_t *order;
	uint32_t *table;         /* slots: index into `order` plus one, 0 empty */
	uint32_t used, capacity; /* of `order` */
	uint32_t table_capacity; /* a power of two, or 0 */
	uint32_t count;          /* names present */
	uint64_t next_position;
	uint32_t subdirs;
};

/* What stands at index `i` of `order`, NULL for a gap. */
static inline struct dentry *children_at(const struct children *children, uint32_t i)
{
	uintptr_t value = children->order[i];

	return value & 1 ? NULL : (struct dentry *)value;
}

struct children *children_new(void);
/* Room for `count` names in all, to spare growing in steps. */
void children_reserve(struct children *children, uint32_t count);
/* A name that is not there yet. */
struct dentry *children_add(struct children *children, const char *name, size_t length);
struct dentry *children_find(const struct children *children, const char *name, size_t length);
/* Take it out and free it. */
void children_remove(struct children *children, struct dentry *dentry);

/* The first name with a position of at least `position`; NULL at the end. */
struct dentry *children_from(const struct children *children, uint64_t position);

/* Loop over all, in order of position; the body leaves the table alone. */
#define children_each(children, dentry)                                            \
	for (uint32_t children_i = 0; children_i < (children)->used; children_i++) \
		if (((dentry) = children_at((children), children_i)))

/* The names sorted by memcmp; an array of `count` that the caller frees. */
struct dentry **children_sorted(const struct children *children);

/* Free the table and its dentries, not the nodes. */
void children_free(struct children *children);
