/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of strings whose memory is an arena's. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct arena;

/* Strings that somebody else keeps. `items` ends in NULL as argv does, also when it is empty; all
 * zero is no list at all. */
struct words {
	const char *const *items;
	size_t count;
};

/* One that grows; all zero is empty. The strings stay the caller's. */
struct word_list {
	const char **items;
	size_t count, capacity;
};

void word_list_add(struct word_list *list, const char *word);
/* What the list holds, laid down in `arena`; the list is empty after, its memory kept. */
struct words word_list_take(struct word_list *list, struct arena *arena);
void word_list_release(struct word_list *list);
DEFINE_CLEANUP_VALUE(struct word_list, word_list_release);
