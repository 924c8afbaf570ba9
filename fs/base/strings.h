/* SPDX-License-Identifier: Apache-2.0 */
/* A list of strings that ends in NULL as argv does. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/cleanup.h"

/* All zero is an empty list; `items` is NULL then. */
struct strings {
	char **items; /* `count` of them, and a NULL behind */
	size_t count;
	size_t capacity;
};

/* Append a copy, or (take) the string itself, which free() must be able to release. */
void strings_add(struct strings *list, const char *s);
void strings_add_range(struct strings *list, const char *s, size_t length);
void strings_add_format(struct strings *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void strings_take(struct strings *list, char *s);
void strings_add_all(struct strings *list, const struct strings *other);

bool strings_contain(const struct strings *list, const char *s);
/* Index of the first item, or -1. */
long strings_index(const struct strings *list, const char *s);
void strings_remove(struct strings *list, size_t index);
void strings_sort(struct strings *list);

/* Items with `separator` between them; the caller frees. */
char *strings_join(const struct strings *list, const char *separator);

/* argv form even when empty. */
char *const *strings_argv(const struct strings *list);

/* "NAME=value" lists: the value, or NULL. */
const char *strings_env_get(const struct strings *list, const char *name);
/* Replace the value in place, or append. */
void strings_env_set(struct strings *list, const char *name, const char *value);

void strings_clear(struct strings *list);
void strings_release(struct strings *list);
DEFINE_CLEANUP_VALUE(struct strings, strings_release);
