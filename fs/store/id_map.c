/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/id_map.h"

#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"

struct id_map_slot {
	struct object_id id;
	size_t position_plus_1; /* 0: empty */
};

/* Ids are digests: any 64 of their bits are as good as a hash. */
static struct id_map_slot *find_slot(const struct id_map *map, const struct object_id *id)
{
	size_t i = (size_t)get_le64(id->bytes) & (map->capacity - 1);

	while (map->slots[i].position_plus_1 && !object_id_equal(&map->slots[i].id, id))
		i = (i + 1) & (map->capacity - 1);
	return &map->slots[i];
}

static void grow(struct id_map *map)
{
	struct id_map bigger = { .capacity = map->capacity ? map->capacity * 2 : 16,
				 .count = map->count };

	bigger.slots = xcalloc(bigger.capacity, sizeof *bigger.slots);
	for (size_t i = 0; i < map->capacity; i++) {
		if (map->slots[i].position_plus_1)
			*find_slot(&bigger, &map->slots[i].id) = map->slots[i];
	}
	free(map->slots);
	*map = bigger;
}

void id_map_put(struct id_map *map, const struct object_id *id, size_t position)
{
	struct id_map_slot *slot;

	if (map->count * 4 >= map->capacity * 3)
		grow(map);
	slot = find_slot(map, id);
	map->count += slot->position_plus_1 == 0;
	*slot = (struct id_map_slot){ *id, position + 1 };
}

bool id_map_find(const struct id_map *map, const struct object_id *id, size_t *ret_position)
{
	const struct id_map_slot *slot;

	if (map->count == 0)
		return false;
	slot = find_slot(map, id);
	if (slot->position_plus_1 == 0)
		return false;
	*ret_position = slot->position_plus_1 - 1;
	return true;
}

void id_map_release(struct id_map *map)
{
	free(map->slots);
	*map = (struct id_map){ 0 };
}
