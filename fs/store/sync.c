/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing to the disk what commits left to the kernel's own time. */
#include "fs/store/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/store/store_internal.h"
#include "fs/store/unsynced.h"

/* Open what a line of the list names: a descriptor, -ENOENT when it is not there, -EINVAL for no such line. */
static int open_named(const struct store *store, const char *line)
{
	char path[LOOSE_PATH_SIZE];
	struct object_id id;
	int fd = -1;

	if (strncmp(line, "pack ", 5) == 0 && !strchr(line + 5, '/')) {
		cleanup_free char *name = xasprintf("%s.pk", line + 5);

		fd = openat(store->packs_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	} else if (strncmp(line, "object ", 7) == 0 && object_id_parse(line + 7, &id) == 0) {
		loose_path(&id, path);
		fd = openat(store->objects_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	} else if (strncmp(line, "ref ", 4) == 0 && !strstr(line, "..")) {
		fd = openat(store->refs_fd, line + 4, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	} else {
		return -EINVAL;
	}
	return fd < 0 ? -errno : fd;
}

/* Let the disk begin with all of them before we wait for the first. */
static void start_writing(const struct store *store, const struct strings *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		cleanup_fd int fd = open_named(store, lines->items[i]);

		if (fd >= 0)
			(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	}
}

static int sync_directory(int dir_fd, const char *path)
{
	cleanup_fd int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

/* Directories that hold the names: each once, though many lines may name files in it. */
static int sync_directories(const struct store *store, const struct strings *lines)
{
	cleanup_with(strings_release) struct strings done = { 0 };
	int r = fsync(store->packs_fd) < 0 ? -errno : 0;

	for (size_t i = 0; i < lines->count && r == 0; i++) {
		const char *line = lines->items[i];
		cleanup_free char *directory = NULL;
		bool object = strncmp(line, "object ", 7) == 0;

		if (object)
			directory = xasprintf("o%.2s", line + 7);
		else if (strncmp(line, "ref ", 4) == 0)
			directory = xasprintf("r%.*s", (int)strcspn(line + 4, "/"), line + 4);
		if (!directory || strings_contain(&done, directory))
			continue;
		strings_add(&done, directory);
		r = sync_directory(object ? store->objects_fd : store->refs_fd, directory + 1);
	}
	if (r == 0 && (fsync(store->objects_fd) < 0 || fsync(store->refs_fd) < 0))
		r = -errno;
	return r;
}

static int sync_steps(const struct store *store)
{
	cleanup_fd int fd = openat(store->dir_fd, "steps.log", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fdatasync(fd) < 0 || fsync(store->dir_fd) < 0)
		return -errno;
	return 0;
}

/* Note down how far it is done. What was not found goes to the end: a commit may be about to publish it. */
static int mark_synced(int list_fd, uint64_t bytes, const struct strings *absent)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int r;

	/* On a line of its own, see unsynced_add(). */
	buf_add_format(&text, "\nsynced %" PRIu64 " %" PRId64 "\n", bytes,
		       clock_realtime_ns() / 1000000000);
	for (size_t i = 0; i < absent->count; i++)
		buf_add_format(&text, "%s\n", absent->items[i]);
	r = fd_write_all(list_fd, text.data, text.length);
	if (r == 0 && fdatasync(list_fd) < 0)
		r = -errno;
	return r;
}

static int sync_lines(const struct store *store, const struct strings *lines,
		      struct strings *ret_absent)
{
	start_writing(store, lines);
	for (size_t i = 0; i < lines->count; i++) {
		cleanup_fd int fd = open_named(store, lines->items[i]);

		if (fd == -ENOENT)
			strings_add(ret_absent, lines->items[i]);
		else if (fd < 0 && fd != -EINVAL)
			return fd;
		else if (fd >= 0 && fsync(fd) < 0)
			return -errno;
	}
	return sync_directories(store, lines);
}

int store_sync_keep_list(struct store *store, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(strings_release) struct strings lines = { 0 };
	cleanup_with(strings_release) struct strings absent = { 0 };
	/* Open throughout: the name may belong to another list by the time we note down our work. */
	cleanup_fd int list_fd = openat(store->unsynced_fd, store->boot_id,
					O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	int64_t since;
	int r = fault("store.sync");

	if (r == 0 && list_fd < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && list_fd >= 0)
		r = fd_read_to_end(list_fd, UNSYNCED_MAX, &text);
	if (r == 0)
		r = sync_steps(store);
	unsynced_parse(buf_string(&text), text.length, &lines, &since);
	if (r == 0 && lines.count > 0)
		r = sync_lines(store, &lines, &absent);
	if (r == 0 && lines.count > 0)
		r = mark_synced(list_fd, text.length, &absent);
	if (r < 0)
		return error_errno(err, r, "cannot bring the store '%s' to the disk", store->path);
	return 0;
}

/* Those of the lines that name what is there. Nobody is about to publish anything, so what is
 * absent will not come any more. */
static void add_present(const struct store *store, const struct strings *lines, struct buf *ret)
{
	for (size_t i = 0; i < lines->count; i++) {
		cleanup_fd int fd = open_named(store, lines->items[i]);

		if (fd >= 0)
			buf_add_format(ret, "%s\n", lines->items[i]);
	}
}

int store_sync_trim_list(struct store *store, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_with(buf_release) struct buf rest = { 0 };
	cleanup_with(strings_release) struct strings lines = { 0 };
	int64_t since;
	size_t head;
	int r = file_read(store->unsynced_fd, store->boot_id, UNSYNCED_MAX, &text);

	if (r == -ENOENT)
		return 0;
	if (r == 0) {
		unsynced_parse(buf_string(&text), text.length, &lines, &since);
		buf_add_format(&rest, "begin %" PRId64 "\n", since);
		head = rest.length;
		add_present(store, &lines, &rest);
		if (head < rest.length)
			r = file_replace(store->unsynced_fd, store->boot_id, rest.data, rest.length,
					 0600, false);
		else if (unlinkat(store->unsynced_fd, store->boot_id, 0) < 0)
			r = -errno;
	}
	if (r < 0)
		return error_errno(err, r, "cannot shorten '%s/unsynced/%s'", store->path,
				   store->boot_id);
	return store_generation_bump(store, err);
}

int store_sync(struct store *store, struct error *err)
{
	struct store_lock lock;
	int r;

	if (store->read_only)
		return 0;
	r = store_sync_keep_list(store, err);
	if (r < 0)
		return store_write_failed(store, err, r);
	/* An empty list is worth a try, not a wait. */
	if (store_lock_exclusive(store, false, &lock, NULL) == 0) {
		r = store_sync_trim_list(store, err);
		store_lock_release(store, &lock);
	}
	return r;
}
