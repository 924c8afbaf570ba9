/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/helper.h"
#include "builder/sandbox/network.h"
#include "builder/sandbox/protocol.h"
#include "builder/sandbox/sandbox_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

struct step *step_new(struct sandbox *sandbox)
{
	struct step *step = xcalloc(1, sizeof *step);

	step->sandbox = sandbox;
	step->socket_fd = step->supervisor_pidfd = step->inside_pidfd = -1;
	return step;
}

int step_fd(const struct step *step)
{
	return step->socket_fd;
}

void step_signal(struct step *step, int signal)
{
	/* Pid 1 passes it on. */
	if (step->inside_pidfd >= 0)
		(void)pidfd_send_signal(step->inside_pidfd, signal, NULL, 0);
}

void step_kill(struct step *step)
{
	__atomic_store_n(&step->killed, true, __ATOMIC_SEQ_CST);
	/* Pid 1 takes all the others along. The supervisor has nothing left to do, and could be
	 * waiting for the very filesystem that made somebody kill the step. */
	if (step->inside_pidfd >= 0)
		(void)pidfd_send_signal(step->inside_pidfd, SIGKILL, NULL, 0);
	if (step->supervisor_pidfd >= 0)
		(void)pidfd_send_signal(step->supervisor_pidfd, SIGKILL, NULL, 0);
}

/* What waits for a filesystem that does not answer cannot even be killed. */
#define KILLED_PATIENCE_MS 2000

/* False when it is still there after `timeout_ms` (-1: for ever). */
static bool wait_for_exit(int pidfd, int timeout_ms)
{
	struct pollfd polled = { .fd = pidfd, .events = POLLIN };
	int r;

	do {
		r = pidfd < 0 ? 1 : poll(&polled, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	return r != 0;
}

bool step_gone(const struct step *step, int timeout_ms)
{
	/* When its processes are gone the supervisor may still bring what they wrote to the
	 * filesystems, and wait for those. */
	return wait_for_exit(step->inside_pidfd, timeout_ms) &&
	       wait_for_exit(step->supervisor_pidfd, timeout_ms);
}

static bool was_killed(const struct step *step)
{
	return __atomic_load_n(&step->killed, __ATOMIC_SEQ_CST);
}

static int parse_report(const struct buf *body, struct step_status *ret, bool *ret_inside_killed,
			struct error *err)
{
	struct wire wire = wire_of(body->data, body->length);
	int status = (int)wire_u32(&wire);
	cleanup_free char *text = NULL;
	uint32_t code;

	*ret_inside_killed = wire_u32(&wire);
	ret->exited = WIFEXITED(status);
	ret->exit_code = ret->exited ? WEXITSTATUS(status) : 0;
	ret->signal = ret->exited ? 0 : WTERMSIG(status);
	ret->wall_ns = wire_u64(&wire);
	ret->user_ns = wire_u64(&wire);
	ret->system_ns = wire_u64(&wire);
	ret->max_rss = wire_u64(&wire);
	code = wire_u32(&wire);
	text = wire_string(&wire);
	if (wire_end(&wire) < 0 || code > 4095)
		return error_set(err, -EPROTO, "the step's supervisor answered nonsense");
	return code ? error_set(err, -(int)code, "%s", text ? text : "") : 0;
}

static int collect(struct step *step, struct error *err)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	bool inside_killed = false;
	uint32_t reply = 0;
	int r = helper_answer(step->socket_fd, &reply, &body, NULL, 0, NULL);

	/* Whatever came: pid 1 is seen to be gone only when all others are. */
	(void)wait_for_exit(step->inside_pidfd, was_killed(step) ? KILLED_PATIENCE_MS : -1);
	if (r == 0 && reply == REPLY_ENDED)
		r = parse_report(&body, &step->status, &inside_killed, err);
	else
		r = error_set(err, -EIO, "the step's supervisor was killed");
	if (was_killed(step))
		return error_set(err, -ECANCELED, "cancelled");
	if (r == 0 && inside_killed)
		return error_set(err, -EIO, "the step's pid 1 was killed from outside");
	return r;
}

int step_wait(struct step *step, struct step_status *ret, struct error *err)
{
	if (!step->ended) {
		step->result = collect(step, &step->failure);
		step->ended = true;
	}
	if (step->result < 0)
		return error_set(err, step->result, "%s", step->failure.text);
	*ret = step->status;
	return 0;
}

/* End a step that was not waited for, or whose start was not. */
static void abandon(struct step *step)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	int fds[CHANNEL_MAX_FDS];
	size_t fd_count = 0;
	uint32_t reply;

	step_kill(step);
	/* It may have got as far as pid 1 before that: who holds the other end is still there. */
	while (helper_answer(step->socket_fd, &reply, &body, fds, CHANNEL_MAX_FDS, &fd_count) ==
	       0) {
		if (reply == REPLY_STARTED && step->inside_pidfd < 0 && fd_count > 0) {
			step->inside_pidfd = fds[0];
			step_kill(step);
		}
		for (size_t i = step->inside_pidfd == fds[0] ? 1 : 0; i < fd_count; i++)
			close(fds[i]);
		fd_count = 0;
	}
	(void)wait_for_exit(step->inside_pidfd, KILLED_PATIENCE_MS);
	(void)wait_for_exit(step->supervisor_pidfd, KILLED_PATIENCE_MS);
}

void step_free(struct step *step)
{
	if (!step)
		return;
	if (step->socket_fd >= 0 && !step->ended)
		abandon(step);
	if (step->own_network)
		network_release(step->sandbox->network, step->network_index, step->insecure);
	if (step->socket_fd >= 0)
		close(step->socket_fd);
	if (step->supervisor_pidfd >= 0)
		close(step->supervisor_pidfd);
	if (step->inside_pidfd >= 0)
		close(step->inside_pidfd);
	free(step);
}
