/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/remote/git_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

#define OUTPUT_MAX    ((size_t)16 << 20)
#define COMPLAINT_MAX ((size_t)4096)
#define BLOCK         ((size_t)4096)

extern char **environ;

/* A git that runs. */
struct child {
	pid_t pid;
	int out_fd, err_fd;
};

/* Nobody is there to be asked; hooks of others do not run; only these ways lead to a repository. */
static void make_environment(const struct git_run *run, struct strings *ret)
{
	for (char **at = environ; *at; at++) {
		if (strncmp(*at, "GIT_", 4) != 0 || strncmp(*at, "GIT_SSL_", 8) == 0)
			strings_add(ret, *at);
	}
	strings_env_set(ret, "GIT_TERMINAL_PROMPT", "0");
	strings_env_set(ret, "GIT_ASKPASS", "true");
	strings_env_set(ret, "SSH_ASKPASS", "true");
	strings_env_set(ret, "GIT_ALLOW_PROTOCOL",
			run->host_files ? "http:https:git:ssh:file" : "http:https:git:ssh");
	strings_env_set(ret, "LC_ALL", "C");
	for (size_t i = 0; run->env && i < run->env->count; i++)
		strings_add(ret, run->env->items[i]);
}

static void make_arguments(const char *path, const char *const *arguments, struct strings *ret)
{
	static const char *const first[] = { "git",
					     "-c",
					     "core.hooksPath=/dev/null",
					     "-c",
					     "core.fsmonitor=false",
					     "-c",
					     "gc.auto=0",
					     "-c",
					     "maintenance.auto=false",
					     "-c",
					     "advice.detachedHead=false",
					     "-c",
					     "init.defaultBranch=main",
					     "-c",
					     "core.autocrlf=false" };

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		strings_add(ret, first[i]);
	if (path) {
		strings_add(ret, "-C");
		strings_add(ret, path);
	}
	for (; *arguments; arguments++)
		strings_add(ret, *arguments);
}

static int spawn(const struct git_run *run, const char *path, const char *const *arguments,
		 const int ends[4], pid_t *ret)
{
	cleanup_with(strings_release) struct strings env = { 0 };
	cleanup_with(strings_release) struct strings argv = { 0 };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	make_environment(run, &env);
	make_arguments(path, arguments, &argv);
	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[3], 2);
	/* A group of its own, so that the helpers it starts can be ended with it. */
	(void)posix_spawnattr_setpgroup(&attributes, 0);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	r = posix_spawnp(ret, "git", &actions, &attributes, strings_argv(&argv),
			 strings_argv(&env));
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int start(const struct git_run *run, const char *path, const char *const *arguments,
		 struct child *ret, struct error *err)
{
	int ends[4] = { -1, -1, -1, -1 };
	int r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(ends + 2, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0)
		r = spawn(run, path, arguments, ends, &ret->pid);
	for (int i = 0; i < 4; i++) {
		if (ends[i] >= 0 && (r < 0 || i % 2))
			close(ends[i]);
	}
	if (r == -ENOENT)
		return error_set(err, -EOPNOTSUPP,
				 "git is not installed, and nothing can be fetched from "
				 "repositories without it. Install the package git");
	if (r < 0)
		return error_errno(err, r, "cannot start git");
	ret->out_fd = ends[0];
	ret->err_fd = ends[2];
	return 0;
}

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
static int listen_to(const struct git_run *run, struct child *child, struct buf *output,
		     struct buf *complaint)
{
	struct pollfd fds[] = { { .fd = child->out_fd, .events = POLLIN },
				{ .fd = child->err_fd, .events = POLLIN },
				{ .fd = run->cancel_fd, .events = POLLIN } };
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
			r = take(fds[i].fd, i ? complaint : output, i ? COMPLAINT_MAX : OUTPUT_MAX,
				 i);
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

int git_command(const struct git_run *run, const char *path, const char *const *arguments,
		struct buf *ret_output, struct error *err)
{
	cleanup_with(buf_release) struct buf output = { 0 };
	cleanup_with(buf_release) struct buf complaint = { 0 };
	struct child child;
	int status = 0;
	int r = start(run, path, arguments, &child, err);

	if (r < 0)
		return r;
	r = listen_to(run, &child, &output, &complaint);
	if (r < 0)
		(void)kill(-child.pid, SIGKILL);
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		continue;
	close(child.out_fd);
	close(child.err_fd);
	if (r == -ECANCELED)
		return error_set(err, r, "cancelled");
	if (r < 0)
		return error_errno(err, r, "cannot listen to git");
	trim(&complaint);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, -EREMOTEIO, "git %s failed: %s", arguments[0],
				 complaint.length ? buf_string(&complaint) : "no reason given");
	if (ret_output)
		buf_append(ret_output, buf_string(&output), output.length);
	return 0;
}
