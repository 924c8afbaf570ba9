/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/sandbox.h"

#include <errno.h>
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

static void warn_once(struct sandbox *sandbox, const char *text, bool *ret_new)
{
	pthread_mutex_lock(&sandbox->lock);
	*ret_new = !strings_contain(&sandbox->warned, text);
	if (*ret_new)
		strings_add(&sandbox->warned, text);
	pthread_mutex_unlock(&sandbox->lock);
}

void sandbox_warn(struct sandbox *sandbox, const char *text)
{
	bool is_new;

	warn_once(sandbox, text, &is_new);
	if (is_new && sandbox->options.warn)
		sandbox->options.warn(sandbox->options.warn_context, text);
}

int sandbox_start_helper(uint32_t role, const struct buf *body, const int *fds, size_t fd_count,
			 int *ret_socket_fd, int *ret_pidfd, pid_t *ret_pid, uint32_t *ret_value,
			 struct error *err)
{
	cleanup_fd int socket_fd = -1, pidfd = -1;
	pid_t pid;
	int r = helper_start(0, &pid, &socket_fd, err);

	if (r < 0)
		return r;
	pidfd = pidfd_open(pid, 0);
	r = pidfd < 0 ? error_errno(err, -errno, "cannot follow the sandbox's helper") : 0;
	if (r == 0) {
		r = helper_greet(socket_fd, role, body, fds, fd_count);
		if (r < 0)
			(void)error_errno(err, r, "cannot talk to the sandbox's helper");
	}
	if (r == 0)
		r = helper_done(socket_fd, ret_value, NULL, 0, NULL, err);
	if (r < 0) {
		sandbox_end_helper(&socket_fd, &pidfd, pid);
		return r;
	}
	*ret_socket_fd = take_fd(&socket_fd);
	*ret_pidfd = take_fd(&pidfd);
	*ret_pid = pid;
	return 0;
}

void sandbox_end_helper(int *socket_fd, int *pidfd, pid_t pid)
{
	if (*socket_fd >= 0)
		close(take_fd(socket_fd));
	if (*pidfd >= 0) {
		(void)pidfd_send_signal(*pidfd, SIGKILL, NULL, 0);
		close(take_fd(pidfd));
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int start_zygote(struct sandbox *sandbox, struct error *err)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	cleanup_fd int self_fd = pidfd_open(getpid(), 0);
	const int fds[] = { sandbox->holder.pidfd, self_fd, sandbox->holder.credentials_fd };
	uint32_t flags = 0;
	int r;

	if (self_fd < 0)
		return error_errno(err, -errno, "cannot open a descriptor of this process");
	wire_put_u32(&body, sandbox->holder.all_ids);
	r = sandbox_start_helper(HELPER_ZYGOTE, &body, fds, sandbox->holder.all_ids ? 2 : 3,
				 &sandbox->zygote_fd, &sandbox->zygote_pidfd, &sandbox->zygote_pid,
				 &flags, err);
	if (r < 0)
		return r;
	sandbox->host_proc = flags & ZYGOTE_HOST_PROC;
	return 0;
}

static int enter(struct sandbox *sandbox, struct buf *ret_warning, struct error *err)
{
	int r = holder_join(sandbox->options.runtime_dir_fd, &sandbox->holder, ret_warning, err);

	return r < 0 ? r : start_zygote(sandbox, err);
}

int sandbox_open(const struct sandbox_options *options, struct sandbox **ret, struct error *err)
{
	cleanup_with(buf_release) struct buf warning = { 0 };
	cleanup_with(sandbox_close) struct sandbox *sandbox = xcalloc(1, sizeof *sandbox);
	int r;

	sandbox->options = *options;
	sandbox->holder = (struct holder){ .fifo_fd = -1, .pidfd = -1, .credentials_fd = -1 };
	sandbox->zygote_fd = sandbox->zygote_pidfd = -1;
	pthread_mutex_init(&sandbox->lock, NULL);
	sandbox->network = network_new();
	r = enter(sandbox, &warning, err);
	/* Killed under our hands: the next one is as good. */
	if (r < 0 && sandbox->holder.pidfd >= 0 && !holder_alive(&sandbox->holder)) {
		holder_leave(&sandbox->holder);
		buf_clear(&warning);
		r = enter(sandbox, &warning, err);
	}
	if (r < 0)
		return error_prefix(err, r, "cannot open a sandbox");
	if (warning.length)
		sandbox_warn(sandbox, warning.data);
	if (sandbox->host_proc)
		sandbox_warn(sandbox,
			     "steps see the processes of this container, as its /proc is masked; "
			     "start it with --security-opt systempaths=unconfined");
	*ret = take_ptr(&sandbox);
	return 0;
}

void sandbox_close(struct sandbox *sandbox)
{
	if (!sandbox)
		return;
	if (sandbox->zygote_pidfd >= 0)
		sandbox_end_helper(&sandbox->zygote_fd, &sandbox->zygote_pidfd,
				   sandbox->zygote_pid);
	network_free(sandbox->network);
	holder_leave(&sandbox->holder);
	strings_release(&sandbox->warned);
	pthread_mutex_destroy(&sandbox->lock);
	free(sandbox);
}

enum sandbox_ids sandbox_id_mode(const struct sandbox *sandbox)
{
	return sandbox->holder.all_ids ? SANDBOX_IDS_FULL : SANDBOX_IDS_SINGLE;
}

int sandbox_credentials_fd(const struct sandbox *sandbox)
{
	return sandbox->holder.credentials_fd;
}

int sandbox_request(struct sandbox *sandbox, const struct buf *message, const int *fds,
		    size_t fd_count, int *ret_reply_fd, struct error *err)
{
	cleanup_fd int ours = -1, theirs = -1;
	int all[CHANNEL_MAX_FDS], ends[2], r;

	if (fd_count + 1 > CHANNEL_MAX_FDS)
		return error_set(err, -E2BIG, "too many descriptors for one step");
	r = channel_pair(ends);
	if (r < 0)
		return error_errno(err, r, "cannot make a channel");
	ours = ends[0];
	theirs = ends[1];
	all[0] = theirs;
	if (fd_count)
		memcpy(all + 1, fds, fd_count * sizeof *fds);
	pthread_mutex_lock(&sandbox->lock);
	r = channel_send(sandbox->zygote_fd, message->data, message->length, all, fd_count + 1);
	pthread_mutex_unlock(&sandbox->lock);
	if (r < 0)
		return error_errno(err, r, "the sandbox's helper has ended");
	*ret_reply_fd = take_fd(&ours);
	return 0;
}
