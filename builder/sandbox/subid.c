/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/subid.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "fs/base/library.h"
#include "fs/base/parse.h"

#define MAX_FILE    ((size_t)4 << 20)
#define SUBID_FIRST 100000 /* where useradd begins, too */

void id_ranges_add(struct id_ranges *ranges, uint64_t start, uint64_t count)
{
	/* The last id of all means "none" to the kernel. */
	if (count == 0 || start >= UINT32_MAX)
		return;
	if (count > UINT32_MAX - start)
		count = UINT32_MAX - start;
	array_reserve_one(ranges->items, ranges->count, ranges->capacity);
	ranges->items[ranges->count++] =
		(struct id_range){ .start = (uint32_t)start, .count = (uint32_t)count };
}

void id_ranges_release(struct id_ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct id_ranges){ 0 };
}

/* Whose ranges are wanted: by name (NULL: none) or number; without a number anybody's. */
struct wanted {
	const char *name, *number;
};

/* One "name:start:count" of `length` bytes. */
static void parse_line(const char *line, size_t length, const struct wanted *wanted,
		       struct id_ranges *ret)
{
	cleanup_free char *copy = xstrndup(line, length);
	char *start = strchr(copy, ':'), *count = start ? strchr(start + 1, ':') : NULL;
	uint64_t first, many;

	if (!count)
		return;
	*start++ = '\0';
	*count++ = '\0';
	if (wanted->number && strcmp(copy, wanted->number) != 0 &&
	    (!wanted->name || strcmp(copy, wanted->name) != 0))
		return;
	if (parse_u64(start, &first) == 0 && parse_u64(count, &many) == 0)
		id_ranges_add(ret, first, many);
}

static void parse(const char *text, size_t size, const struct wanted *wanted, struct id_ranges *ret)
{
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		parse_line(text, length, wanted, ret);
		length += end ? 1 : 0;
		text += length;
		size -= length;
	}
}

void subid_parse(const char *text, size_t size, const char *name, uint32_t uid,
		 struct id_ranges *ret)
{
	char number[12];
	const struct wanted wanted = { .name = name, .number = number };

	snprintf(number, sizeof number, "%u", uid);
	parse(text, size, &wanted, ret);
}

uint32_t subid_free(const char *text, size_t size, uint32_t start)
{
	cleanup_with(id_ranges_release) struct id_ranges all = { 0 };
	const struct wanted anybody = { 0 };

	parse(text, size, &anybody, &all);
	for (size_t i = 0; i < all.count; i++) {
		if (all.items[i].start + all.items[i].count > start)
			start = all.items[i].start + all.items[i].count;
	}
	return start;
}

/* Whether somebody else than the files has a say: a line "subid: sss" in /etc/nsswitch.conf. */
static bool is_served_elsewhere(void)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *at;

	if (file_read(AT_FDCWD, "/etc/nsswitch.conf", MAX_FILE, &text) < 0)
		return false;
	for (at = buf_string(&text); at && *at; at = strchr(at, '\n')) {
		at += strspn(at, "\n \t");
		if (strncmp(at, "subid:", 6) == 0) {
			at += 6;
			at += strspn(at, " \t");
			return strncmp(at, "files", 5) != 0;
		}
	}
	return false;
}

LIBRARY_NOTE("subid", "subordinate ids that a directory service keeps", "suggested",
	     "\"libsubid.so.5\",\"libsubid.so.4\"");

/* As the library's header has it. */
struct library_range {
	unsigned long start, count;
};

/*
 * Ask libsubid, which asks who is named there. It drags in half a dozen libraries, so it is
 * loaded only then. False: there is none.
 */
static bool ask_library(enum subid_kind kind, const char *name, struct id_ranges *ret)
{
	static const char *const libraries[] = { "libsubid.so.5", "libsubid.so.4" };
	const char *symbol = kind == SUBID_USERS ? "subid_get_uid_ranges" : "subid_get_gid_ranges";
	int (*get_ranges)(const char *owner, struct library_range **ranges) = NULL;
	struct library_range *ranges = NULL;
	void *library = NULL;
	int count;

	for (size_t i = 0; i < 2 && !library; i++)
		library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
	if (library)
		get_ranges = (__typeof__(get_ranges))dlsym(library, symbol);
	if (!get_ranges)
		return false;
	count = get_ranges(name, &ranges);
	for (int i = 0; i < count; i++)
		id_ranges_add(ret, ranges[i].start, ranges[i].count);
	free(ranges);
	/* It stays loaded: what it has opened may not like to be closed. */
	return true;
}

void subid_find(enum subid_kind kind, const char *name, uint32_t uid, struct id_ranges *ret)
{
	const char *path = kind == SUBID_USERS ? "/etc/subuid" : "/etc/subgid";
	cleanup_with(buf_release) struct buf text = { 0 };

	if (name && is_served_elsewhere() && ask_library(kind, name, ret))
		return;
	if (file_read(AT_FDCWD, path, MAX_FILE, &text) == 0)
		subid_parse(buf_string(&text), text.length, name, uid, ret);
}

uint32_t subid_find_free(void)
{
	static const char *const paths[] = { "/etc/subuid", "/etc/subgid" };
	uint32_t start = SUBID_FIRST;

	for (size_t i = 0; i < 2; i++) {
		cleanup_with(buf_release) struct buf text = { 0 };

		if (file_read(AT_FDCWD, paths[i], MAX_FILE, &text) == 0)
			start = subid_free(buf_string(&text), text.length, start);
	}
	return start;
}
