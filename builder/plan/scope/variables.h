/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables and their values, in order. Lists that begin as one another share their items until
 * one of them changes, so that a stage costs nothing for what it takes over.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_memory;

struct variable {
	char *pair; /* "NAME=value"; without a value "NAME" */
	size_t name_length;
	uint64_t hash; /* of the name */
};

/* All zero is an empty list. */
struct variables {
	struct variable *items; /* in the memory of a plan */
	size_t count, capacity;
	bool shared; /* `items` is not to be written to */
};

/* The value; NULL when there is no such variable, or it has none. */
const char *variables_get(const struct variables *list, const char *name);
bool variables_contain(const struct variables *list, const char *name);

/* The value of one item, or NULL. */
const char *variable_value(const struct variable *variable);

/*
 * Give a value, or (NULL) none. Set puts the variable at the end, wherever it was before; put
 * leaves it where it is. -E2BIG past PLAN_VARIABLES_MAX.
 */
int variables_set(struct variables *list, struct plan_memory *memory, const char *name,
		  const char *value);
int variables_put(struct variables *list, struct plan_memory *memory, const char *name,
		  const char *value);
/* Set every one of `from`. */
int variables_set_all(struct variables *list, struct plan_memory *memory, struct variables *from);

/* A list that begins as `list` is now. */
struct variables variables_share(struct variables *list);
