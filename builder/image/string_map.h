/* SPDX-License-Identifier: Apache-2.0 */
/* Words to words, sorted by key as Go writes its maps: labels and annotations. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct string_pair {
	char *key, *value;
};

/* All zero is an empty map. */
struct string_map {
	struct string_pair *items; /* ascending by strcmp of their keys */
	size_t count, capacity;
};

/* The value, or NULL. */
const char *string_map_get(const struct string_map *map, const char *key);
/* Add or replace, with copies. */
void string_map_set(struct string_map *map, const char *key, const char *value);
void string_map_remove(struct string_map *map, const char *key);
/* Set all that `from` holds. */
void string_map_set_all(struct string_map *map, const struct string_map *from);
void string_map_release(struct string_map *map);
DEFINE_CLEANUP_VALUE(struct string_map, string_map_release);
