/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/mark_set.h"

#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/hash.h"
#include "fs/tree/node.h"

/* Positions are never used twice in a directory, nor are numbers of inodes. The name itself would
 * not do: what replaces it has the same one. */
static uint64_t key_of(const struct dentry *dentry)
{
	uint64_t key = hash64_mix(hash64_mix(dentry->parent->ino) + dentry->position);

	return key ? key : 1;
}

static size_t slot_of(const struct mark_set *set, uint64_t key)
{
	size_t slot = key & (set->capacity - 1);

	while (set->slots[slot] && set->slots[slot] != key)
		slot = (slot + 1) & (set->capacity - 1);
	return slot;
}

static void grow(struct mark_set *set)
{
	struct mark_set bigger = { .capacity = set->capacity ? set->capacity * 2 : 64 };

	bigger.slots = xcalloc(bigger.capacity, sizeof *bigger.slots);
	bigger.count = set->count;
	for (size_t i = 0; i < set->capacity; i++) {
		if (set->slots[i])
			bigger.slots[slot_of(&bigger, set->slots[i])] = set->slots[i];
	}
	free(set->slots);
	*set = bigger;
}

void mark_set_add(struct mark_set *set, const struct dentry *dentry)
{
	uint64_t key = key_of(dentry);
	size_t slot;

	if (set->count * 4 >= set->capacity * 3)
		grow(set);
	slot = slot_of(set, key);
	set->count += !set->slots[slot];
	set->slots[slot] = key;
}

bool mark_set_has(const struct mark_set *set, const struct dentry *dentry)
{
	return set->capacity && set->slots[slot_of(set, key_of(dentry))];
}

void mark_set_release(struct mark_set *set)
{
	free(set->slots);
	*set = (struct mark_set){ 0 };
}
