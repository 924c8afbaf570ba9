/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builder/sandbox/protocol.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/base/wire.h"

#ifndef MFD_EXEC
#	define MFD_EXEC 0x0010U
#endif

#define STACK_SIZE ((size_t)64 << 10)
/* Above what the helper is given, so that putting one in place does not close another. */
#define OUT_OF_THE_WAY 16

extern const char helper_image_start[], helper_image_end[];

static pthread_mutex_t image_lock = PTHREAD_MUTEX_INITIALIZER;
static int image_fd = -1; /* guarded by image_lock until it is set; then it stays */

static int make_image(struct error *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	cleanup_fd int fd = memfd_create("varve-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	cleanup_fd int read_only = -1;
	char path[32];
	int r;

	if (fd < 0 && errno == EINVAL) /* Linux before 6.3: always executable */
		fd = memfd_create("varve-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES)
		return error_set(err, -EACCES,
				 "executable memory files are forbidden here: "
				 "sysctl vm.memfd_noexec=1");
	if (fd < 0)
		return error_errno(err, -errno, "cannot make a memory file");
	r = fd_write_all(fd, helper_image_start, (size_t)(helper_image_end - helper_image_start));
	if (r < 0)
		return error_errno(err, r, "cannot write the helper");
	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return error_errno(err, -errno, "cannot seal the helper");
	/* A file that is open for writing cannot be executed, sealed or not. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	if (read_only < 0)
		return error_errno(err, -errno, "cannot open the helper%s",
				   errno == ENOENT ? " (is /proc mounted?)" : "");
	return fcntl(read_only, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
}

static int image(struct error *err)
{
	int fd;

	pthread_mutex_lock(&image_lock);
	if (image_fd < 0)
		image_fd = make_image(err);
	fd = image_fd;
	pthread_mutex_unlock(&image_lock);
	return fd;
}

/* What the child needs, on the parent's stack: it has no memory of its own until it executes. */
struct start {
	unsigned flags;
	int image_fd, socket_fd, null_fd;
	char *stack; /* two of them */
	pid_t pid;   /* set by the child when another process in between makes the helper */
	int error;
};

/*
 * The thread sanitizer takes every clone() for a fork: the child would switch off its view of the
 * memory that it shares with us. This is the same function by a name that it leaves alone.
 */
#if defined(__SANITIZE_THREAD__)
#	define UNSEEN_CLONE
#elif defined(__has_feature)
#	if __has_feature(thread_sanitizer)
#		define UNSEEN_CLONE
#	endif
#endif
#ifdef UNSEEN_CLONE
int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...); /* NOLINT */
#	define clone __clone
#endif

#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread")))

/* The thread sanitizer's _exit() would take stock of our threads before. */
__attribute__((noreturn)) IN_CHILD static void end_child(long status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

/* Keep the capabilities of a new user namespace over execve() while it has no root yet. */
IN_CHILD static void keep_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return;
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (data[cap / 32].permitted & (1u << (cap % 32)))
			(void)syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0L, 0L);
	}
}

