/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/step.h"
#include "fs/base/alloc.h"
#include "fs/base/path.h"

#define INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

/*
 * The longest beginning of `path` that is there, and in *ret_rest the names behind it: a
 * descriptor.
 */
static int open_beginning(int root_fd, const char *path, const char **ret_rest)
{
	const char *rest = path, *name, *end = path;
	int fd = mount_open_path(root_fd, "/", O_DIRECTORY, INSIDE);
	size_t length;

	while (fd >= 0 && path_next(&rest, &name, &length)) {
		cleanup_free char *beginning = xstrndup(path, (size_t)(name + length - path));
		int next = mount_open_path(root_fd, beginning, 0, INSIDE);

		if (next == -ENOENT)
			break;
		close(fd);
		fd = next;
		end = name + length;
	}
	*ret_rest = end;
	return fd;
}

/* Memory that was mounted for the step; its filesystems are FUSE or that, and no links of them
 * lead out of sight. What of /sys is memory is the host's, and read-only. */
static bool is_own_memory(int fd)
{
	struct statfs facts;

	return fstatfs(fd, &facts) == 0 && facts.f_type == TMPFS_MAGIC;
}

static int make_one(int dir_fd, const char *name, bool directory)
{
	cleanup_fd int file_fd = -1;

	if (directory)
		return mkdirat(dir_fd, name, 0755) < 0 ? -errno : 0;
	file_fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return file_fd < 0 ? -errno : 0;
}

/* Make the names of `rest` one below the other: the last one's descriptor. Takes over `fd`. */
static int make_rest(int fd, const char *rest, bool directory)
{
	const char *name;
	size_t length;

	while (fd >= 0 && path_next(&rest, &name, &length)) {
		cleanup_free char *copy = xstrndup(name, length);
		cleanup_fd int dir_fd = fd;
		int r = make_one(dir_fd, copy, directory || rest[strspn(rest, "/")] != '\0');

		fd = r < 0 ? r
			   : mount_open_path(dir_fd, copy, O_NOFOLLOW,
					     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	}
	return fd;
}

int target_open(const struct step *step, const char *path, bool directory, struct error *err)
{
	const char *rest;
	int fd = open_beginning(step->root_fd, path, &rest);

	if (fd >= 0 && rest[strspn(rest, "/")]) {
		if (!is_own_memory(fd)) {
			close(fd);
			return error_set(err, -ENOENT,
					 "mount target '%s' does not exist in the root filesystem",
					 path);
		}
		fd = make_rest(fd, rest, directory);
	}
	return fd < 0 ? error_errno(err, fd, "cannot use mount target '%s'", path) : fd;
}
