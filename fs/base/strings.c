/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/strings.h"

#include <stdarg.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"

void strings_take(struct strings *list, char *s)
{
	if (list->count + 1 >= list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 8;
		list->items = xreallocarray(list->items, list->capacity, sizeof *list->items);
	}
	list->items[list->count++] = s;
	list->items[list->count] = NULL;
}

void strings_add(struct strings *list, const char *s)
{
	strings_take(list, xstrdup(s));
}

void strings_add_range(struct strings *list, const char *s, size_t length)
{
	strings_take(list, xstrndup(s, length));
}

void strings_add_format(struct strings *list, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strings_take(list, xvasprintf(format, args));
	va_end(args);
}

void strings_add_all(struct strings *list, const struct strings *other)
{
	for (size_t i = 0; i < other->count; i++)
		strings_add(list, other->items[i]);
}

long strings_index(const struct strings *list, const char *s)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], s) == 0)
			return (long)i;
	}
	return -1;
}

bool strings_contain(const struct strings *list, const char *s)
{
	return strings_index(list, s) >= 0;
}

void strings_remove(struct strings *list, size_t index)
{
	free(list->items[index]);
	memmove(list->items + index, list->items + index + 1,
		(list->count - index) * sizeof *list->items);
	list->count--;
}

static int compare_items(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;

	return strcmp(*left, *right);
}

void strings_sort(struct strings *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof *list->items, compare_items);
}

char *strings_join(const struct strings *list, const char *separator)
{
	struct buf joined = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		if (i)
			buf_add_string(&joined, separator);
		buf_add_string(&joined, list->items[i]);
	}
	return buf_take(&joined);
}

char *const *strings_argv(const struct strings *list)
{
	static char *const nothing[] = { NULL };

	return list->items ? list->items : nothing;
}

static long env_index(const struct strings *list, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < list->count; i++) {
		if (strncmp(list->items[i], name, length) == 0 && list->items[i][length] == '=')
			return (long)i;
	}
	return -1;
}

const char *strings_env_get(const struct strings *list, const char *name)
{
	long index = env_index(list, name);

	return index < 0 ? NULL : list->items[index] + strlen(name) + 1;
}

void strings_env_set(struct strings *list, const char *name, const char *value)
{
	char *pair = xasprintf("%s=%s", name, value);
	long index = env_index(list, name);

	if (index < 0) {
		strings_take(list, pair);
		return;
	}
	free(list->items[index]);
	list->items[index] = pair;
}

void strings_clear(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	list->count = 0;
	if (list->items)
		list->items[0] = NULL;
}

void strings_release(struct strings *list)
{
	strings_clear(list);
	free(list->items);
	*list = (struct strings){ 0 };
}
