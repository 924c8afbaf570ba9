/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/base/cleanup.h"

static int configure(int context_fd, const struct mount_option *options)
{
	for (; options && options->key; options++) {
		unsigned command = options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(context_fd, command, options->key, options->value, 0) < 0)
			return -errno;
	}
	return fsconfig(context_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

int mount_new(const char *type, const struct mount_option *options, unsigned attributes)
{
	cleanup_fd int context_fd = fsopen(type, FSOPEN_CLOEXEC);
	int r;

	if (context_fd < 0)
		return -errno;
	/* What mount tables show. */
	if ((!options || !options->key || strcmp(options->key, "source") != 0) &&
	    fsconfig(context_fd, FSCONFIG_SET_STRING, "source", type, 0) < 0)
		return -errno;
	r = configure(context_fd, options);
	if (r < 0)
		return r;
	r = fsmount(context_fd, FSMOUNT_CLOEXEC, attributes);
	return r < 0 ? -errno : r;
}

int mount_clone(int dir_fd, const char *path, bool recursive)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
	int fd = open_tree(dir_fd, path, flags | (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

int mount_restrict(int mount_fd, uint64_t attributes, bool recursive)
{
	struct mount_attr attr = { .attr_set = attributes };
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	return mount_setattr(mount_fd, "", flags, &attr, sizeof attr) < 0 ? -errno : 0;
}

int mount_attach(int mount_fd, int target_fd)
{
	const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

	return move_mount(mount_fd, "", target_fd, "", flags) < 0 ? -errno : 0;
}

int mount_attach_at(int mount_fd, int dir_fd, const char *path)
{
	return move_mount(mount_fd, "", dir_fd, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

int mount_open_path(int dir_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
				.resolve = resolve };
	int fd;

	/* EAGAIN: something was renamed meanwhile, and the kernel does not know whether ".." led out. */
	do {
		fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof how);
	} while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd < 0 ? -errno : fd;
}

int mount_become_root(int mount_fd)
{
	int r = mount_attach_at(mount_fd, AT_FDCWD, "/");

	if (r < 0)
		return r;
	/* The old root ends up on top of the new one, where it can be taken away by ".". */
	if (fchdir(mount_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}
