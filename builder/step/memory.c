/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"

#define FILE_MAX ((size_t)64 << 10)

/* The number behind a word at the beginning of a line. */
static int find_number(const char *text, const char *word, uint64_t *ret)
{
	size_t length = strlen(word);

	for (const char *line = text; *line; line = strchrnul(line, '\n'), line += *line == '\n') {
		if (strncmp(line, word, length) != 0)
			continue;
		return sscanf(line + length, "%" SCNu64, ret) == 1 ? 0 : -EPROTO;
	}
	return -ENODATA;
}

static int read_machine(int root_fd, struct memory *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct memory memory;
	int r = file_read(root_fd, "proc/meminfo", FILE_MAX, &text);

	if (r == 0)
		r = find_number(buf_string(&text), "MemTotal:", &memory.total);
	if (r == 0)
		r = find_number(buf_string(&text), "MemAvailable:", &memory.available);
	if (r < 0)
		return r;
	memory.total *= 1024;
	memory.available *= 1024;
	*ret = memory;
	return 0;
}

static int read_value(int root_fd, const char *group, const char *file, const char *word,
		      uint64_t *ret)
{
	cleanup_free char *path = xasprintf("sys/fs/cgroup%s/%s", group, file);
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = file_read(root_fd, path, FILE_MAX, &text);

	return r < 0 ? r : find_number(buf_string(&text), word, ret);
}

/* A limit of "max" is no number, and none. The cache of files that nobody uses can be given up. */
static void apply_limit(int root_fd, const char *group, struct memory *memory)
{
	uint64_t limit, used, cached = 0, left;

	if (read_value(root_fd, group, "memory.max", "", &limit) < 0 ||
	    read_value(root_fd, group, "memory.current", "", &used) < 0)
		return;
	(void)read_value(root_fd, group, "memory.stat", "inactive_file ", &cached);
	used = used > cached ? used - cached : 0;
	left = limit > used ? limit - used : 0;
	if (limit < memory->total)
		memory->total = limit;
	if (left < memory->available)
		memory->available = left;
}

/* The group we are in and all above it, as far as they can be seen. */
static void apply_groups(int root_fd, struct memory *memory)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *groups = NULL;
	char *group, *slash;

	if (file_read(root_fd, "proc/self/cgroup", FILE_MAX, &text) < 0)
		return;
	groups = buf_take(&text);
	group = strstr(groups, "0::/");
	if (!group)
		return;
	group += strlen("0::");
	*strchrnul(group, '\n') = '\0';
	do {
		slash = strrchr(group, '/');
		if (slash && !slash[1])
			*slash = '\0';
		apply_limit(root_fd, group, memory);
		if (slash)
			*slash = '\0';
	} while (slash);
}

int memory_read(int root_fd, struct memory *ret)
{
	int r = read_machine(root_fd, ret);

	if (r == 0)
		apply_groups(root_fd, ret);
	return r;
}
