/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/unsynced.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/store/store_internal.h"

void unsynced_line_pack(struct buf *lines, const char *name)
{
	buf_add_format(lines, "pack %s\n", name);
}

void unsynced_line_object(struct buf *lines, const struct object_id *id)
{
	buf_add_format(lines, "object %s\n", object_id_hex(id).text);
}

void unsynced_line_ref(struct buf *lines, const char *path)
{
	buf_add_format(lines, "ref %s\n", path);
}

/* The descriptor stays open until the generation says that the list was replaced. */
static int open_list(struct store *store, int *ret)
{
	int fd, r = 0;

	pthread_mutex_lock(&store->lock);
	fd = store->unsynced_list_fd;
	if (fd < 0) {
		fd = openat(store->unsynced_fd, store->boot_id,
			    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			r = -errno;
		store->unsynced_list_fd = fd;
	}
	pthread_mutex_unlock(&store->lock);
	*ret = fd;
	return r;
}

int unsynced_add(struct store *store, const struct buf *lines, struct error *err)
{
	cleanup_with(buf_release) struct buf first = { 0 };
	struct stat st = { 0 };
	int fd = -1, r = fault("unsynced.add");

	if (r == 0)
		r = open_list(store, &fd);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0 && st.st_size == 0)
		buf_add_format(&first, "begin %" PRId64 "\n", clock_realtime_ns() / 1000000000);
	if (r == 0) {
		/* A full disk may have cut off what is there: these lines are not its rest. */
		buf_add_char(&first, '\n');
		buf_append(&first, lines->data, lines->length);
		r = fd_write_all(fd, first.data, first.length);
	}
	if (r < 0)
		return error_errno(err, r, "cannot write '%s/unsynced/%s'", store->path,
				   store->boot_id);
	return 0;
}

/* Lines and where they end in the file. */
struct line_list {
	struct strings lines;
	uint64_t *ends;
	size_t end_count, end_capacity;
};

/* The numbers of "begin S" and "synced B S" lines; others are added to the list. */
static void take_line(char *line, uint64_t end, struct line_list *list, uint64_t *synced,
		      int64_t *since)
{
	cleanup_free char *whole = xstrdup(line);
	char *word = strsep(&line, " "), *first = strsep(&line, " ");
	uint64_t bytes;
	int64_t time;

	if (!first)
		return;
	if (strcmp(word, "begin") == 0) {
		if (parse_i64(first, &time) == 0 && *since == 0)
			*since = time;
	} else if (strcmp(word, "synced") == 0) {
		if (line && parse_u64(first, &bytes) == 0 && parse_i64(line, &time) == 0) {
			*synced = bytes;
			*since = time;
		}
	} else {
		strings_add(&list->lines, whole);
		array_reserve_one(list->ends, list->end_count, list->end_capacity);
		list->ends[list->end_count++] = end;
	}
}

/* What a sync did not find it adds anew, so a line may stand there often. */
static void sort_and_unite(struct strings *lines)
{
	size_t kept = 0;

	strings_sort(lines);
	for (size_t i = 0; i < lines->count; i++) {
		if (kept && strcmp(lines->items[kept - 1], lines->items[i]) == 0)
			free(lines->items[i]);
		else
			lines->items[kept++] = lines->items[i];
	}
	if (lines->items)
		lines->items[kept] = NULL;
	lines->count = kept;
}

void unsynced_parse(const char *text, size_t size, struct strings *ret_lines, int64_t *ret_since)
{
	struct line_list list = { 0 };
	uint64_t synced = 0;
	int64_t since = 0;
	size_t at = 0;

	while (at < size) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - text) - at : size - at;
		cleanup_free char *line = xstrndup(text + at, length);

		if (newline) /* else it was never written whole, nor what it names published */
			take_line(line, at + length + 1, &list, &synced, &since);
		at += length + 1;
	}
	for (size_t i = 0; i < list.lines.count; i++) {
		if (list.ends[i] > synced)
			strings_add(ret_lines, list.lines.items[i]);
	}
	sort_and_unite(ret_lines);
	*ret_since = since;
	strings_release(&list.lines);
	free(list.ends);
}
