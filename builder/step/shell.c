/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "builder/sandbox/group.h"
#include "builder/sandbox/sandbox.h"
#include "builder/step/owner_channel.h"
#include "builder/step/run_mounts.h"
#include "builder/step/shell_plan.h"
#include "builder/step/surroundings.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"

/* Bytes on their way from one descriptor to another. */
struct pump {
	int from, to; /* -1: it has ended */
	char bytes[16384];
	size_t start, end; /* what was read and not written yet */
};

enum pump_name { PUMP_IN, PUMP_OUT, PUMP_ERR, PUMP_COUNT };

struct session {
	const struct shell *shell;
	struct surroundings around;
	struct step *step;
	struct group *group; /* NULL: no limits */
	struct step_terminal terminal;
	struct pump pumps[PUMP_COUNT];
	int pipes[PUMP_COUNT]
		 [2]; /* of the process: reading and writing ends, where there is no terminal */
};

/* ---- pumps ---- */

static bool pump_wants_read(const struct pump *pump)
{
	return pump->from >= 0 && pump->start == pump->end;
}

static bool pump_wants_write(const struct pump *pump)
{
	return pump->to >= 0 && pump->start < pump->end;
}

/* The reader has gone, or the writer: what is behind the pump learns of it by the caller. */
static void pump_read(struct pump *pump)
{
	ssize_t n = read(pump->from, pump->bytes, sizeof pump->bytes);

	if (n > 0) {
		pump->start = 0;
		pump->end = (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		pump->from = -1;
	}
}

static void pump_write(struct pump *pump)
{
	ssize_t n = write(pump->to, pump->bytes + pump->start, pump->end - pump->start);

	if (n > 0) {
		pump->start += (size_t)n;
	} else if (n < 0 && errno != EINTR && errno != EAGAIN) {
		pump->start = pump->end = 0;
		pump->from = pump->to = -1;
	}
}

/* ---- starting ---- */

static int make_pipes(struct session *session)
{
	for (int i = 0; i < PUMP_COUNT; i++) {
		if (pipe2(session->pipes[i], O_CLOEXEC) < 0)
			return -errno;
	}
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(take_fd(fd));
}

/* The ends that are the process's alone. */
static void close_theirs(struct session *session)
{
	close_one(&session->pipes[PUMP_IN][0]);
	close_one(&session->pipes[PUMP_OUT][1]);
	close_one(&session->pipes[PUMP_ERR][1]);
}

static void connect_pumps(struct session *session)
{
	const struct shell *shell = session->shell;
	struct pump *pumps = session->pumps;
	bool terminal = shell->terminal;

	for (int i = 0; i < PUMP_COUNT; i++)
		pumps[i].from = pumps[i].to = -1;
	pumps[PUMP_IN].from = shell->in_fd;
	pumps[PUMP_IN].to = terminal ? session->terminal.ret_fd : session->pipes[PUMP_IN][1];
	pumps[PUMP_OUT].from = terminal ? session->terminal.ret_fd : session->pipes[PUMP_OUT][0];
	pumps[PUMP_OUT].to = shell->out_fd;
	if (!terminal) {
		pumps[PUMP_ERR].from = session->pipes[PUMP_ERR][0];
		pumps[PUMP_ERR].to = shell->err_fd;
	}
	(void)fd_set_nonblocking(pumps[PUMP_IN].to, true);
}

static int start(struct session *session, struct error *err)
{
	const struct shell *shell = session->shell;
	struct surroundings *around = &session->around;
	cleanup_free int *listen_fds =
		xcalloc(run_mounts_sockets(around->mounts) + 1, sizeof *listen_fds);
	struct winsize size = { 0 };
	struct step_io io = { .cancel_fd = shell->env->cancel_fd };
	int r = shell->terminal ? 0 : make_pipes(session);

	if (r < 0)
		return error_errno(err, r, "cannot make a pipe");
	if (shell->terminal) {
		(void)ioctl(shell->in_fd, TIOCGWINSZ, &size);
		session->terminal.rows = size.ws_row;
		session->terminal.columns = size.ws_col;
		io.terminal = &session->terminal;
	} else {
		io.stdin_fd = session->pipes[PUMP_IN][0];
		io.stdout_fd = session->pipes[PUMP_OUT][1];
		io.stderr_fd = session->pipes[PUMP_ERR][1];
	}
	if (session->group)
		io.group_fds = group_fds(session->group, &io.group_count);
	io.owners = owner_channel_owners(around->owners, &io.owner_count);
	r = sandbox_start(shell->env->sandbox, &around->spec, &io, &session->step, listen_fds, err);
	owner_channel_started(around->owners);
	close_theirs(session);
	if (r == 0)
		r = run_mounts_serve(around->mounts, listen_fds, err);
	if (r == 0)
		connect_pumps(session);
	return r;
}

/* ---- while it runs ---- */

static void resize(struct session *session)
{
	struct winsize size;

	if (session->shell->terminal && ioctl(session->shell->in_fd, TIOCGWINSZ, &size) == 0)
		(void)ioctl(session->terminal.ret_fd, TIOCSWINSZ, &size);
}

static void take_signal(struct session *session)
{
	unsigned char number;

	if (read(session->shell->signal_fd, &number, 1) != 1)
		return;
	if (number == SIGWINCH)
		resize(session);
	else
		step_signal(session->step, number);
}

enum watched {
	WATCH_STEP,
	WATCH_SIGNAL,
	WATCH_OWNERS,
	WATCH_READ, /* of each pump */
	WATCH_WRITE = WATCH_READ + PUMP_COUNT,
	WATCH_SERVERS = WATCH_WRITE + PUMP_COUNT,
};

static void set_watched(const struct session *session, struct pollfd *fds)
{
	for (int i = 0; i < PUMP_COUNT; i++) {
		const struct pump *pump = &session->pumps[i];
		bool reads = pump_wants_read(pump), writes = pump_wants_write(pump);

		fds[WATCH_READ + i] =
			(struct pollfd){ .fd = reads ? pump->from : -1, .events = POLLIN };
		fds[WATCH_WRITE + i] =
			(struct pollfd){ .fd = writes ? pump->to : -1, .events = POLLOUT };
	}
}

static void run_pumps(struct session *session, const struct pollfd *fds)
{
	for (int i = 0; i < PUMP_COUNT; i++) {
		struct pump *pump = &session->pumps[i];

		if (fds[WATCH_READ + i].revents)
			pump_read(pump);
		if (fds[WATCH_WRITE + i].revents && pump->to >= 0)
			pump_write(pump);
	}
	/* Whose output nobody reads is to learn of it. */
	for (int i = PUMP_OUT; i < PUMP_COUNT; i++) {
		if (session->pumps[i].to < 0)
			close_one(&session->pipes[i][0]);
	}
	/* The end of input is passed on; a terminal's own end means nothing to the process. */
	if (session->pumps[PUMP_IN].from < 0 &&
	    session->pumps[PUMP_IN].start == session->pumps[PUMP_IN].end) {
		session->pumps[PUMP_IN].to = -1;
		close_one(&session->pipes[PUMP_IN][1]);
	}
}

/* Until the process has ended: 0, or -ENOTCONN when a filesystem's server has. */
static int watch(struct session *session)
{
	struct surroundings *around = &session->around;
	size_t servers = around->filesystem_count;
	cleanup_free struct pollfd *fds = xcalloc(WATCH_SERVERS + servers, sizeof *fds);

	fds[WATCH_STEP] = (struct pollfd){ .fd = step_fd(session->step), .events = POLLIN };
	fds[WATCH_SIGNAL] = (struct pollfd){ .fd = session->shell->signal_fd, .events = POLLIN };
	fds[WATCH_OWNERS] =
		(struct pollfd){ .fd = owner_channel_fd(around->owners), .events = POLLIN };
	for (size_t i = 0; i < servers; i++)
		fds[WATCH_SERVERS + i].fd = workspace_fd(around->filesystems[i]->workspace);
	for (;;) {
		set_watched(session, fds);
		if (poll(fds, WATCH_SERVERS + servers, -1) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		run_pumps(session, fds);
		if (fds[WATCH_SIGNAL].revents)
			take_signal(session);
		if (fds[WATCH_OWNERS].revents && owner_channel_answer(around->owners) <= 0)
			fds[WATCH_OWNERS].fd = -1;
		if (fds[WATCH_STEP].revents)
			return 0;
		for (size_t i = 0; i < servers; i++) {
			if (!fds[WATCH_SERVERS + i].revents)
				continue;
			step_kill(session->step);
			return -ENOTCONN;
		}
	}
}

/* What it has left in the pipes or the terminal. */
static void drain(struct session *session)
{
	for (int i = PUMP_OUT; i < PUMP_COUNT; i++) {
		struct pump *pump = &session->pumps[i];
		struct pollfd ready = { .events = POLLIN };

		for (;;) {
			if (pump->to >= 0 && pump->start < pump->end) {
				struct pollfd room = { .fd = pump->to, .events = POLLOUT };

				(void)poll(&room, 1, -1);
				pump_write(pump);
				continue;
			}
			ready.fd = pump->from;
			if (pump->from < 0 || poll(&ready, 1, 0) <= 0)
				break;
			pump_read(pump);
		}
	}
}

static void session_release(struct session *session)
{
	step_free(session->step);
	group_free(session->group);
	for (int i = 0; i < PUMP_COUNT; i++) {
		close_one(&session->pipes[i][0]);
		close_one(&session->pipes[i][1]);
	}
	close_one(&session->terminal.ret_fd);
	surroundings_release(&session->around);
}
DEFINE_CLEANUP_VALUE(struct session, session_release);

static int enter_group(struct session *session, struct error *err)
{
	struct groups *groups = session->shell->env->groups;

	return groups ? group_new(groups, &session->group, err) : 0;
}

static void mention_limit(const struct session *session)
{
	const struct shell *shell = session->shell;

	if (shell->failures && session->group && group_out_of_memory(session->group))
		strings_add_format(shell->failures, "the memory limit of %.4g MiB was reached",
				   (double)shell->env->limits->memory / (1 << 20));
}

static int carry_out(struct session *session, int *ret_status, struct error *err)
{
	struct step_status status;
	int r = enter_group(session, err), watched;

	if (r == 0)
		r = start(session, err);

	if (r < 0)
		return r;
	watched = watch(session);
	surroundings_end_owners(&session->around);
	r = step_wait(session->step, &status, err);
	drain(session);
	mention_limit(session);
	if (session->shell->failures)
		(void)surroundings_failures(&session->around, session->shell->failures);
	if (watched == -ENOTCONN)
		return error_set(err, -ENOTCONN, "the process that serves the filesystem has died");
	if (r == 0)
		*ret_status = status.exited ? status.exit_code : 128 + status.signal;
	return r;
}

int shell_run(const struct shell *shell, int *ret_status, struct error *err)
{
	cleanup_with(shell_plan_release) struct shell_plan plan = { 0 };
	cleanup_with(session_release) struct session session = { .shell = shell };
	int r;

	session.terminal.ret_fd = -1;
	for (int i = 0; i < PUMP_COUNT; i++)
		session.pipes[i][0] = session.pipes[i][1] = -1;
	r = shell_plan_make(shell, &plan, err);
	if (r == 0)
		r = surroundings_open(&plan.task, &session.around, err);
	return r < 0 ? r : carry_out(&session, ret_status, err);
}
