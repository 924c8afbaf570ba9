/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/loose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"

void loose_path(const struct object_id *id, char ret[LOOSE_PATH_SIZE])
{
	struct id_hex hex = object_id_hex(id);

	memcpy(ret, hex.text, 2);
	ret[2] = '/';
	memcpy(ret + 3, hex.text + 2, sizeof hex.text - 2);
}

bool loose_parse(const char *directory, const char *name, struct object_id *ret)
{
	char hex[OBJECT_ID_HEX_SIZE];

	if (strlen(directory) != 2 || strlen(name) != OBJECT_ID_HEX_SIZE - 3)
		return false;
	memcpy(hex, directory, 2);
	memcpy(hex + 2, name, OBJECT_ID_HEX_SIZE - 2);
	return object_id_parse(hex, ret) == 0;
}

int loose_find(int objects_fd, const struct object_id *id, uint64_t *ret_size, struct error *err)
{
	char path[LOOSE_PATH_SIZE];
	struct stat st;

	loose_path(id, path);
	if (fstatat(objects_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(err, -errno, "cannot look for 'objects/%s'", path);
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EBADMSG, "'objects/%s' is no file", path);
	*ret_size = (uint64_t)st.st_size;
	return 1;
}

int loose_open(int objects_fd, const struct object_id *id, struct loose_blob **ret,
	       struct error *err)
{
	char path[LOOSE_PATH_SIZE];
	cleanup_fd int fd = -1;
	struct loose_blob *blob;
	struct stat st;

	loose_path(id, path);
	fd = openat(objects_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, -errno, "cannot open 'objects/%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, -EBADMSG, "'objects/%s' is no file", path);
	blob = xcalloc(1, sizeof *blob);
	blob->fd = take_fd(&fd);
	blob->size = (uint64_t)st.st_size;
	*ret = blob;
	return 1;
}

int loose_map(struct loose_blob *blob, const uint8_t **ret, struct error *err)
{
	const uint8_t *map = __atomic_load_n(&blob->map, __ATOMIC_ACQUIRE);
	const uint8_t *none = NULL;
	void *fresh;

	if (!map && blob->size > 0) {
		fresh = mmap(NULL, (size_t)blob->size, PROT_READ, MAP_SHARED, blob->fd, 0);
		if (fresh == MAP_FAILED)
			return error_errno(err, -errno, "cannot map a blob of %llu bytes",
					   (unsigned long long)blob->size);
		map = fresh;
		if (!__atomic_compare_exchange_n(&blob->map, &none, map, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			(void)munmap(fresh, (size_t)blob->size);
			map = none; /* another thread was faster */
		}
	}
	*ret = map;
	return 0;
}

void loose_look_away(struct loose_blob *blob)
{
	/* It stays mapped, and the kernel goes on caching the file. */
	if (blob->map)
		(void)madvise((void *)(uintptr_t)blob->map, (size_t)blob->size, MADV_DONTNEED);
}

void loose_free(void *value)
{
	struct loose_blob *blob = value;

	if (!blob)
		return;
	if (blob->map)
		(void)munmap((void *)(uintptr_t)blob->map, (size_t)blob->size);
	close(blob->fd);
	free(blob);
}

/* Under its new name, never in place of what is there: that may be mapped by others. */
static int move_in(int objects_fd, const char *path, int tmp_fd, const char *name)
{
	if (renameat2(tmp_fd, name, objects_fd, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A filesystem that does not know the flag. */
	if (linkat(tmp_fd, name, objects_fd, path, 0) < 0)
		return -errno;
	(void)unlinkat(tmp_fd, name, 0);
	return 0;
}

/* Another process was faster, or a crash has cut off what is there: that is mended on the way. */
static int meet_present(int objects_fd, const char *path, int tmp_fd, const char *name)
{
	struct stat ours, present;

	if (fstatat(tmp_fd, name, &ours, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(objects_fd, path, &present, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (ours.st_size == present.st_size)
		return unlinkat(tmp_fd, name, 0) < 0 ? -errno : 0;
	return renameat(tmp_fd, name, objects_fd, path) < 0 ? -errno : 1;
}

int loose_publish(int objects_fd, const struct object_id *id, int tmp_fd, const char *name,
		  struct error *err)
{
	char path[LOOSE_PATH_SIZE], directory[3] = { 0 };
	int r = fault("loose.publish");

	loose_path(id, path);
	memcpy(directory, path, 2);
	if (r == 0)
		r = move_in(objects_fd, path, tmp_fd, name);
	if (r == -ENOENT) {
		r = dir_make(objects_fd, directory, 0777);
		if (r == 0)
			r = move_in(objects_fd, path, tmp_fd, name);
	}
	if (r == -EEXIST)
		r = meet_present(objects_fd, path, tmp_fd, name);
	if (r < 0)
		return error_errno(err, r, "cannot store 'objects/%s'", path);
	return r;
}

/* Walking */

void loose_walk_init(struct loose_walk *walk, int objects_fd)
{
	*walk = (struct loose_walk){ .objects_fd = objects_fd };
}

void loose_walk_release(struct loose_walk *walk)
{
	if (walk->dir)
		(void)closedir(walk->dir);
	walk->dir = NULL;
}

/* Open the next of the 256 directories that exists: 1, or 0 after the last. */
static int next_directory(struct loose_walk *walk, struct error *err)
{
	loose_walk_release(walk);
	while (walk->next_directory < 256) {
		cleanup_fd int fd = -1;

		snprintf(walk->directory, sizeof walk->directory, "%02x", walk->next_directory++);
		fd = openat(walk->objects_fd, walk->directory,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || !(walk->dir = fdopendir(fd)))
			return error_errno(err, -errno, "cannot list 'objects/%s'",
					   walk->directory);
		(void)take_fd(&fd);
		return 1;
	}
	return 0;
}

/* What stat() says of the next name in the directory: 1, or 0 at its end. */
static int next_name(struct loose_walk *walk, const char **ret_name, struct stat *ret,
		     struct error *err)
{
	const struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(walk->dir); /* NOLINT(concurrency-mt-unsafe): our own */
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(walk->dir), entry->d_name, ret, AT_SYMLINK_NOFOLLOW) == 0) {
			*ret_name = entry->d_name;
			return 1;
		}
		if (errno != ENOENT)
			break;
	}
	if (errno)
		return error_errno(err, -errno, "cannot list 'objects/%s'", walk->directory);
	return 0;
}

int loose_walk_next(struct loose_walk *walk, struct object_id *ret, struct stat *ret_stat,
		    const char **ret_stray, struct error *err)
{
	const char *name = "";

	for (;;) {
		int r = walk->dir ? next_name(walk, &name, ret_stat, err) : 0;

		if (r == 0) {
			r = next_directory(walk, err);
			if (r <= 0)
				return r;
			continue;
		}
		if (r < 0)
			return r;
		if (ret_stray)
			*ret_stray = NULL;
		if (S_ISREG(ret_stat->st_mode) && loose_parse(walk->directory, name, ret))
			return 1;
		if (ret_stray) {
			*ret = (struct object_id){ 0 };
			*ret_stray = name;
			return 1;
		}
	}
}
