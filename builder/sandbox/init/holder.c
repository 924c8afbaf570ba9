/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builder/sandbox/init/devices.h"
#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/roles.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "fs/base/error.h"
#include "fs/base/lockfile.h"
#include "fs/base/wire.h"

#define BORROWED (DEVICE_COUNT + 2)

/* What the tree is made of, taken before the host's is dropped: devices, then /proc and /sys. */
static int borrow(int *fds, struct error *err)
{
	for (size_t i = 0; i < DEVICE_COUNT; i++) {
		char path[32];

		snprintf(path, sizeof path, "/dev/%s", device_names[i]);
		fds[i] = mount_clone(AT_FDCWD, path, false);
		if (fds[i] < 0 && fds[i] != -ENOENT)
			return error_errno(err, fds[i], "cannot borrow '%s'", path);
	}
	fds[DEVICE_COUNT] = mount_clone(AT_FDCWD, "/proc", true);
	if (fds[DEVICE_COUNT] < 0)
		return error_errno(err, fds[DEVICE_COUNT], "cannot borrow '/proc'");
	fds[DEVICE_COUNT + 1] = mount_clone(AT_FDCWD, "/sys", true);
	if (fds[DEVICE_COUNT + 1] < 0)
		return error_errno(err, fds[DEVICE_COUNT + 1], "cannot borrow '/sys'");
	return 0;
}

static int put_back(const int *fds, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < DEVICE_COUNT && r == 0; i++) {
		char path[32];

		if (fds[i] < 0)
			continue; /* a host without it */
		snprintf(path, sizeof path, HOLDER_DEV "/%s", device_names[i]);
		r = mknod(path, S_IFREG | 0444, 0) < 0 ? -errno : 0;
		if (r == 0)
			r = mount_restrict(fds[i], MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false);
		if (r == 0)
			r = mount_attach_at(fds[i], AT_FDCWD, path);
	}
	if (r == 0)
		r = mount_attach_at(fds[DEVICE_COUNT], AT_FDCWD, "/proc");
	if (r == 0)
		r = mount_attach_at(fds[DEVICE_COUNT + 1], AT_FDCWD, "/sys");
	return r < 0 ? error_errno(err, r, "cannot attach what the host lends") : 0;
}

static int attach_new_tmpfs(const char *path, unsigned attributes)
{
	cleanup_fd int fd = mount_new("tmpfs", NULL, attributes);

	return fd < 0 ? fd : mount_attach_at(fd, AT_FDCWD, path);
}

static int make_directories(struct error *err)
{
	static const char *const names[] = { HOLDER_SHARED, HOLDER_PRIVATE, HOLDER_SCRATCH,
					     HOLDER_EMPTY,  HOLDER_DEV,     "/proc",
					     "/sys" };
	int r = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names && r == 0; i++)
		r = mkdir(names[i], 0755) < 0 ? -errno : 0;
	if (r == 0)
		r = attach_new_tmpfs(HOLDER_SHARED, 0);
	if (r == 0)
		r = attach_new_tmpfs(HOLDER_EMPTY, MOUNT_ATTR_RDONLY);
	return r < 0 ? error_errno(err, r, "cannot lay out the sandbox's tree") : 0;
}

static int build_tree(struct error *err)
{
	int borrowed[BORROWED];
	int r, root_fd;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_errno(err, -errno, "cannot make mounts private");
	r = borrow(borrowed, err);
	if (r < 0)
		return r;
	root_fd = mount_new("tmpfs", NULL, 0);
	if (root_fd < 0)
		return error_errno(
			err, root_fd,
			"cannot mount in the user namespace (does AppArmor restrict user "
			"namespaces? 'varve doctor' says more)");
	r = mount_become_root(root_fd);
	if (r < 0)
		return error_errno(err, r, "cannot leave the host's tree");
	umask(0);
	r = make_directories(err);
	return r < 0 ? r : put_back(borrowed, err);
}

/*
 * The holder keeps the user's own identity, under which it may delete files of the runtime
 * directory. Root's is not mapped when a build runs as root, and nothing can be made in a tmpfs
 * with an unmapped one; so a child builds the tree, and whatever it opened goes with it.
 */
static int build_tree_as_root(bool all_ids, struct error *err)
{
	pid_t self = getpid(), pid = process_fork(0, NULL);
	int status, r;

	if (pid < 0)
		return error_errno(err, pid, "cannot fork");
	if (pid == 0) {
		r = process_become_root(all_ids, self, err);
		if (r == 0)
			r = build_tree(err);
		if (r < 0)
			reply_error(HELPER_SOCKET, r, err);
		_exit(r < 0);
	}
	r = process_wait(pid, &status);
	return r < 0 || status != 0 ? -ECHILD : 0;
}

/* Wait until nobody has the FIFO open for writing, and make sure of it under the lock. */
static void wait_for_the_last(int fifo_fd, int dir_fd, const struct strings *names)
{
	struct pollfd fifo = { .fd = fifo_fd };
	int lock_fd;

	for (;;) {
		if (poll(&fifo, 1, -1) < 0 || !(fifo.revents & (POLLHUP | POLLERR)))
			continue;
		/* Whoever opens a sandbox has the lock while it registers. */
		if (lockfile_open(dir_fd, names->items[1], LOCKFILE_EXCLUSIVE, true, &lock_fd) < 0)
			return; /* the directory has gone: nobody will come */
		if (poll(&fifo, 1, 0) > 0 && (fifo.revents & (POLLHUP | POLLERR)))
			break;
		close(lock_fd);
	}
	(void)unlinkat(dir_fd, names->items[0], 0);
	(void)unlinkat(dir_fd, names->items[2], 0);
	(void)unlinkat(dir_fd, names->items[3], 0);
	/* The lock file stays: were it deleted, two could hold locks of that name. */
}

int holder_main(struct wire *greeting, const int *fds)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	cleanup_with(buf_release) struct buf message = { 0 };
	struct error err = { 0 };
	struct wire wire;
	bool all_ids;

	wire_strings(greeting, &names);
	if (wire_end(greeting) < 0 || names.count != 4)
		return HELPER_REFUSED;
	(void)setsid();
	reply_done(HELPER_SOCKET, 0, NULL, 0);
	/* The builder writes the id maps now; that needs a process it may look into. */
	if (channel_receive(HELPER_SOCKET, &message, NULL, 0, NULL) <= 0)
		return 1;
	wire = wire_of(message.data, message.length);
	all_ids = wire_u32(&wire);
	if (wire_end(&wire) < 0 || build_tree_as_root(all_ids, &err) < 0) {
		if (err.text[0])
			reply_error(HELPER_SOCKET, err.code, &err);
		return 1;
	}
	process_harden();
	reply_done(HELPER_SOCKET, 0, NULL, 0);
	close(HELPER_SOCKET);
	wait_for_the_last(fds[0], fds[1], &names);
	return 0;
}
