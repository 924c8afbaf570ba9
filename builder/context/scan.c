/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"

int scan_open(int top_fd, const char *path, int flags, int *ret_fd)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	long fd = syscall(SYS_openat2, top_fd, *path ? path : ".", &how, sizeof how);

	if (fd < 0)
		return -errno;
	*ret_fd = (int)fd;
	return 0;
}

void scan_set_attributes(struct node *node, const struct stat *st)
{
	node->mode = (uint16_t)(st->st_mode & 07777);
	node->mtime = (struct node_time){ st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec };
	node->ctime = node->atime = node->mtime;
	if (node_is_file(node))
		node->size = (uint64_t)st->st_size;
	if (node->type == DIR_ENTRY_BLOCK || node->type == DIR_ENTRY_CHAR)
		node->rdev = (uint64_t)major(st->st_rdev) << 32 | minor(st->st_rdev);
}

static bool wanted(const char *key)
{
	return strncmp(key, "user.", 5) == 0 || strcmp(key, "security.capability") == 0;
}

int scan_xattrs(struct tree *tree, struct node *node, int fd, bool *ret_any, struct error *err)
{
	cleanup_free char *value = NULL;
	char list[XATTR_LIST_MAX];
	ssize_t length = flistxattr(fd, list, sizeof list);

	*ret_any = false;
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(list + at) + 1) {
		ssize_t size;
		int r;

		if (!wanted(list + at))
			continue;
		if (!value)
			value = xmalloc(XATTR_VALUE_MAX);
		size = fgetxattr(fd, list + at, value, XATTR_VALUE_MAX);
		if (size < 0)
			continue; /* gone meanwhile, or not for us to read */
		r = node_set_xattr(tree, node, list + at, value, (size_t)size, err);
		if (r < 0)
			return r;
		*ret_any = true;
	}
	return 0;
}

int scan_symlink(int dir_fd, const char *name, struct node *node)
{
	char target[DIR_SYMLINK_MAX + 1];
	ssize_t length = readlinkat(dir_fd, name, target, sizeof target);

	if (length <= 0)
		return length < 0 ? -errno : -EINVAL;
	if ((size_t)length == sizeof target)
		return -ENAMETOOLONG;
	node_set_target(node, target, (size_t)length);
	return 0;
}
