/* SPDX-License-Identifier: Apache-2.0 */
/* Pid 1 of a step: attaches its tree, starts the command, reaps, and takes everything along. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"

static int start(struct step *step, pid_t *ret_pid, struct error *err)
{
	int r = sources_make(step, err);

	if (r == 0)
		r = tree_assemble(step, err);
	if (r == 0)
		r = proc_assemble(step, err);
	if (r == 0 && step->flags & START_TERMINAL)
		r = terminal_open(step, err);
	if (r < 0)
		return r;
	step->outcome->started_ns = clock_monotonic_ns();
	r = command_start(step, ret_pid, err);
	if (r < 0)
		step->outcome->started_ns = 0;
	return r;
}

static void announce(const struct step *step)
{
	size_t count = 1 + step->listen_count;
	cleanup_free int *fds = xcalloc(count + 1, sizeof *fds);

	fds[0] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	memcpy(fds + 1, step->listen_fds, step->listen_count * sizeof *fds);
	if (step->terminal_fd >= 0)
		fds[count++] = step->terminal_fd;
	reply_send(step->builder_fd, REPLY_STARTED, NULL, fds, count);
}

static pid_t command_pid;

static void pass_on(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	/* Whoever sends it from outside has no number here; what the step sends changes nothing.
	 * The command leads a session, and most often one process group. */
	if (info->si_code <= 0 && info->si_pid == 0)
		(void)kill(-command_pid, number);
	errno = saved;
}

/* What the builder sends is for the command. */
static void pass_on_signals(pid_t command)
{
	static const int passed[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_sigaction = pass_on, .sa_flags = SA_RESTART | SA_SIGINFO };

	command_pid = command;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		(void)sigaction(passed[i], &action, NULL);
}

/* Reap whatever ends; the command's end is the step's. */
static void wait_for(const struct step *step, pid_t command)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, 0);

		if (pid == command)
			break;
		if (pid < 0 && errno != EINTR)
			return;
	}
	step->outcome->wait_status = status;
	step->outcome->ended_ns = clock_monotonic_ns();
	step->outcome->ended = true;
}

void inside(struct step *step)
{
	struct pollfd supervisor = { .fd = step->self_fd, .events = POLLIN };
	struct error err = { 0 };
	pid_t command;
	int r;

	/* It may have died before we asked to die with it. */
	if (poll(&supervisor, 1, 0) > 0)
		_exit(1);
	r = start(step, &command, &err);
	if (r < 0) {
		reply_error(step->builder_fd, r, &err);
		_exit(1);
	}
	pass_on_signals(command);
	/* The command shared our memory while it changed its credentials. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	announce(step);
	/* Nothing of this is for the step to find, and its output ends with it. */
	process_close_others(NULL, 0);
	wait_for(step, command);
	/* The kernel ends all others of the namespace before this process is seen to be gone. */
	_exit(0);
}
