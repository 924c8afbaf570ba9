/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor of one step, from the request to the report. */
#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "builder/sandbox/init/network.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/zygote.h"
#include "builder/sandbox/protocol.h"

static int make_namespaces(const struct step *step, struct error *err)
{
	int flags = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

	if (step->flags & START_NETWORK_NEW)
		flags |= CLONE_NEWNET;
	if (unshare(flags) < 0)
		return error_errno(err, -errno, "cannot make namespaces");
	if (step->network_fd >= 0 && setns(step->network_fd, CLONE_NEWNET) < 0)
		return error_errno(err, -errno, "cannot enter the network namespace");
	if ((step->flags & START_NETWORK_NEW) && network_loopback_up() < 0)
		return error_set(err, -EIO, "cannot bring up the loopback interface");
	if (sethostname(step->spec.hostname, strlen(step->spec.hostname)) < 0)
		return error_errno(err, -errno, "cannot set the host name '%s'",
				   step->spec.hostname);
	return 0;
}

/* Let the user that the step runs as open its own /dev/stdout again: its pipe belongs to root. */
static void own_pipes(const struct step *step)
{
	const int fds[] = { step->stdin_fd, step->stdout_fd, step->stderr_fd };
	struct stat facts;

	for (size_t i = 0; i < 3; i++) {
		if (fds[i] >= 0 && fstat(fds[i], &facts) == 0 && S_ISFIFO(facts.st_mode))
			(void)!fchown(fds[i], step->spec.uid, (gid_t)-1);
	}
}

/* Before the namespace of groups is made: there it is at the top. */
static int join_groups(const struct step *step, struct error *err)
{
	for (uint32_t i = 0; i < step->group_count; i++) {
		if (write(step->group_fds[i], "0", 1) != 1)
			return error_errno(err, -errno,
					   "cannot put the step into its control group");
	}
	return 0;
}

static int run(struct step *step, struct error *err)
{
	int r = join_groups(step, err);

	if (r == 0)
		r = process_become_root(step->zygote->all_ids, step->zygote->pid, err);

	umask(0);
	if (r == 0)
		r = sources_take(step, err);
	if (r == 0)
		r = make_namespaces(step, err);
	if (r < 0)
		return r;
	own_pipes(step);
	return supervise(step, err);
}

/* From here on the builder can end the step, whatever it hangs on. */
static int announce(struct step *step, struct error *err)
{
	step->self_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (step->self_fd < 0)
		return error_errno(err, -errno, "cannot supervise the step");
	reply_send(step->builder_fd, REPLY_STARTING, NULL, &step->self_fd, 1);
	return 0;
}

int job_step(const struct zygote *zygote, struct wire *request, const int *fds, size_t fd_count)
{
	struct error err = { 0 };
	struct step step;
	int r = fd_count < 1 ? -EPROTO : step_parse(&step, zygote, request, fds, fd_count);

	/* Nothing is released: the process ends here. */
	if (r == 0)
		r = announce(&step, &err);
	if (r == 0)
		r = run(&step, &err);
	if (r < 0)
		reply_error(fds[0], r, &err);
	return r < 0;
}
