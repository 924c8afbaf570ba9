/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of git repositories, and what a server says of its refs: nothing of it may become an option
 * of git, or a path that leads out. A first line is the name, what follows the list.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder/remote/git_command.h"
#include "builder/remote/git_source.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_source(const struct git_source *source)
{
	if (!source->url || *source->url == '-' || strpbrk(source->url, " \t\r\n"))
		abort();
	if (source->ref && (!*source->ref || strchr("-+", *source->ref) ||
			    strpbrk(source->ref, ": \n") || strstr(source->ref, "..")))
		abort();
	if (source->subdir) {
		char *clean = path_join("/", source->subdir);

		if (strcmp(clean + 1, source->subdir) != 0)
			abort();
		free(clean);
	}
	if (source->checksum &&
	    strspn(source->checksum, "0123456789abcdef") != strlen(source->checksum))
		abort();
}

static void fuzz_source(const char *text, unsigned flags)
{
	struct git_source source = { 0 };
	struct error err = { 0 };
	int r = git_source_parse(text, flags, &source, &err);

	if (r > 0)
		check_source(&source);
	if (r < 0 && !*err.text)
		abort();
	if (r > 0)
		git_source_release(&source);
}

static void fuzz_list(const void *data, size_t size)
{
	char commit[GIT_COMMIT_SIZE] = "";
	struct buf list = { 0 };

	buf_append(&list, data, size);
	if (git_list_find(&list, "main", commit) &&
	    (strspn(commit, "0123456789abcdef") != strlen(commit) || strlen(commit) < 40))
		abort();
	buf_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t first = newline ? (size_t)(newline - data) : size;
	struct buf text = { 0 };

	buf_append(&text, data, first);
	fuzz_source(buf_string(&text), 0);
	fuzz_source(buf_string(&text), GIT_SOURCE_CONTEXT);
	fuzz_list(data + first, size - first);
	buf_release(&text);
	return 0;
}
