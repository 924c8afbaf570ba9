/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "builder/sandbox/filters.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/protocol.h"

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

const struct emulated_number *filter_call(uint32_t arch, int number)
{
	for (size_t i = 0; i < sizeof emulated_numbers / sizeof *emulated_numbers; i++) {
		if (emulated_numbers[i].arch == arch && emulated_numbers[i].number == number)
			return &emulated_numbers[i];
	}
	return NULL;
}

/* The questions that the supervisor answers. With all ids the kernel itself sets owners. */
static int load_questions(const struct step *step)
{
	const bool all = step->flags & START_ALL_IDS;
	const struct sock_filter *items = all ? device_filter : owner_filter;
	const size_t count = all ? sizeof device_filter / sizeof *device_filter
				 : sizeof owner_filter / sizeof *owner_filter;
	const unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* A call that is being answered is not begun again for a signal: some programs send
	 * themselves signals faster than answers come. Kernels before 5.19 lack it. */
	int r = load(items, count, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);

	return r == -EINVAL ? load(items, count, flags) : r;
}

int filter_load(const struct step *step, int *ret_fd, struct error *err)
{
	int r = load(profile_filter, sizeof profile_filter / sizeof *profile_filter, 0);

	if (r >= 0 && step->notify_fds[0] >= 0) {
		r = load_questions(step);
		if (r >= 0)
			*ret_fd = r;
	}
	return r < 0 ? error_errno(err, r, "cannot load the system call filter") : 0;
}
