/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/snapshot/workspace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/snapshot/failures.h"
#include "fs/snapshot/listener.h"
#include "fs/snapshot/protocol.h"
#include "fs/snapshot/server.h"

struct workspace {
	int fd;
	pid_t pid;  /* of the server, when it is our child; else 0 */
	bool apart; /* nobody else can have joined it */
	int cancel_fd;
	uint64_t last_failure; /* that was asked for */
};

/* Who gives up waits so long still: most requests are done by then, and nothing is lost. */
#define PATIENCE_NS UINT64_C(1000000000)

/* Our own program again. The file may have been replaced since it was started: this is the one
 * that runs. */
static const char program[] = "/proc/self/exe";

static int spawn_server(int fd, pid_t *ret_pid)
{
	char *const argv[] = { (char[]){ "varve" }, (char[]){ SERVER_VERB }, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, SERVER_FD);
	posix_spawn_file_actions_addclosefrom_np(&actions, SERVER_FD + 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn(ret_pid, program, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* ---- one question, one answer ---- */

static int gone(struct error *err)
{
	return error_set(err, -ENOTCONN, "the process that serves the filesystem has died");
}

void workspace_abandon(struct workspace *workspace)
{
	(void)shutdown(workspace->fd, SHUT_RDWR);
	if (workspace->apart && workspace->pid > 0)
		(void)kill(workspace->pid, SIGKILL);
}

/*
 * Until there is an answer. What the server has begun it may end or not, as when it is killed: the
 * store takes no harm.
 */
static int wait_for_answer(struct workspace *workspace, struct error *err)
{
	struct pollfd fds[2] = { { .fd = workspace->fd, .events = POLLIN },
				 { .fd = workspace->cancel_fd, .events = POLLIN } };
	uint64_t end = 0, now;
	int timeout_ms = -1;

	while (poll(fds, 2, timeout_ms) <= 0 || !fds[0].revents) {
		now = clock_monotonic_ns();
		if (fds[1].revents) {
			end = now + PATIENCE_NS;
			fds[1].fd = -1;
			fds[1].revents = 0;
		}
		if (end && now >= end) {
			workspace_abandon(workspace);
			return error_set(err, -ECANCELED, "cancelled");
		}
		timeout_ms = end ? (int)((end - now) / 1000000) + 1 : -1;
	}
	return 0;
}

/* The error that the server sent. */
static int sent_error(struct wire *answer, struct error *err)
{
	int r = -(int)wire_u32(answer);
	cleanup_free char *text = wire_string(answer);

	if (answer->bad || r >= 0)
		return error_set(err, -EPROTO,
				 "the filesystem's server sent an answer that is none");
	return error_set(err, r, "%s", text ? text : error_words(r));
}

/* `answer` keeps the bytes that `ret` reads from. */
static int ask(struct workspace *workspace, const struct buf *request, const int *fds,
	       size_t fd_count, struct buf *answer, struct wire *ret, struct error *err)
{
	int r = channel_send(workspace->fd, request->data, request->length, fds, fd_count);

	if (r == 0)
		r = wait_for_answer(workspace, err);
	if (r == -ECANCELED)
		return r;
	if (r == 0)
		r = channel_receive(workspace->fd, answer, NULL, 0, NULL);
	if (r <= 0)
		return gone(err);
	*ret = wire_of(answer->data, answer->length);
	if (wire_u32(ret) == ANSWER_OK)
		return 0;
	return sent_error(ret, err);
}

/* ---- beginning and end ---- */

static int send_start(struct workspace *workspace, const struct workspace_options *options,
		      struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	const int fds[] = { options->fuse_fd, options->credentials_fd };
	const bool credentials = options->root_only && options->credentials_fd > 0;
	struct wire wire;

	wire_put_u32(&request, SERVER_START);
	wire_put_u32(&request, (options->read_only ? SERVER_READ_ONLY : 0) |
				       (options->writeback ? SERVER_WRITEBACK : 0) |
				       (options->root_only ? SERVER_ROOT_ONLY : 0) |
				       (options->traced ? SERVER_TRACED : 0));
	wire_put_string(&request, options->store);
	buf_append(&request, options->snapshot.bytes, OBJECT_ID_SIZE);
	wire_put_string(&request, options->socket);
	return ask(workspace, &request, fds, credentials ? 2 : 1, &answer, &wire, err);
}

int workspace_start(const struct workspace_options *options, struct workspace **ret,
		    struct error *err)
{
	cleanup_with(workspace_free) struct workspace *workspace = xcalloc(1, sizeof *workspace);
	int ends[2];
	int r = channel_pair(ends);

	workspace->fd = workspace->cancel_fd = -1;
	workspace->apart = !options->socket;
	if (r == 0) {
		workspace->fd = ends[0];
		r = spawn_server(ends[1], &workspace->pid);
		close(ends[1]);
	}
	if (r < 0)
		error_errno(err, r, "cannot start the filesystem's server");
	else
		r = send_start(workspace, options, err);
	close(options->fuse_fd);
	if (r < 0)
		return r;
	*ret = take_ptr(&workspace);
	return 0;
}

int workspace_join(int store_dir_fd, const char *socket, struct workspace **ret)
{
	int fd;
	int r = listener_connect(store_dir_fd, socket, &fd);

	if (r < 0)
		return r;
	*ret = xcalloc(1, sizeof **ret);
	(*ret)->fd = fd;
	(*ret)->cancel_fd = -1;
	return 0;
}

void workspace_cancel_with(struct workspace *workspace, int cancel_fd)
{
	workspace->cancel_fd = cancel_fd;
}

void workspace_free(struct workspace *workspace)
{
	if (!workspace)
		return;
	if (workspace->fd >= 0)
		close(workspace->fd);
	/* A server with other users lives on, and is the init process's child one day. */
	if (workspace->pid > 0)
		(void)waitpid(workspace->pid, NULL, WNOHANG);
	free(workspace);
}

int workspace_fd(const struct workspace *workspace)
{
	return workspace->fd;
}

bool workspace_alive(const struct workspace *workspace)
{
	struct pollfd state = { .fd = workspace->fd };

	return poll(&state, 1, 0) >= 0 && !(state.revents & (POLLHUP | POLLERR));
}

/* ---- requests ---- */

int workspace_mountpoint(struct workspace *workspace, const char *path, bool directory,
			 char **ret_path, struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	cleanup_free char *real = NULL;
	struct wire wire;
	int r;

	wire_put_u32(&request, SERVER_MOUNTPOINT);
	wire_put_string(&request, path);
	wire_put_u32(&request, directory);
	r = ask(workspace, &request, NULL, 0, &answer, &wire, err);
	if (r < 0)
		return r;
	real = wire_string(&wire);
	if (!real || wire_end(&wire) < 0)
		return gone(err);
	*ret_path = take_ptr(&real);
	return 0;
}

int workspace_make_node(struct workspace *workspace, const struct workspace_node *node,
			struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	struct wire wire;

	wire_put_u32(&request, SERVER_MAKE_NODE);
	wire_put_u64(&request, node->dir);
	wire_put_string(&request, node->name);
	wire_put_u32(&request, node->mode);
	wire_put_u64(&request, node->rdev);
	wire_put_u32(&request, node->uid);
	wire_put_u32(&request, node->gid);
	return ask(workspace, &request, NULL, 0, &answer, &wire, err);
}

int workspace_set_owner(struct workspace *workspace, uint64_t inode, const char *path, uint32_t uid,
			uint32_t gid, struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	struct wire wire;

	wire_put_u32(&request, SERVER_SET_OWNER);
	wire_put_u64(&request, inode);
	wire_put_string(&request, path);
	wire_put_u32(&request, uid);
	wire_put_u32(&request, gid);
	return ask(workspace, &request, NULL, 0, &answer, &wire, err);
}

int workspace_owners(struct workspace *workspace, int *ret_fd, struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	size_t count = 0;
	struct wire wire;
	int fd = -1, r;

	wire_put_u32(&request, SERVER_OWNERS);
	r = channel_send(workspace->fd, request.data, request.length, NULL, 0);
	if (r == 0)
		r = channel_receive(workspace->fd, &answer, &fd, 1, &count);
	if (r <= 0)
		return gone(err);
	wire = wire_of(answer.data, answer.length);
	if (wire_u32(&wire) != ANSWER_OK)
		return sent_error(&wire, err);
	if (count != 1)
		return gone(err);
	*ret_fd = fd;
	return 0;
}

int workspace_commit(struct workspace *workspace, const struct snapshot_intent *intent,
		     struct snapshot_result *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	struct snapshot_result result;
	struct wire wire;
	int r;

	wire_put_u32(&request, SERVER_COMMIT);
	snapshot_intent_encode(intent, &request);
	r = ask(workspace, &request, NULL, 0, &answer, &wire, err);
	if (r < 0)
		return r;
	snapshot_result_decode(&wire, &result);
	if (wire_end(&wire) < 0)
		return gone(err);
	*ret = result;
	return 0;
}

/* A request without values that is answered with a number. */
static int ask_number(struct workspace *workspace, uint32_t question, uint32_t *ret,
		      struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	struct wire wire;
	uint32_t number;
	int r;

	wire_put_u32(&request, question);
	r = ask(workspace, &request, NULL, 0, &answer, &wire, err);
	if (r < 0)
		return r;
	number = wire_u32(&wire);
	if (wire_end(&wire) < 0)
		return gone(err);
	*ret = number;
	return 0;
}

int workspace_changed(struct workspace *workspace, struct error *err)
{
	uint32_t changed = 0;
	int r = ask_number(workspace, SERVER_CHANGED, &changed, err);

	return r < 0 ? r : changed != 0;
}

int workspace_trace(struct workspace *workspace, struct buf *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	const void *trace;
	struct wire wire;
	size_t size;
	int r;

	wire_put_u32(&request, SERVER_TRACE);
	r = ask(workspace, &request, NULL, 0, &answer, &wire, err);
	if (r < 0)
		return r;
	trace = wire_bytes(&wire, &size);
	if (wire_end(&wire) < 0)
		return gone(err);
	buf_append(ret, trace, size);
	return 0;
}

int workspace_failures(struct workspace *workspace, struct strings *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf request = { 0 }, answer = { 0 };
	struct wire wire;
	int r;

	wire_put_u32(&request, SERVER_FAILURES);
	wire_put_u64(&request, workspace->last_failure);
	r = ask(workspace, &request, NULL, 0, &answer, &wire, err);
	if (r < 0)
		return r;
	if (failures_decode(&wire, &workspace->last_failure, ret) < 0 || wire_end(&wire) < 0)
		return gone(err);
	return 0;
}

int workspace_leave(struct workspace *workspace, unsigned *ret, struct error *err)
{
	return ask_number(workspace, SERVER_LEAVE, ret, err);
}
