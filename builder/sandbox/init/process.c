/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/process.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/error.h"

pid_t process_fork(unsigned long flags, int *ret_pidfd)
{
	pid_t parent = getpid(), pid;
	int pidfd = -1;

	if (ret_pidfd)
		flags |= CLONE_PIDFD;
	/* Not clone3(): containers' filters answer it with ENOSYS. */
	pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, &pidfd, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		if (ret_pidfd)
			*ret_pidfd = pidfd;
		return pid;
	}
	/* All others have been at their defaults since the start. */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before that; in a new pid namespace it has no number at all and
	 * the caller looks after it. */
	if (!(flags & CLONE_NEWPID) && getppid() != parent)
		_exit(1);
	return 0;
}

int process_become_root(bool all_ids, pid_t parent_pid, struct error *err)
{
	/* Where one id is mapped setgroups(2) is forbidden for good: the groups stay, nameless. */
	if (all_ids && syscall(SYS_setgroups, 0, NULL) < 0)
		return error_errno(err, -errno, "cannot drop groups");
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return error_errno(err, -errno, "cannot become root of the user namespace");
	/* Changing credentials has cleared the one, and set the other to what the host prefers. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (getppid() != parent_pid)
		_exit(1);
	return 0;
}

void process_harden(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].inheritable = 0;
	data[1].inheritable = 0;
	(void)syscall(SYS_capset, &header, data);
}

int process_drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

void process_reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void process_close_others(int *keep, size_t count)
{
	unsigned first = 0;

	/* A few at most: put them in order by insertion, then close the gaps. */
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && keep[j] < keep[j - 1]; j--) {
			int swap = keep[j];

			keep[j] = keep[j - 1];
			keep[j - 1] = swap;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < 0 || (unsigned)keep[i] < first)
			continue;
		if ((unsigned)keep[i] > first)
			(void)syscall(SYS_close_range, first, (unsigned)keep[i] - 1, 0);
		first = (unsigned)keep[i] + 1;
	}
	(void)syscall(SYS_close_range, first, ~0U, 0);
}

int process_wait(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}
