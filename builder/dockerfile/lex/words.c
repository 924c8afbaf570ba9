/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/words.h"

#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/arena.h"

void word_list_add(struct word_list *list, const char *word)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count++] = word;
}

struct words word_list_take(struct word_list *list, struct arena *arena)
{
	const char **items = arena_array(arena, list->count + 1, sizeof *items);
	struct words words = { .items = items, .count = list->count };

	if (list->count)
		memcpy(items, list->items, list->count * sizeof *items);
	list->count = 0;
	return words;
}

void word_list_release(struct word_list *list)
{
	free(list->items);
	*list = (struct word_list){ 0 };
}
