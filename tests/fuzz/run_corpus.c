/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every file of the directories in argv through a fuzz target, so that what fuzzing once found
 * stays found with any compiler.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

#define FILE_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	cleanup_with(buf_release) struct buf content = { 0 };
	cleanup_free void *exact = NULL;
	int r = file_read(AT_FDCWD, path, FILE_MAX, &content);

	if (r < 0) {
		fprintf(stderr, "cannot read '%s': %s\n", path, error_words(r));
		return r;
	}
	/* Of exactly its size, so that a sanitizer sees the first byte behind. */
	exact = xmemdup(buf_string(&content), content.length);
	LLVMFuzzerTestOneInput(exact, content.length);
	return 0;
}

static int run_directory(const char *path, size_t *count)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!directory) {
		fprintf(stderr, "cannot open '%s'\n", path);
		return -1;
	}
	while (r == 0 && (entry = readdir(directory))) {
		cleanup_free char *file = NULL;

		if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
			continue;
		file = xasprintf("%s/%s", path, entry->d_name);
		r = run_file(file);
		++*count;
	}
	closedir(directory);
	return r;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++) {
		if (run_directory(argv[i], &count) < 0)
			return 1;
	}
	printf("%zu inputs\n", count);
	return count == 0;
}
