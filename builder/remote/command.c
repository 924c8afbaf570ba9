/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

#define COMPLAINT_MAX ((size_t)4096)
#define BLOCK         ((size_t)4096)

extern char **environ;

/* A program that runs. */
struct child {
	pid_t pid;
	int out_fd, err_fd;
};

/* ---- starting it ---- */

/* `ends`: of the pipes of standard input, output and error, the ends to read from first. */
static int spawn(const struct command *command, const int ends[6], pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	if (ends[0] >= 0)
		(void)posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
	else
		(void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[3], 1);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[5], 2);
	/* A group of its own, so that the helpers it starts can be ended with it. */
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	r = posix_spawnp(ret, command->arguments->items[0], &actions, &attributes,
			 strings_argv(command->arguments),
			 command->env ? strings_argv(command->env) : environ);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* While we hold the end to read from as well, writing neither blocks nor fails. */
static int open_input(const char *input, int ends[2])
{
	size_t length = strlen(input);

	if (length > COMMAND_INPUT_MAX)
		return -E2BIG;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	return fd_write_all(ends[1], input, length);
}

static int start(const struct command *command, struct child *ret)
{
	int ends[6] = { -1, -1, -1, -1, -1, -1 };
	int r = command->input ? open_input(command->input, ends) : 0;

	if (r == 0 && (pipe2(ends + 2, O_CLOEXEC) < 0 || pipe2(ends + 4, O_CLOEXEC) < 0))
		r = -errno;
	if (r == 0)
		r = spawn(command, ends, &ret->pid);
	for (int i = 0; i < 6; i++) {
		if (ends[i] >= 0 && (r < 0 || i < 2 || i % 2))
			close(ends[i]);
	}
	if (r < 0)
		return r;
	ret->out_fd = ends[2];
	ret->err_fd = ends[4];
	return 0;
}

/* ---- listening ---- */

/* 1 there was something, 0 it is the end. */
static int take(int fd, struct buf *ret, size_t limit, bool keep_end)
{
	char block[BLOCK];
	ssize_t n = read(fd, block, sizeof block);

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (!keep_end && ret->length + (size_t)n > limit)
		return -E2BIG;
	buf_append(ret, block, (size_t)n);
	if (keep_end && ret->length > limit) {
		memmove(ret->data, ret->data + ret->length - limit, limit);
		buf_truncate(ret, limit);
	}
	return n > 0;
}

/* Until both ends are closed: 0, or -ECANCELED and the like. */
static int listen_to(const struct command *command, struct child *child, struct buf *output,
		     struct buf *complaint)
{
	struct pollfd fds[] = { { .fd = child->out_fd, .events = POLLIN },
				{ .fd = child->err_fd, .events = POLLIN },
				{ .fd = command->cancel_fd, .events = POLLIN } };
	int r;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[2].revents)
			return -ECANCELED;
		for (int i = 0; i < 2; i++) {
			if (!fds[i].revents)
				continue;
			r = take(fds[i].fd, i ? complaint : output,
				 i ? COMPLAINT_MAX : command->output_max, i);
			if (r < 0)
				return r;
			if (r == 0)
				fds[i].fd = -1;
		}
	}
	return 0;
}

/* Its words in one line, without what is only a hint. */
static void trim(struct buf *complaint)
{
	while (complaint->length && strchr(" \t\r\n", complaint->data[complaint->length - 1]))
		buf_truncate(complaint, complaint->length - 1);
	for (size_t i = 0; i < complaint->length; i++) {
		if ((unsigned char)complaint->data[i] < ' ')
			complaint->data[i] = ' ';
	}
}

int command_run(const struct command *command, struct buf *ret_output, struct buf *ret_complaint,
		int *ret_status, struct error *err)
{
	const char *name = command->arguments->items[0];
	struct child child;
	int status = 0;
	int r = start(command, &child);

	/* The other one is said of a PATH with directories that are not for this user. */
	if (r == -ENOENT || r == -EACCES)
		return -ENOENT;
	if (r < 0)
		return error_errno(err, r, "cannot start %s", name);
	r = listen_to(command, &child, ret_output, ret_complaint);
	if (r < 0)
		(void)kill(-child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		continue;
	close(child.out_fd);
	close(child.err_fd);
	if (r == -ECANCELED)
		return error_set(err, r, "cancelled");
	if (r < 0)
		return error_errno(err, r, "cannot listen to %s", name);
	trim(ret_complaint);
	*ret_status = status;
	return 0;
}
