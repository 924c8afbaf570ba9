/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/scope/variables.h"

#include <errno.h>
#include <string.h>

#include "builder/plan/memory.h"
#include "builder/plan/plan.h"
#include "fs/base/hash.h"

#define NOWHERE SIZE_MAX

static size_t find(const struct variables *list, const char *name, size_t length, uint64_t hash)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct variable *item = &list->items[i];

		if (item->hash == hash && item->name_length == length &&
		    memcmp(item->pair, name, length) == 0)
			return i;
	}
	return NOWHERE;
}

static size_t find_name(const struct variables *list, const char *name)
{
	size_t length = strlen(name);

	return find(list, name, length, hash64(name, length));
}

const char *variable_value(const struct variable *variable)
{
	const char *behind = variable->pair + variable->name_length;

	return *behind ? behind + 1 : NULL;
}

const char *variables_get(const struct variables *list, const char *name)
{
	size_t at = find_name(list, name);

	return at == NOWHERE ? NULL : variable_value(&list->items[at]);
}

bool variables_contain(const struct variables *list, const char *name)
{
	return find_name(list, name) != NOWHERE;
}

/* Items of its own, with room for one more. */
static void make_room(struct variables *list, struct plan_memory *memory)
{
	struct variable *items;

	if (!list->shared && list->count < list->capacity)
		return;
	list->capacity = list->count + list->count / 2 + 8;
	items = plan_memory_array(memory, list->capacity, sizeof *items);
	if (list->count)
		memcpy(items, list->items, list->count * sizeof *items);
	list->items = items;
	list->shared = false;
}

static struct variable make_variable(struct plan_memory *memory, const char *name,
				     const char *value)
{
	size_t length = strlen(name), value_length = value ? strlen(value) : 0;
	char *pair = plan_memory_array(memory, 1, length + value_length + 2);

	memcpy(pair, name, length);
	if (value) {
		pair[length] = '=';
		memcpy(pair + length + 1, value, value_length);
	}
	return (struct variable){ .pair = pair,
				  .name_length = length,
				  .hash = hash64(name, length) };
}

/* Write `item` to the place `at`, or behind all others. */
static int store(struct variables *list, struct plan_memory *memory, size_t at,
		 const struct variable *item)
{
	if (at == NOWHERE && list->count == PLAN_VARIABLES_MAX)
		return -E2BIG;
	make_room(list, memory);
	if (at == NOWHERE)
		at = list->count++;
	list->items[at] = *item;
	return 0;
}

static int move_to_end(struct variables *list, struct plan_memory *memory, size_t at,
		       const struct variable *item)
{
	if (at == NOWHERE || at + 1 == list->count)
		return store(list, memory, at, item);
	make_room(list, memory);
	memmove(list->items + at, list->items + at + 1,
		(list->count - at - 1) * sizeof *list->items);
	list->items[list->count - 1] = *item;
	return 0;
}

int variables_set(struct variables *list, struct plan_memory *memory, const char *name,
		  const char *value)
{
	struct variable item = make_variable(memory, name, value);

	return move_to_end(list, memory, find(list, item.pair, item.name_length, item.hash), &item);
}

int variables_put(struct variables *list, struct plan_memory *memory, const char *name,
		  const char *value)
{
	struct variable item = make_variable(memory, name, value);

	return store(list, memory, find(list, item.pair, item.name_length, item.hash), &item);
}

/* Do the last ones of `list` stand there just as `from` would have them? */
static bool ends_in(const struct variables *list, const struct variables *from)
{
	const struct variable *tail;

	if (from->count > list->count)
		return false;
	tail = list->items + (list->count - from->count);
	for (size_t i = 0; i < from->count; i++) {
		const char *pair = from->items[i].pair;

		if (tail[i].pair != pair && strcmp(tail[i].pair, pair) != 0)
			return false;
	}
	return true;
}

int variables_set_all(struct variables *list, struct plan_memory *memory, struct variables *from)
{
	struct variables result = { 0 };
	int r = 0;

	if (list->count == 0) {
		*list = variables_share(from);
		return 0;
	}
	if (ends_in(list, from))
		return 0;
	for (size_t i = 0; i < list->count && r == 0; i++) {
		const struct variable *item = &list->items[i];

		if (find(from, item->pair, item->name_length, item->hash) == NOWHERE)
			r = store(&result, memory, NOWHERE, item);
	}
	for (size_t i = 0; i < from->count && r == 0; i++)
		r = store(&result, memory, NOWHERE, &from->items[i]);
	if (r == 0)
		*list = result;
	return r;
}

struct variables variables_share(struct variables *list)
{
	list->shared = true;
	return *list;
}
