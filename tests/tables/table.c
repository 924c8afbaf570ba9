/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tables/table.h"

#include <stdarg.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"

bool table_fail(const char *name, const char *format, ...)
{
	va_list args;

	printf("FAILED %s: ", name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return false;
}

const char *table_string(json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static char *path_of(const char *file)
{
	const char *directory = getenv("VARVE_CASES"), *root = getenv("VARVE_SOURCE_ROOT");

	if (directory && *directory)
		return xasprintf("%s/%s", directory, file);
	return xasprintf("%s/../shared/cases/%s", root ? root : ".", file);
}

int table_run(const char *file, table_row_fn run)
{
	cleanup_free char *path = path_of(file), *line = NULL;
	size_t capacity = 0, rows = 0, failed = 0;
	FILE *in = fopen(path, "re");
	ssize_t length;

	if (!in) {
		printf("skipped: there is no '%s'\n", path);
		return 77;
	}
	while ((length = getline(&line, &capacity, in)) > 0) {
		json_error_t error;
		json_t *row = json_loadb(line, (size_t)length, JSON_ALLOW_NUL, &error);
		const char *name = row ? table_string(row, "name") : NULL;

		rows++;
		if (!name)
			failed += !table_fail(path, "row %zu: %s", rows, error.text);
		else
			failed += !run(name, row);
		json_decref(row);
	}
	fclose(in);
	printf("%s: %zu rows, %zu failed\n", file, rows, failed);
	return failed || rows == 0;
}
