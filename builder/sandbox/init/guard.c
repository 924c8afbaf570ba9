/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps an eye on the programs that give steps a way out to the network. It lives outside of all
 * namespaces, as they must, and takes them along when the builder ends in whatever way.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/roles.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/wire.h"

#define READY_TIMEOUT_MS 10000
#define MAX_WORDS        4096

struct guard {
	int holder_fd;
	int alive_fds[2]; /* the reading end ends with the guard */
};

struct program {
	unsigned flags;
	char *path;
	struct strings argv;
	int ready_fds[2];
	int output_fd; /* takes MAX_WORDS bytes and refuses more, so it neither blocks nor grows */
};

/* Replace "%r" and "%e", which programs take as words of their own. */
static void fill_in(struct strings *argv, int ready_fd, int end_fd)
{
	for (size_t i = 0; i < argv->count; i++) {
		int fd = strcmp(argv->items[i], "%r") == 0 ? ready_fd : -1;

		if (strcmp(argv->items[i], "%e") == 0)
			fd = end_fd;
		if (fd >= 0) {
			struct buf number = { 0 };

			buf_add_format(&number, "%d", fd);
			free(argv->items[i]);
			argv->items[i] = buf_take(&number);
		}
	}
}

__attribute__((noreturn)) static void execute(const struct guard *guard, struct program *program)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char *const env[] = { path, NULL };
	const unsigned namespace_only = program->flags & GUARD_NAMESPACE;

	(void)setsid();
	if (namespace_only &&
	    (setns(guard->holder_fd, CLONE_NEWUSER) < 0 || syscall(SYS_setgroups, 0, NULL) < 0 ||
	     syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0))
		_exit(126);
	(void)dup2(program->output_fd, STDERR_FILENO);
	fill_in(&program->argv, program->ready_fds[1], guard->alive_fds[0]);
	if (!(program->flags & GUARD_DAEMON)) {
		(void)fd_set_cloexec(program->ready_fds[1], false);
		(void)fd_set_cloexec(guard->alive_fds[0], false);
	}
	execve(program->path, strings_argv(&program->argv), env);
	_exit(127);
}

/* The last line of what it said, for the error. */
static int failed(const struct program *program, struct error *err)
{
	char said[MAX_WORDS + 1] = "";
	const char *line;
	size_t length;

	(void)!pread(program->output_fd, said, MAX_WORDS, 0);
	length = strlen(said);
	while (length && said[length - 1] == '\n')
		said[--length] = '\0';
	line = strrchr(said, '\n');
	return error_set(err, -EIO, "%s failed: %s", program->path,
			 length ? (line ? line + 1 : said) : "it said nothing");
}

/* A daemon is ready when its first process ends well, another when it says so. */
static int wait_until_ready(pid_t pid, int pid_fd, const struct program *program, struct error *err)
{
	const bool daemon = program->flags & GUARD_DAEMON;
	struct pollfd ready = { .fd = daemon ? pid_fd : program->ready_fds[0], .events = POLLIN };
	int status = 0, r = poll(&ready, 1, READY_TIMEOUT_MS);

	if (!daemon && r > 0 && (ready.revents & POLLIN))
		return 0;
	if (r <= 0 || !daemon)
		(void)kill(pid, SIGKILL);
	(void)process_wait(pid, &status);
	if (daemon && status == 0)
		return 0;
	if (r == 0)
		return error_set(err, -ETIMEDOUT, "%s does not become ready", program->path);
	return failed(program, err);
}

static int open_output(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, MAX_WORDS) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int start(const struct guard *guard, struct program *program, struct error *err)
{
	cleanup_fd int pid_fd = -1;
	pid_t pid;
	int r;

	program->output_fd = open_output();
	if (program->output_fd < 0 || pipe2(program->ready_fds, O_CLOEXEC) < 0)
		return error_errno(err, -errno, "cannot start %s", program->path);
	pid = process_fork(0, &pid_fd);
	if (pid < 0)
		return error_errno(err, pid, "cannot start %s", program->path);
	if (pid == 0)
		execute(guard, program);
	close(program->ready_fds[1]);
	r = wait_until_ready(pid, pid_fd, program, err);
	close(program->ready_fds[0]);
	close(program->output_fd);
	return r;
}

static void handle(const struct guard *guard, const struct buf *message, int reply_fd)
{
	struct wire wire = wire_of(message->data, message->length);
	struct program program = { 0 };
	struct error err = { 0 };
	int r = -EPROTO;

	if (wire_u32(&wire) == REQUEST_GUARD) {
		program.flags = wire_u32(&wire);
		program.path = wire_string(&wire);
		wire_strings(&wire, &program.argv);
		if (wire_end(&wire) == 0 && program.path)
			r = start(guard, &program, &err);
	}
	if (r < 0)
		reply_error(reply_fd, r, &err);
	else
		reply_done(reply_fd, 0, NULL, 0);
	free(program.path);
	strings_release(&program.argv);
}

/* All children: programs, and daemons that came to us as their reaper. */
static void kill_children(void)
{
	cleanup_with(buf_release) struct buf list = { 0 };
	char path[48];
	char *at;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if (file_read(AT_FDCWD, path, MAX_WORDS, &list) < 0)
		return;
	for (at = list.data; at && *at;) {
		char *end = strchr(at, ' ');
		uint32_t pid;

		if (end)
			*end = '\0';
		/* They are not reaped before us, so the numbers are still theirs. */
		if (parse_u32(at, &pid) == 0 && pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
		at = end ? end + 1 : NULL;
	}
}

int guard_main(struct wire *greeting, const int *fds)
{
	struct pollfd polled[] = { { .fd = HELPER_SOCKET, .events = POLLIN },
				   { .fd = fds[0], .events = POLLIN } };
	cleanup_with(buf_release) struct buf message = { 0 };
	struct guard guard = { .holder_fd = fds[1] };
	size_t count = 0;
	int reply_fd;

	if (wire_end(greeting) < 0 || pipe2(guard.alive_fds, O_CLOEXEC) < 0)
		return HELPER_REFUSED;
	(void)setsid();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	process_harden();
	reply_done(HELPER_SOCKET, 0, NULL, 0);
	for (;;) {
		if (poll(polled, 2, -1) < 0)
			continue;
		if (polled[1].revents ||
		    channel_receive(HELPER_SOCKET, &message, &reply_fd, 1, &count) <= 0)
			break;
		if (count == 1) {
			handle(&guard, &message, reply_fd);
			close(reply_fd);
		}
	}
	kill_children();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}
