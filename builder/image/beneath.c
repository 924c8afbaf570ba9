/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int open_beneath(int top_fd, const char *path, int flags, mode_t mode, int *ret_fd)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC | O_NOFOLLOW,
				.mode = flags & O_CREAT ? mode : 0,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd;

	/* The kernel asks for another try when something was renamed meanwhile. */
	do
		fd = syscall(SYS_openat2, top_fd, *path ? path : ".", &how, sizeof how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}
