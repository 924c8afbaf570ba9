/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "builder/sandbox/init/holder.h"
#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/roles.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/ids/credentials.h"

typedef int job_fn(const struct zygote *zygote, struct wire *request, const int *fds,
		   size_t fd_count);

static job_fn *const jobs[] = {
	[REQUEST_MOUNT] = job_mount,
	[REQUEST_UNMOUNT] = job_unmount,
	[REQUEST_NETWORK] = job_network,
	[REQUEST_START] = job_step,
};

/*
 * Mount points of our own, too: who removes a directory removes what others have mounted on it, in
 * whatever namespace. All sandboxes have the holder's tree, and filesystems of the same names.
 */
static int make_private(struct error *err)
{
	/* Our own user need not be mapped; root is. */
	static const struct mount_option options[] = {
		{ "uid", "0" }, { "gid", "0" }, { "mode", "0755" }, { NULL, NULL }
	};
	cleanup_fd int fd = mount_new("tmpfs", options, 0);
	int r = fd < 0 ? fd : mount_attach_at(fd, AT_FDCWD, HOLDER_PRIVATE);

	return r < 0 ? error_errno(err, r, "cannot lay out the sandbox's tree") : 0;
}

/* Enter the holder's namespaces, then have mounts of our own that begin as its are. */
static int join(struct zygote *zygote, int holder_fd, struct error *err)
{
	int r;

	if (setns(holder_fd, CLONE_NEWUSER) < 0)
		return error_errno(err, -errno, "cannot enter the holder's user namespace");
	/* In that user namespace, which FUSE insists on, but still in the host's tree. */
	zygote->fuse_device_fd = open("/dev/fuse", O_PATH | O_CLOEXEC);
	if (zygote->fuse_device_fd < 0)
		zygote->fuse_device_fd = -errno;
	if (setns(holder_fd, CLONE_NEWNS) < 0)
		return error_errno(err, -errno, "cannot enter the holder's mount namespace");
	zygote->holder_mounts_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, -errno, "cannot make a mount namespace");
	/* Copies of what others share would keep it mounted after they have let go of it. */
	if (umount2(HOLDER_SHARED, MNT_DETACH) < 0)
		return error_errno(err, -errno, "cannot leave shared filesystems");
	r = make_private(err);
	if (r < 0)
		return r;
	zygote->own_mounts_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (zygote->holder_mounts_fd < 0 || zygote->own_mounts_fd < 0)
		return error_errno(err, -errno, "cannot open '/proc/self/ns/mnt'");
	return 0;
}

/* Whether a procfs can be mounted: not where the host's is covered in part, as in containers. */
static bool can_mount_proc(const struct zygote *zygote)
{
	pid_t pid = process_fork(CLONE_NEWPID | CLONE_NEWNS, NULL);
	int status = 1;

	if (pid == 0)
		_exit(mount_new("proc", NULL, 0) < 0);
	return zygote && pid > 0 && process_wait(pid, &status) == 0 && status == 0;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static void handle(const struct zygote *zygote, const struct buf *message, const int *fds,
		   size_t fd_count)
{
	struct wire wire = wire_of(message->data, message->length);
	uint32_t type = wire_u32(&wire);
	pid_t pid;

	if (wire.bad || fd_count == 0 || type >= sizeof jobs / sizeof *jobs || !jobs[type]) {
		close_all(fds, fd_count);
		return;
	}
	pid = process_fork(0, NULL);
	if (pid == 0) {
		close(HELPER_SOCKET);
		_exit(jobs[type](zygote, &wire, fds, fd_count));
	}
	if (pid < 0)
		reply_error(fds[0], pid, NULL);
	close_all(fds, fd_count);
}

/* Until the builder closes its end or is gone: everything forked here dies with us. */
static void serve(const struct zygote *zygote, int builder_fd)
{
	struct pollfd polled[] = { { .fd = HELPER_SOCKET, .events = POLLIN },
				   { .fd = builder_fd, .events = POLLIN } };
	cleanup_with(buf_release) struct buf message = { 0 };
	int fds[CHANNEL_MAX_FDS];
	size_t fd_count = 0;

	for (;;) {
		if (poll(polled, 2, -1) < 0)
			continue;
		if (polled[1].revents)
			return;
		if (channel_receive(HELPER_SOCKET, &message, fds, CHANNEL_MAX_FDS, &fd_count) <= 0)
			return;
		handle(zygote, &message, fds, fd_count);
		fd_count = 0;
	}
}

int zygote_main(struct wire *greeting, const int *fds, int credentials_fd)
{
	struct zygote zygote = { .pid = getpid(), .all_ids = wire_u32(greeting) };
	struct error err = { 0 };
	uint32_t flags;
	int r;

	if (wire_end(greeting) < 0)
		return HELPER_REFUSED;
	(void)setsid();
	r = join(&zygote, fds[0], &err);
	if (r == 0 && !zygote.all_ids) {
		r = credential_table_open(credentials_fd, true, &zygote.credentials);
		close(credentials_fd);
		if (r < 0)
			error_errno(&err, r, "cannot use the table of credentials");
	}
	if (r < 0) {
		reply_error(HELPER_SOCKET, err.code, &err);
		return 1;
	}
	close(fds[0]);
	process_harden();
	/* The user's keys are found through the session keyring, which is inherited. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	flags = can_mount_proc(&zygote) ? 0 : ZYGOTE_HOST_PROC;
	/* What is left when a supervisor is killed comes here, and is reaped unseen. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)signal(SIGCHLD, SIG_IGN);
	reply_done(HELPER_SOCKET, flags, NULL, 0);
	serve(&zygote, fds[1]);
	return 0;
}
