/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/string_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"

/* Where the key is, or where it would have to be put in. */
static size_t find(const struct string_map *map, const char *key, bool *ret_found)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(map->items[middle].key, key);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

const char *string_map_get(const struct string_map *map, const char *key)
{
	bool found;
	size_t at = find(map, key, &found);

	return found ? map->items[at].value : NULL;
}

void string_map_set(struct string_map *map, const char *key, const char *value)
{
	bool found;
	size_t at = find(map, key, &found);
	char *copy = xstrdup(value);

	if (found) {
		free(map->items[at].value);
		map->items[at].value = copy;
		return;
	}
	array_reserve_one(map->items, map->count, map->capacity);
	memmove(map->items + at + 1, map->items + at, (map->count - at) * sizeof *map->items);
	map->items[at] = (struct string_pair){ .key = xstrdup(key), .value = copy };
	map->count++;
}

void string_map_remove(struct string_map *map, const char *key)
{
	bool found;
	size_t at = find(map, key, &found);

	if (!found)
		return;
	free(map->items[at].key);
	free(map->items[at].value);
	map->count--;
	memmove(map->items + at, map->items + at + 1, (map->count - at) * sizeof *map->items);
}

void string_map_set_all(struct string_map *map, const struct string_map *from)
{
	for (size_t i = 0; i < from->count; i++)
		string_map_set(map, from->items[i].key, from->items[i].value);
}

void string_map_release(struct string_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		free(map->items[i].key);
		free(map->items[i].value);
	}
	free(map->items);
	*map = (struct string_map){ 0 };
}