IN_CHILD static int execute(void *argument)
{
	static char name[] = "varve-init";
	static char *const argv[] = { name, NULL };
	static char *const envp[] = { NULL };
	struct start *start = argument;

	if (start->flags & HELPER_NEW_NAMESPACES)
		keep_capabilities();
	for (int i = 0; i < 3; i++) {
		if (syscall(SYS_dup3, start->null_fd, i, 0) < 0)
			goto fail;
	}
	if (syscall(SYS_dup3, start->socket_fd, HELPER_SOCKET, 0) < 0)
		goto fail;
	/* Everything of ours is close-on-exec; this is for what other code opened carelessly. */
	(void)syscall(SYS_close_range, HELPER_SOCKET + 1, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
	syscall(SYS_execveat, start->image_fd, "", argv, envp, AT_EMPTY_PATH);
fail:
	start->error = errno;
	end_child(127);
}

static int clone_flags(const struct start *start)
{
	int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;

	return start->flags & HELPER_NEW_NAMESPACES ? flags | CLONE_NEWUSER | CLONE_NEWNS : flags;
}

/* Be the parent that ends at once, so that the helper is nobody's child. */
IN_CHILD static int start_orphan(void *argument)
{
	struct start *start = argument;

	start->pid = clone(execute, start->stack + STACK_SIZE, clone_flags(start), start);
	if (start->pid < 0)
		start->error = errno;
	end_child(0);
}

static pid_t run_child(struct start *start)
{
	sigset_t all, before;
	pid_t pid;

	/* The child shares our memory: no handler of ours may run in it. It unblocks them itself
	 * when it has a program of its own. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (start->flags & HELPER_DETACHED)
		pid = clone(start_orphan, start->stack + 2 * STACK_SIZE,
			    CLONE_VM | CLONE_VFORK | SIGCHLD, start);
	else
		pid = clone(execute, start->stack + STACK_SIZE, clone_flags(start), start);
	if (pid < 0)
		start->error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int start_error(int error, unsigned flags, struct error *err)
{
	if (!(flags & HELPER_NEW_NAMESPACES))
		return error_errno(err, -error, "cannot start the helper");
	if (error == ENOSPC || error == EUSERS)
		return error_errno(err, -error,
				   "no user namespace is left: "
				   "sysctl user.max_user_namespaces=15000");
	if (error == EPERM)
		return error_errno(err, -error,
				   "user namespaces are not allowed here; 'varve doctor' says why");
	return error_errno(err, -error, "cannot make a user namespace");
}

static int run(struct start *start, pid_t *ret_pid, struct error *err)
{
	bool waiting;
	pid_t pid;

	start->stack = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (start->stack == MAP_FAILED)
		return error_errno(err, -errno, "cannot start the helper");
	pid = run_child(start);
	munmap(start->stack, 2 * STACK_SIZE);
	waiting = pid > 0 && (start->error || (start->flags & HELPER_DETACHED));
	while (waiting && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (start->error)
		return start_error(start->error, start->flags, err);
	*ret_pid = start->flags & HELPER_DETACHED ? start->pid : pid;
	return 0;
}

int helper_start(unsigned flags, pid_t *ret_pid, int *ret_socket_fd, struct error *err)
{
	cleanup_fd int ours = -1, theirs = -1, moved = -1, null_fd = -1, null_moved = -1;
	struct start start = { .flags = flags };
	int ends[2], r;

	start.image_fd = image(err);
	if (start.image_fd < 0)
		return start.image_fd;
	r = channel_pair(ends);
	if (r < 0)
		return error_errno(err, r, "cannot start the helper");
	ours = ends[0];
	theirs = ends[1];
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	moved = fcntl(theirs, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
	null_moved = fcntl(null_fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
	if (null_fd < 0 || moved < 0 || null_moved < 0)
		return error_errno(err, -errno, "cannot start the helper");
	start.socket_fd = moved;
	start.null_fd = null_moved;
	r = run(&start, ret_pid, err);
	if (r == 0)
		*ret_socket_fd = take_fd(&ours);
	return r;
}

int helper_greet(int socket_fd, uint32_t role, const struct buf *body, const int *fds,
		 size_t fd_count)
{
	cleanup_with(buf_release) struct buf message = { 0 };

	wire_put_u64(&message, HELPER_GREETING);
	wire_put_u32(&message, role);
	if (body)
		buf_append(&message, body->data, body->length);
	return channel_send(socket_fd, message.data, message.length, fds, fd_count);
}

int helper_answer(int socket_fd, uint32_t *ret_reply, struct buf *body, int *ret_fds,
		  size_t max_fds, size_t *ret_fd_count)
{
	struct wire wire;
	int r = channel_receive(socket_fd, body, ret_fds, max_fds, ret_fd_count);

	if (r <= 0)
		return r < 0 ? r : -EPIPE;
	wire = wire_of(body->data, body->length);
	*ret_reply = wire_u32(&wire);
	if (wire.bad)
		return -EPROTO;
	memmove(body->data, body->data + 4, body->length - 4);
	buf_truncate(body, body->length - 4);
	return 0;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

int helper_done(int socket_fd, uint32_t *ret_value, int *ret_fds, size_t max_fds,
		size_t *ret_fd_count, struct error *err)
{
	cleanup_with(buf_release) struct buf body = { 0 };
	cleanup_free char *text = NULL;
	uint32_t reply, value;
	size_t fd_count = 0;
	struct wire wire;
	int r = helper_answer(socket_fd, &reply, &body, ret_fds, max_fds, &fd_count);

	if (r < 0)
		return error_errno(err, r, "the sandbox's helper ended");
	wire = wire_of(body.data, body.length);
	value = wire_u32(&wire);
	if (reply == REPLY_ERROR)
		text = wire_string(&wire);
	if (wire_end(&wire) == 0 && reply == REPLY_DONE) {
		if (ret_value)
			*ret_value = value;
		if (ret_fd_count)
			*ret_fd_count = fd_count;
		return 0;
	}
	close_all(ret_fds, fd_count);
	if (reply != REPLY_ERROR || !text || value == 0 || value > 4095)
		return error_set(err, -EPROTO, "the sandbox's helper answered nonsense");
	return error_set(err, -(int)value, "%s", text);
}
