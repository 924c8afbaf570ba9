/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/name_table.h"

#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/hash.h"
#include "fs/tree/noted.h"

#define TABLE_MIN 8

struct name_table *name_table_new(void)
{
	struct name_table *children = xcalloc(1, sizeof *children);

	children->next_position = 1;
	return children;
}

/* The slot that holds index `i` of `order`, or the empty one where `hash` goes. */
static void table_insert(struct name_table *children, uint32_t hash, uint32_t i)
{
	uint32_t mask = children->table_capacity - 1;
	uint32_t slot = hash & mask;

	while (children->table[slot])
		slot = (slot + 1) & mask;
	children->table[slot] = i + 1;
	children->table_used++;
}

/* Write the table anew for `capacity` slots, and close the gaps in `order` on the way. */
static void rebuild(struct name_table *children, uint32_t capacity)
{
	uint32_t kept = 0;

	if (capacity != children->table_capacity) {
		free(children->table);
		children->table = xcalloc(capacity, sizeof *children->table);
		children->table_capacity = capacity;
	} else if (capacity) {
		memset(children->table, 0, capacity * sizeof *children->table);
	}
	children->table_used = 0;
	for (uint32_t i = 0; i < children->used; i++) {
		struct dentry *dentry = name_table_at(children, i);

		if (!dentry)
			continue;
		children->order[kept] = (uintptr_t)dentry;
		table_insert(children, dentry->hash, kept);
		kept++;
	}
	children->used = kept;
	children->first = children->held = 0;
}

static uint32_t table_size_for(uint32_t count)
{
	uint32_t size = TABLE_MIN;

	while (size < count + count / 2)
		size *= 2;
	return size;
}

void name_table_reserve(struct name_table *children, uint32_t count)
{
	if (count > children->capacity) {
		uint32_t half_more = children->capacity + children->capacity / 2;
		uint32_t grown = count > half_more ? count : half_more;

		children->order = xreallocarray(children->order, grown, sizeof *children->order);
		children->capacity = grown;
	}
	if (table_size_for(count) > children->table_capacity)
		rebuild(children, table_size_for(count));
}

/* Names that went or changed count as load: their slots stay until the table is written anew. */
static void make_slot(struct name_table *children)
{
	if ((children->table_used + 1) * 4 > children->table_capacity * 3)
		rebuild(children, table_size_for(children->count + 1 + children->count / 2));
}

static void make_room(struct name_table *children)
{
	if (children->used == children->capacity) {
		uint32_t grown = children->capacity ? children->capacity * 2 : 4;

		children->order = xreallocarray(children->order, grown, sizeof *children->order);
		children->capacity = grown;
	}
	make_slot(children);
}

static struct dentry *dentry_new(const char *name, size_t length, uint64_t position)
{
	struct dentry *dentry = xmalloc(sizeof *dentry + length + 1);

	*dentry = (struct dentry){ .hash = (uint32_t)hash64(name, length),
				   .length = (uint16_t)length,
				   .position = position };
	memcpy(dentry->name, name, length);
	dentry->name[length] = '\0';
	return dentry;
}

struct dentry *name_table_add(struct name_table *children, const char *name, size_t length)
{
	struct dentry *dentry = dentry_new(name, length, children->next_position++);

	make_room(children);
	table_insert(children, dentry->hash, children->used);
	children->order[children->used++] = (uintptr_t)dentry;
	children->count++;
	return dentry;
}

struct dentry *name_table_find(const struct name_table *children, const char *name, size_t length)
{
	uint32_t hash, mask, slot;

	if (!children->count)
		return NULL;
	hash = (uint32_t)hash64(name, length);
	mask = children->table_capacity - 1;
	for (slot = hash & mask; children->table[slot]; slot = (slot + 1) & mask) {
		struct dentry *dentry = name_table_at(children, children->table[slot] - 1);

		if (dentry && dentry->hash == hash && dentry->length == length &&
		    memcmp(dentry->name, name, length) == 0)
			return dentry;
	}
	return NULL;
}

static uint64_t position_at(const struct name_table *children, uint32_t i)
{
	const struct dentry *dentry = name_table_at(children, i);

	return dentry ? dentry->position : children->order[i] >> 1;
}

/* Index of the first in `order` at or behind `position`. */
static uint32_t index_from(const struct name_table *children, uint64_t position)
{
	uint32_t low = 0, high = children->used;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (position_at(children, middle) < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct dentry *name_table_from(const struct name_table *children, uint64_t position)
{
	uint32_t i;

	if (!children)
		return NULL;
	/* Whoever takes away the first name again and again does not step over all gaps each time. */
	i = index_from(children, position);
	for (i = i < children->first ? children->first : i; i < children->used; i++) {
		struct dentry *dentry = name_table_at(children, i);

		if (dentry)
			return dentry;
	}
	return NULL;
}

struct dentry *name_table_rename(struct name_table *children, struct dentry *dentry,
				 const char *name, size_t length)
{
	struct dentry *renamed = dentry_new(name, length, dentry->position);
	uint32_t i;

	make_slot(children);
	i = index_from(children, dentry->position);
	children->order[i] = (uintptr_t)renamed;
	table_insert(children, renamed->hash, i);
	free(dentry);
	return renamed;
}

void name_table_remove(struct name_table *children, struct dentry *dentry)
{
	uint32_t i = index_from(children, dentry->position);

	children->order[i] = (uintptr_t)dentry->position << 1 | 1;
	children->count--;
	free(dentry);
	while (children->first < children->used && !name_table_at(children, children->first))
		children->first++;
	if (children->used > 16 && children->count < children->used / 2)
		rebuild(children, children->table_capacity);
}

static int compare_names(const void *a, const void *b)
{
	const struct dentry *left = *(const struct dentry *const *)a;
	const struct dentry *right = *(const struct dentry *const *)b;

	return dir_name_compare(left->name, left->length, right->name, right->length);
}

struct dentry **name_table_sorted(const struct name_table *children)
{
	struct dentry **sorted = xmalloc(children->count * sizeof(struct dentry *));
	bool in_order = true;
	uint32_t count = 0;

	for (uint32_t i = 0; i < children->used; i++) {
		struct dentry *dentry = name_table_at(children, i);

		if (!dentry)
			continue;
		sorted[count++] = dentry;
		if (count > 1 && compare_names(&sorted[count - 2], &sorted[count - 1]) > 0)
			in_order = false;
	}
	if (!in_order)
		qsort(sorted, count, sizeof *sorted, compare_names);
	return sorted;
}

void name_table_free(struct name_table *children)
{
	struct dentry *dentry;

	if (!children)
		return;
	name_table_each(children, dentry) free(dentry);
	free(children->order);
	free(children->table);
	noted_free(children->noted);
	free(children);
}
