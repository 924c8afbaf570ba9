/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox-run --runtime DIR --fs NAME=DIR [OPTIONS] -- COMMAND…: drive sandbox.h from the command
 * line, for tests. The first --fs is the root. Exits as the command did, 128 + signal, or 125 with
 * the sandbox's words on standard error. See the table of options below.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "fs/base/alloc.h"
#include "fs/base/channel.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/path.h"
#include "tests/lib/sandbox_run_options.h"

/* ---- servers ---- */

static char *server_path(void)
{
	char own[4096];
	ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);

	if (length < 0)
		die("cannot find myself");
	own[length] = '\0';
	return xasprintf("%.*s/memory-fuse", (int)(path_base(own) - own), own);
}

static void serve(struct filesystem *filesystem, int fuse_fd, int answer_fd)
{
	cleanup_with(strings_release) struct strings argv = { 0 };
	posix_spawn_file_actions_t actions;
	int r;

	strings_take(&argv, server_path());
	strings_add(&argv, "10");
	strings_add(&argv, filesystem->dir);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fuse_fd, 10);
	if (answer_fd >= 0) {
		posix_spawn_file_actions_adddup2(&actions, answer_fd, 11);
		strings_add(&argv, "--owner");
		strings_add(&argv, "11");
	}
	if (options.dump && filesystem == options.filesystems) {
		strings_add(&argv, "--dump");
		strings_add(&argv, options.dump);
	}
	if (options.hang) {
		strings_add(&argv, "--hang");
		strings_add(&argv, options.hang);
	}
	r = posix_spawn(&filesystem->server, argv.items[0], &actions, NULL, argv.items, environ);
	if (r)
		die("cannot start '%s': %s", argv.items[0], error_words(-r));
	posix_spawn_file_actions_destroy(&actions);
}

static void mount_all(struct sandbox *sandbox)
{
	for (size_t i = 0; i < options.filesystem_count; i++) {
		struct filesystem *filesystem = &options.filesystems[i];
		int fuse_fd = -1, owner[2] = { -1, -1 };
		struct error err = { 0 };
		int r = sandbox_mount(sandbox, filesystem->name, filesystem->shared, "test",
				      &fuse_fd, &err);

		if (r < 0)
			die("%s", err.text);
		if (r == 1)
			continue;
		if (options.owner && channel_pair(owner) < 0)
			die("no channel");
		/* Out of the way of the numbers that the server gets. */
		fuse_fd = fcntl(fuse_fd, F_DUPFD_CLOEXEC, 32);
		serve(filesystem, fuse_fd,
		      owner[1] < 0 ? -1 : fcntl(owner[1], F_DUPFD_CLOEXEC, 32));
		filesystem->owner_fd = owner[0];
		for (int fd = 3; fd < 64; fd++) { /* nobody but the server keeps it */
			char link[64], target[64] = "";
			snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
			if (readlink(link, target, sizeof target - 1) > 0 &&
			    strcmp(target, "/dev/fuse") == 0)
				close(fd);
		}
	}
}

/* ---- steps ---- */

static void pump(int from_fd, int to_fd, int step_fd)
{
	struct pollfd polled[] = { { .fd = from_fd, .events = POLLIN },
				   { .fd = step_fd, .events = POLLIN } };
	char data[65536];

	for (;;) {
		ssize_t n;

		if (poll(polled, 2, -1) < 0)
			continue;
		if (!(polled[0].revents & POLLIN))
			return;
		n = read(from_fd, data, sizeof data);
		if (n <= 0)
			return;
		(void)fd_write_all(to_fd, data, (size_t)n);
	}
}

static void *echo(void *argument)
{
	int listen_fd = *(int *)argument;

	for (;;) {
		cleanup_fd int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		char data[256];
		ssize_t n;

		if (fd < 0)
			return NULL;
		n = read(fd, data, sizeof data);
		if (n > 0)
			(void)fd_write_all(fd, data, (size_t)n);
	}
}

