/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/strings.h"

int fd_read_exactly(int fd, void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = read(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int fd_pread_exactly(int fd, void *data, size_t size, uint64_t offset)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = pread(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int fd_pwrite_all(int fd, const void *data, size_t size, uint64_t offset)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int fd_read_to_end(int fd, size_t limit, struct buf *buf)
{
	size_t start = buf->length;

	for (;;) {
		ssize_t n;

		buf_reserve(buf, 16384);
		n = read(fd, buf->data + buf->length, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		if ((size_t)n > limit - (buf->length - start))
			return -E2BIG;
		buf->length += (size_t)n;
	}
	buf_truncate(buf, buf->length);
	return 0;
}

int file_read(int dir_fd, const char *path, size_t limit, struct buf *buf)
{
	cleanup_fd int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd_read_to_end(fd, limit, buf);
}

/* The directory part of `path`, to be synced after a rename in it. */
static int sync_parent(int dir_fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = slash ? xstrndup(path, (size_t)(slash - path) + 1) : NULL;
	cleanup_fd int fd =
		openat(dir_fd, parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int write_new_file(int dir_fd, const char *path, const void *data, size_t size, mode_t mode,
			  bool sync)
{
	cleanup_fd int fd =
		openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data, size);
	if (r < 0)
		return r;
	if (sync && fsync(fd) < 0)
		return -errno;
	return 0;
}

int file_replace(int dir_fd, const char *path, const void *data, size_t size, mode_t mode,
		 bool sync)
{
	static unsigned counter;
	cleanup_free char *temporary = xasprintf("%s.%d.%u.new", path, getpid(),
						 __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
	int r;

	r = write_new_file(dir_fd, temporary, data, size, mode, sync);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir_fd, temporary, 0);
		return r;
	}
	return sync ? sync_parent(dir_fd, path) : 0;
}

static int copy_by_hand(int from_fd, uint64_t from_offset, int to_fd, uint64_t to_offset,
			uint64_t size)
{
	cleanup_free char *block = xmalloc(1 << 17);

	while (size > 0) {
		size_t chunk = size < (1 << 17) ? (size_t)size : 1 << 17;
		int r = fd_pread_exactly(from_fd, block, chunk, from_offset);

		if (r == 0)
			r = fd_pwrite_all(to_fd, block, chunk, to_offset);
		if (r < 0)
			return r;
		from_offset += chunk;
		to_offset += chunk;
		size -= chunk;
	}
	return 0;
}

int fd_copy_range(int from_fd, uint64_t from_offset, int to_fd, uint64_t to_offset, uint64_t size)
{
	while (size > 0) {
		off64_t in = (off64_t)from_offset, out = (off64_t)to_offset;
		ssize_t n = copy_file_range(from_fd, &in, to_fd, &out, size, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EXDEV && errno != EOPNOTSUPP && errno != EINVAL &&
		    errno != ENOSYS && errno != EBADF)
			return -errno;
		if (n <= 0)
			return copy_by_hand(from_fd, from_offset, to_fd, to_offset, size);
		from_offset += (uint64_t)n;
		to_offset += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return 0;
}

int file_unnamed(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	(void)unlinkat(dir_fd, name, 0);
	return fd;
}

int dir_make(int dir_fd, const char *path, mode_t mode)
{
	if (mkdirat(dir_fd, path, mode) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

int dir_make_all(const char *path, mode_t mode)
{
	cleanup_free char *copy = xstrdup(path);

	for (char *slash = copy + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

DEFINE_CLEANUP(DIR *, closedir);

int dir_list(int dir_fd, const char *path, struct strings *ret)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	for (;;) {
		errno = 0;
		entry = readdir(dir); /* NOLINT(concurrency-mt-unsafe): this stream is ours */
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			strings_add(ret, entry->d_name);
	}
	r = -errno;
	closedir(dir);
	return r;
}

/*
 * Remove the files and empty directories in `path`. The first directory that has something in it
 * is appended to `path` for the caller to go on with: 1 then, 0 when all is gone.
 */
static int remove_level(int dir_fd, struct buf *path)
{
	cleanup_with(closedir) DIR *dir = NULL;
	cleanup_fd int fd =
		openat(dir_fd, buf_string(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *entry;
	int at_fd;

	if (fd < 0 || fchmod(fd, 0700) < 0 || !(dir = fdopendir(fd)))
		return -errno;
	at_fd = take_fd(&fd);
	while ((entry = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): this stream is ours */
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(at_fd, entry->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return -errno;
		if (unlinkat(at_fd, entry->d_name, AT_REMOVEDIR) == 0)
			continue;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -errno;
		buf_add_format(path, "/%s", entry->d_name);
		return 1;
	}
	return 0;
}

int dir_remove_all(int dir_fd, const char *path)
{
	cleanup_with(buf_release) struct buf at = { 0 };
	size_t top = strlen(path);

	if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT)
		return 0;
	buf_add_string(&at, path);
	for (;;) {
		int r = remove_level(dir_fd, &at);

		if (r < 0)
			return r == -ENOENT ? 0 : r;
		if (r > 0)
			continue;
		if (unlinkat(dir_fd, buf_string(&at), AT_REMOVEDIR) < 0 && errno != ENOENT)
			return -errno;
		if (at.length == top)
			return 0;
		buf_truncate(&at, (size_t)(strrchr(at.data, '/') - at.data));
	}
}

int fd_set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int fd_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

uint64_t fd_limit_raise(void)
{
	struct rlimit limit;
	uint64_t old;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	old = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	return old;
}
