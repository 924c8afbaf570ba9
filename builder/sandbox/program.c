/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"

#define MAX_WORDS 4096

DEFINE_CLEANUP_VALUE(posix_spawn_file_actions_t, posix_spawn_file_actions_destroy);
DEFINE_CLEANUP_VALUE(posix_spawnattr_t, posix_spawnattr_destroy);

static char *find_in(const char *path, const char *name)
{
	while (path && *path) {
		size_t length = strcspn(path, ":");
		char *candidate = xasprintf("%.*s/%s", (int)length, path, name);

		/* Relative ones would depend on where one stands. */
		if (candidate[0] == '/' && access(candidate, X_OK) == 0)
			return candidate;
		free(candidate);
		path += length;
		path += *path == ':';
	}
	return NULL;
}

char *program_find(const char *name)
{
	char *found = find_in(getenv("PATH"), name); /* NOLINT(concurrency-mt-unsafe) */

	return found ? found : find_in("/usr/bin:/usr/sbin:/usr/local/bin:/bin:/sbin", name);
}

static int spawn(const struct strings *argv, int error_fd, pid_t *ret_pid)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	static char *const env[] = { path, locale, NULL };
	cleanup_with(posix_spawn_file_actions_destroy) posix_spawn_file_actions_t actions;
	cleanup_with(posix_spawnattr_destroy) posix_spawnattr_t attributes;
	sigset_t none, all;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, error_fd, 2);
	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return -posix_spawn(ret_pid, argv->items[0], &actions, &attributes, argv->items, env);
}

int program_run(const struct strings *argv, struct error *err)
{
	cleanup_with(buf_release) struct buf said = { 0 };
	cleanup_fd int read_fd = -1, write_fd = -1;
	const char *name = argv->items[0];
	int fds[2], status, r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(err, -errno, "cannot run '%s'", name);
	read_fd = fds[0];
	write_fd = fds[1];
	r = spawn(argv, write_fd, &pid);
	if (r < 0)
		return error_errno(err, r, "cannot run '%s'", name);
	close(take_fd(&write_fd));
	(void)fd_read_to_end(read_fd, MAX_WORDS, &said);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return error_errno(err, -errno, "cannot wait for '%s'", name);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (said.length)
		buf_truncate(&said, strcspn(said.data, "\n"));
	return error_set(err, -EIO, "%s failed: %s", name,
			 said.length ? said.data : "it said nothing");
}
