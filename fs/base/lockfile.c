/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "fs/base/cleanup.h"

static int operation(enum lockfile_mode mode)
{
	return mode == LOCKFILE_SHARED ? LOCK_SH : LOCK_EX;
}

int lockfile_lock(int fd, enum lockfile_mode mode)
{
	while (flock(fd, operation(mode)) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int lockfile_try(int fd, enum lockfile_mode mode)
{
	while (flock(fd, operation(mode) | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 1;
}

void lockfile_unlock(int fd)
{
	(void)flock(fd, LOCK_UN);
}

int lockfile_open(int dir_fd, const char *path, enum lockfile_mode mode, bool wait, int *ret_fd)
{
	cleanup_fd int fd = openat(dir_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = wait ? lockfile_lock(fd, mode) : lockfile_try(fd, mode);
	if (r < 0)
		return r;
	if (!wait && r == 0)
		return -EWOULDBLOCK;
	*ret_fd = take_fd(&fd);
	return 0;
}
