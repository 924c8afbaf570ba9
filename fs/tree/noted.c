/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/noted.h"

#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/object/dir.h"

struct noted *noted_new(const struct object_id *base)
{
	struct noted *noted = xcalloc(1, sizeof *noted);

	noted->base = *base;
	return noted;
}

static void forget(struct noted *noted)
{
	for (size_t i = 0; i < noted->count; i++)
		free(noted->names[i].name);
	free(noted->names);
	noted->names = NULL;
	noted->count = noted->capacity = 0;
}

void noted_free(struct noted *noted)
{
	if (!noted)
		return;
	forget(noted);
	free(noted);
}

void noted_add(struct noted *noted, const char *name, uint16_t length)
{
	if (noted->too_many)
		return;
	if (noted->count == NOTED_MAX) {
		forget(noted);
		noted->too_many = true;
		return;
	}
	array_reserve_one(noted->names, noted->count, noted->capacity);
	noted->names[noted->count++] =
		(struct noted_name){ .name = xstrndup(name, length), .length = length };
}

void noted_restart(struct noted *noted, const struct object_id *base)
{
	forget(noted);
	noted->base = *base;
	noted->too_many = false;
}

static int compare(const void *a, const void *b)
{
	const struct noted_name *left = a, *right = b;

	return dir_name_compare(left->name, left->length, right->name, right->length);
}

void noted_sort(struct noted *noted)
{
	size_t kept = 0;

	if (!noted->count)
		return;
	qsort(noted->names, noted->count, sizeof *noted->names, compare);
	for (size_t i = 0; i < noted->count; i++) {
		if (kept && compare(&noted->names[kept - 1], &noted->names[i]) == 0)
			free(noted->names[i].name);
		else
			noted->names[kept++] = noted->names[i];
	}
	noted->count = kept;
}
