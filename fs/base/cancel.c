/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/cancel.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fs/base/cleanup.h"
#include "fs/base/error.h"

bool cancelled(int cancel_fd)
{
	struct pollfd state = { .fd = cancel_fd, .events = POLLIN };

	return cancel_fd >= 0 && poll(&state, 1, 0) > 0;
}

int cancel_check(int cancel_fd, struct error *err)
{
	return cancelled(cancel_fd) ? error_set(err, -ECANCELED, "cancelled") : 0;
}

/* An epoll instance can be waited for like any other descriptor. */
int cancel_join(int one_fd, int other_fd, int *ret_fd)
{
	cleanup_fd int fd = epoll_create1(EPOLL_CLOEXEC);
	const int members[] = { one_fd, other_fd };

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (members[i] >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, members[i], &event) < 0)
			return -errno;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}
