/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "builder/sandbox/filters.h"
#include "builder/sandbox/init/step.h"

static int load(const struct sock_filter *items, size_t count, unsigned flags)
{
	/* The kernel reads it only. */
	struct sock_fprog program = { .len = (unsigned short)count,
				      .filter = (struct sock_filter *)(uintptr_t)items };
	/* Speculation stays as it is: that of a build's own code is no secret of somebody else's. */
	int r = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			     flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);

	return r < 0 ? -errno : r;
}

int filter_load(const struct step *step, int *ret_fd, struct error *err)
{
	int r = load(profile_filter, sizeof profile_filter / sizeof *profile_filter, 0);

	if (r >= 0 && step->notify_fds[0] >= 0) {
		r = load(device_filter, sizeof device_filter / sizeof *device_filter,
			 SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (r >= 0)
			*ret_fd = r;
	}
	return r < 0 ? error_errno(err, r, "cannot load the system call filter") : 0;
}
