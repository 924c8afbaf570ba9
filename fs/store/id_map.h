/* SPDX-License-Identifier: Apache-2.0 */
/* Positions in an array by id: where the items are larger than an id_set's, or come with more. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/object/id.h"

/* All zero is an empty map. */
struct id_map {
	struct id_map_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* Set the position of an id, which may have one already. */
void id_map_put(struct id_map *map, const struct object_id *id, size_t position);
/* True and the position. */
bool id_map_find(const struct id_map *map, const struct object_id *id, size_t *ret_position);
void id_map_release(struct id_map *map);
