/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/id_set.h"

#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"

/* Ids are digests: any 64 of their bits are as good as a hash. */
static size_t first_slot(const struct id_set *set, const struct object_id *id)
{
	return (size_t)get_le64(id->bytes) & (set->capacity - 1);
}

/* Where `id` is, or the empty slot where it would go. */
static struct object_id *find_slot(const struct id_set *set, const struct object_id *id)
{
	size_t i = first_slot(set, id);

	while (!object_id_is_zero(&set->slots[i]) && !object_id_equal(&set->slots[i], id))
		i = (i + 1) & (set->capacity - 1);
	return &set->slots[i];
}

static void grow(struct id_set *set)
{
	struct id_set bigger = { .capacity = set->capacity ? set->capacity * 2 : 64,
				 .count = set->count };

	bigger.slots = xcalloc(bigger.capacity, sizeof *bigger.slots);
	for (size_t i = 0; i < set->capacity; i++) {
		if (!object_id_is_zero(&set->slots[i]))
			*find_slot(&bigger, &set->slots[i]) = set->slots[i];
	}
	free(set->slots);
	*set = bigger;
}

bool id_set_add(struct id_set *set, const struct object_id *id)
{
	struct object_id *slot;

	if (set->count * 4 >= set->capacity * 3)
		grow(set);
	slot = find_slot(set, id);
	if (!object_id_is_zero(slot))
		return false;
	*slot = *id;
	set->count++;
	return true;
}

bool id_set_contains(const struct id_set *set, const struct object_id *id)
{
	return set->count > 0 && !object_id_is_zero(find_slot(set, id));
}

const struct object_id *id_set_next(const struct id_set *set, size_t *at)
{
	while (*at < set->capacity) {
		const struct object_id *slot = &set->slots[(*at)++];

		if (!object_id_is_zero(slot))
			return slot;
	}
	return NULL;
}

void id_set_release(struct id_set *set)
{
	free(set->slots);
	*set = (struct id_set){ 0 };
}
