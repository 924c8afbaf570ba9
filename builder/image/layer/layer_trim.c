/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the directory of written layers within bounds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/image/layer/layer_cache.h"
#include "builder/image/layer/layer_cache_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/lockfile.h"

DEFINE_CLEANUP(DIR *, closedir);

struct kept_blob {
	char name[OBJECT_ID_HEX_SIZE + 8];
	uint64_t bytes;
	struct timespec used;
};

struct kept_blobs {
	struct kept_blob *items;
	size_t count, capacity;
	uint64_t bytes, freed;
};

static int by_use(const void *a, const void *b)
{
	const struct timespec *left = &((const struct kept_blob *)a)->used;
	const struct timespec *right = &((const struct kept_blob *)b)->used;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return left->tv_nsec < right->tv_nsec ? -1 : left->tv_nsec > right->tv_nsec;
}

static bool ends_with(const char *s, const char *end)
{
	size_t length = strlen(s), end_length = strlen(end);

	return length > end_length && strcmp(s + length - end_length, end) == 0;
}

/* A file that nobody writes any more: its lock is free. */
static void clean_leftover(int dir_fd, const char *name, struct kept_blobs *list)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || lockfile_try(fd, LOCKFILE_EXCLUSIVE) <= 0)
		return;
	if (unlinkat(dir_fd, name, 0) == 0)
		list->freed += (uint64_t)st.st_blocks * 512;
}

static void note(int dir_fd, const char *name, struct kept_blobs *list)
{
	struct kept_blob *blob;
	struct stat st;

	if (strncmp(name, "tmp-", 4) == 0) {
		clean_leftover(dir_fd, name, list);
		return;
	}
	if (!ends_with(name, ".blob") || strlen(name) >= sizeof blob->name ||
	    fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	array_reserve_one(list->items, list->count, list->capacity);
	blob = &list->items[list->count++];
	*blob = (struct kept_blob){ .bytes = (uint64_t)st.st_blocks * 512, .used = st.st_mtim };
	memcpy(blob->name, name, strlen(name) + 1);
	list->bytes += blob->bytes;
}

static void drop(int dir_fd, struct kept_blob *blob, struct kept_blobs *list)
{
	char *ending = strrchr(blob->name, '.');

	if (unlinkat(dir_fd, blob->name, 0) == 0)
		list->freed += blob->bytes;
	memcpy(ending, ".json", sizeof ".json");
	(void)unlinkat(dir_fd, blob->name, 0);
	list->bytes -= blob->bytes;
}

int layer_cache_trim(struct layer_cache *cache, uint64_t max_bytes, uint64_t *ret_freed,
		     struct error *err)
{
	cleanup_fd int fd = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_with(closedir) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct kept_blobs list = { 0 };
	const struct dirent *entry;

	if (!dir)
		return error_errno(err, -errno, "cannot read the kept layers");
	take_fd(&fd);
	while ((entry = readdir(dir))) /* NOLINT(concurrency-mt-unsafe): the stream is our own */
		note(cache->fd, entry->d_name, &list);
	if (list.count)
		qsort(list.items, list.count, sizeof *list.items, by_use);
	for (size_t i = 0; i < list.count && list.bytes > max_bytes; i++)
		drop(cache->fd, &list.items[i], &list);
	free(list.items);
	if (ret_freed)
		*ret_freed = list.freed;
	return 0;
}
