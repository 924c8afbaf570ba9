/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/lockfile.h"
#include "fs/base/path.h"

/*
 * An address that reaches `path` below `dir_fd` however deep that is: names of sockets are short.
 * The directory is opened, and must stay open while the address is used.
 */
static int address_of(int dir_fd, const char *path, struct sockaddr_un *ret, int *ret_parent_fd)
{
	cleanup_free char *parent = xasprintf("%s/..", path);
	cleanup_free char *clean = path_clean(parent);
	int n;

	*ret_parent_fd = openat(dir_fd, clean, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_parent_fd < 0)
		return -errno;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", *ret_parent_fd,
		     path_base(path));
	return n < (int)sizeof ret->sun_path ? 0 : -ENAMETOOLONG;
}

int listener_open(struct listener *listener, int dir_fd, const char *path, struct error *err)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cleanup_fd int parent_fd = -1;
	struct sockaddr_un address;
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "cannot make a socket");
	r = address_of(dir_fd, path, &address, &parent_fd);
	if (r == 0) {
		(void)unlinkat(dir_fd, path, 0);
		if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
			r = -errno;
	}
	if (r < 0)
		return error_errno(err, r, "cannot listen at '%s'", path);
	*listener =
		(struct listener){ .fd = take_fd(&fd), .dir_fd = dir_fd, .path = xstrdup(path) };
	return 0;
}

int listener_accept(struct listener *listener)
{
	return accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
}

static bool connection_waits(const struct listener *listener)
{
	struct pollfd waiting = { .fd = listener->fd, .events = POLLIN };

	return poll(&waiting, 1, 0) > 0;
}

void listener_retire(struct listener *listener)
{
	if (listener->fd < 0)
		return;
	(void)unlinkat(listener->dir_fd, listener->path, 0);
	close(listener->fd);
	listener->fd = -1;
	free(listener->path);
	listener->path = NULL;
}

bool listener_close(struct listener *listener)
{
	cleanup_free char *lock_path = NULL;
	cleanup_fd int lock_fd = -1;

	if (listener->fd < 0)
		return true;
	lock_path = xasprintf("%s.lock", listener->path);
	if (lockfile_open(listener->dir_fd, lock_path, LOCKFILE_EXCLUSIVE, false, &lock_fd) < 0)
		return false;
	if (connection_waits(listener))
		return false;
	listener_retire(listener);
	return true;
}

int listener_connect(int dir_fd, const char *path, int *ret_fd)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_fd int parent_fd = -1;
	struct sockaddr_un address;
	int r;

	if (fd < 0)
		return -errno;
	r = address_of(dir_fd, path, &address, &parent_fd);
	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}
