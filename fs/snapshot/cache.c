/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/lockfile.h"
#include "fs/base/parse.h"
#include "fs/snapshot/cache_internal.h"
#include "fs/store/refs.h"
#include "fs/store/store.h"

int cache_keep_id(struct cache *cache)
{
	if (faccessat(cache->dir_fd, "id", F_OK, 0) == 0)
		return 0;
	return file_replace(cache->dir_fd, "id", cache->id, strlen(cache->id), 0600, false);
}

static int open_dir(struct cache *cache)
{
	cleanup_free char *path = xasprintf("caches/%s", cache->hash.text);
	int store_fd = store_dir_fd(cache->store);
	int r = dir_make(store_fd, "caches", 0700);

	if (r == 0)
		r = dir_make(store_fd, path, 0700);
	if (r < 0)
		return r;
	cache->dir_fd = openat(store_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache->dir_fd < 0)
		return -errno;
	r = dir_make(cache->dir_fd, "queue", 0700);
	return r < 0 ? r : cache_keep_id(cache);
}

int cache_open(struct store *store, const char *id, struct cache **ret, struct error *err)
{
	cleanup_with(cache_close) struct cache *cache = NULL;
	struct object_id hash;
	int r;

	if (strlen(id) > CACHE_ID_MAX)
		return error_set(err, -ENAMETOOLONG, "the id of a cache is longer than %d bytes",
				 CACHE_ID_MAX);
	cache = xcalloc(1, sizeof *cache);
	cache->store = store;
	cache->id = xstrdup(id);
	hash = object_id_of(id, strlen(id));
	cache->hash = object_id_hex(&hash);
	cache->dir_fd = -1;
	cache->socket = xasprintf("caches/%s/socket", cache->hash.text);
	cache->mount_name = xasprintf("cache-%.32s", cache->hash.text);
	r = open_dir(cache);
	if (r < 0)
		return error_errno(err, r, "cannot open cache '%s'", id);
	*ret = take_ptr(&cache);
	return 0;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	if (cache->dir_fd >= 0)
		close(cache->dir_fd);
	free(cache->id);
	free(cache->socket);
	free(cache->mount_name);
	free(cache);
}

const char *cache_id(const struct cache *cache)
{
	return cache->id;
}

int cache_dir_fd(const struct cache *cache)
{
	return cache->dir_fd;
}

const char *cache_mount_name(const struct cache *cache)
{
	return cache->mount_name;
}

const char *cache_socket(const struct cache *cache)
{
	return cache->socket;
}

int cache_lock_server(struct cache *cache, int *ret_fd, struct error *err)
{
	int r = lockfile_open(cache->dir_fd, "socket.lock", LOCKFILE_EXCLUSIVE, true, ret_fd);

	return r < 0 ? error_errno(err, r, "cannot lock cache '%s'", cache->id) : 0;
}

/* ---- versions ---- */

char *cache_ref(const struct cache *cache, uint64_t number)
{
	return xasprintf("cache/%s/%010" PRIu64, cache->hash.text, number);
}

/* The number at the end of a ref of this cache; 0 for refs of others. */
static uint64_t number_of(const struct cache *cache, const char *ref)
{
	cleanup_free char *prefix = xasprintf("cache/%s/", cache->hash.text);
	uint64_t number;

	if (strncmp(ref, prefix, strlen(prefix)) != 0 ||
	    parse_u64(ref + strlen(prefix), &number) < 0)
		return 0;
	return number;
}

int cache_versions(struct cache *cache, struct cache_version **ret, size_t *ret_count,
		   struct error *err)
{
	struct ref_list refs = { 0 };
	struct cache_version *versions;
	size_t count = 0;
	int r = store_ref_list(cache->store, "cache/", &refs, err);

	if (r < 0)
		return r;
	versions = xcalloc(refs.count + 1, sizeof *versions);
	for (size_t i = 0; i < refs.count; i++) {
		uint64_t number = number_of(cache, refs.items[i].name);

		if (number)
			versions[count++] =
				(struct cache_version){ .snapshot = refs.items[i].id,
							.number = number,
							.time_s = refs.items[i].time_s };
	}
	ref_list_release(&refs);
	*ret = versions;
	*ret_count = count;
	return 0;
}

int cache_newest(struct cache *cache, struct cache_version *ret, struct error *err)
{
	cleanup_free struct cache_version *versions = NULL;
	size_t count;
	int r = cache_versions(cache, &versions, &count, err);

	if (r < 0 || count == 0)
		return r;
	*ret = versions[count - 1];
	return 1;
}

int cache_trim(struct cache *cache, size_t keep, struct error *err)
{
	cleanup_free struct cache_version *versions = NULL;
	size_t count;
	int r = cache_versions(cache, &versions, &count, err);

	for (size_t i = 0; r >= 0 && i + keep < count; i++) {
		cleanup_free char *ref = cache_ref(cache, versions[i].number);

		r = store_ref_delete(cache->store, ref, err);
	}
	return r < 0 ? r : 0;
}

DEFINE_CLEANUP(DIR *, closedir);

int cache_list(struct store *store, struct strings *ret, struct error *err)
{
	cleanup_with(closedir) DIR *dir = NULL;
	int fd = openat(store_dir_fd(store), "caches", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, -errno, "cannot list the caches");
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return error_errno(err, -errno, "cannot list the caches");
	}
	while ((entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): this stream is ours */
		cleanup_with(buf_release) struct buf id = { 0 };
		cleanup_free char *path = xasprintf("%s/id", entry->d_name);

		if (entry->d_name[0] != '.' && file_read(fd, path, CACHE_ID_MAX, &id) == 0)
			strings_add(ret, buf_string(&id));
	}
	strings_sort(ret);
	return 0;
}
