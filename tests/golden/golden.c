/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden/golden.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define FILE_MAX ((size_t)16 << 20)

static bool ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

static bool update(const char *path, const struct buf *got)
{
	int r = file_replace(AT_FDCWD, path, got->data, got->length, 0644, false);

	if (r < 0)
		printf("cannot write '%s': %s\n", path, error_words(r));
	return r == 0;
}

static bool compare(const char *path, const struct buf *got)
{
	cleanup_with(buf_release) struct buf wanted = { 0 };
	int r = file_read(AT_FDCWD, path, FILE_MAX, &wanted);

	if (r < 0) {
		printf("cannot read '%s': %s\n", path, error_words(r));
		return false;
	}
	if (wanted.length == got->length &&
	    memcmp(buf_string(&wanted), buf_string(got), got->length) == 0)
		return true;
	printf("--- %s\n%s+++ got\n%s", path, buf_string(&wanted), buf_string(got));
	return false;
}

static bool run_one(const char *directory, const char *name, const char *in, const char *out,
		    golden_make_fn make)
{
	size_t stem = strlen(name) - strlen(in);
	cleanup_free char *from = xasprintf("%s/%s", directory, name);
	cleanup_free char *to = xasprintf("%s/%.*s%s", directory, (int)stem, name, out);
	cleanup_with(buf_release) struct buf input = { 0 }, got = { 0 };
	int r = file_read(AT_FDCWD, from, FILE_MAX, &input);

	if (r < 0) {
		printf("cannot read '%s': %s\n", from, error_words(r));
		return false;
	}
	make(name, buf_string(&input), input.length, &got);
	return getenv("VARVE_GOLDEN_UPDATE") ? update(to, &got) : compare(to, &got);
}

int golden_run(const char *directory, const char *in, const char *out, golden_make_fn make)
{
	DIR *entries = opendir(directory);
	size_t count = 0, failed = 0;
	struct dirent *entry;

	if (!entries) {
		printf("cannot open '%s'\n", directory);
		return 1;
	}
	while ((entry = readdir(entries))) {
		if (!ends_with(entry->d_name, in))
			continue;
		count++;
		failed += !run_one(directory, entry->d_name, in, out, make);
	}
	closedir(entries);
	printf("%s: %zu files, %zu failed\n", directory, count, failed);
	return failed || count == 0;
}