static void *kill_later(void *argument)
{
	struct timespec time = { options.kill_after_ms / 1000,
				 options.kill_after_ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
	step_kill(argument);
	return NULL;
}

static void *cancel_later(void *argument)
{
	struct timespec time = { options.cancel_after_ms / 1000,
				 options.cancel_after_ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
	(void)!write(*(int *)argument, "x", 1);
	return NULL;
}

static int exit_code(const struct step_status *status)
{
	if (options.status)
		fprintf(stderr, "exited=%d code=%d signal=%d wall=%lluus user=%lluus rss=%lluk\n",
			status->exited, status->exit_code, status->signal,
			(unsigned long long)status->wall_ns / 1000,
			(unsigned long long)status->user_ns / 1000,
			(unsigned long long)status->max_rss / 1024);
	return status->exited ? status->exit_code : 128 + status->signal;
}

/* Start, feed, wait. */
static int run_step(struct sandbox *sandbox, struct step_io *io, int pipes[2])
{
	cleanup_with(step_free) struct step *step = NULL;
	struct step_status status = { 0 };
	struct error err = { 0 };
	int listen_fds[16] = { -1 };
	pthread_t thread;
	int r = sandbox_start(sandbox, &options.spec, io, &step, listen_fds, &err);

	close(pipes[1]);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return r == -ECANCELED ? 130 : 125;
	}
	if (options.echo && pthread_create(&thread, NULL, echo, listen_fds) == 0)
		pthread_detach(thread);
	if (options.kill_after_ms && pthread_create(&thread, NULL, kill_later, step) != 0)
		die("no thread");
	pump(pipes[0], STDOUT_FILENO, step_fd(step));
	r = step_wait(step, &status, &err);
	if (options.kill_after_ms)
		pthread_join(thread, NULL);
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r == -ECANCELED ? 130 : r < 0 ? 125 : exit_code(&status);
}

static int run_once(struct sandbox *sandbox)
{
	struct step_owner owners[MAX_FILESYSTEMS];
	struct step_io io = { .owners = owners };
	int pipes[2], cancel[2], code;
	pthread_t thread;

	if (pipe2(pipes, O_CLOEXEC) < 0 || pipe2(cancel, O_CLOEXEC) < 0)
		die("no pipe");
	io.stdout_fd = io.stderr_fd = pipes[1];
	for (size_t i = 0; i < options.filesystem_count; i++) {
		const struct filesystem *filesystem = &options.filesystems[i];

		if (filesystem->owner_fd >= 0)
			owners[io.owner_count++] =
				(struct step_owner){ filesystem->name, filesystem->owner_fd };
	}
	if (options.cancel_after_ms) {
		io.cancel_fd = cancel[0];
		pthread_create(&thread, NULL, cancel_later, &cancel[1]);
	}
	code = run_step(sandbox, &io, pipes);
	if (options.cancel_after_ms)
		pthread_join(thread, NULL);
	close(pipes[0]);
	close(cancel[0]);
	close(cancel[1]);
	return code;
}

static int compare_times(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

static void *run_many(void *argument)
{
	uint64_t *times = xcalloc(options.repeat, sizeof *times);
	intptr_t code = 0;

	for (unsigned i = 0; i < options.repeat && code == 0; i++) {
		uint64_t start = clock_monotonic_ns();

		code = run_once(argument);
		times[i] = clock_monotonic_ns() - start;
	}
	qsort(times, options.repeat, sizeof *times, compare_times);
	if (options.timing)
		fprintf(stderr, "step min %llu median %llu max %llu us\n",
			(unsigned long long)times[0] / 1000,
			(unsigned long long)times[options.repeat / 2] / 1000,
			(unsigned long long)times[options.repeat - 1] / 1000);
	free(times);
	return (void *)code;
}

static int run_parallel(struct sandbox *sandbox)
{
	pthread_t *threads = xcalloc(options.parallel, sizeof *threads);
	int code = 0;

	for (unsigned i = 0; i < options.parallel; i++)
		pthread_create(&threads[i], NULL, run_many, sandbox);
	for (unsigned i = 0; i < options.parallel; i++) {
		void *result;

		pthread_join(threads[i], &result);
		if (result)
			code = (int)(intptr_t)result;
	}
	free(threads);
	return code;
}

static void warn(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "warning: %s\n", text);
}

/* A server ends with its filesystem, whose owner may be another process by now. */
static void wait_for_servers(void)
{
	for (size_t i = 0; i < options.filesystem_count; i++) {
		struct filesystem *filesystem = &options.filesystems[i];

		if (filesystem->owner_fd >= 0)
			close(filesystem->owner_fd);
		if (filesystem->server && !filesystem->shared)
			waitpid(filesystem->server, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	struct sandbox *sandbox = NULL;
	struct error err = { 0 };
	int code;

	options.sandbox.warn = warn;
	read_options(argc, argv);
	options.sandbox.runtime_dir_fd = open(options.runtime, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (options.sandbox.runtime_dir_fd < 0)
		die("cannot open '%s': %s", options.runtime, error_words(-errno));
	if (sandbox_open(&options.sandbox, &sandbox, &err) < 0)
		die("%s", err.text);
	mount_all(sandbox);
	code = run_parallel(sandbox);
	sandbox_close(sandbox);
	if (!options.hang)
		wait_for_servers();
	spec_release(&options.spec);
	close(options.sandbox.runtime_dir_fd);
	return code;
}
