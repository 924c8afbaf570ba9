/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/doctor_store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "builder/sandbox/probe.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "tools/human.h"

#define LITTLE_SPACE  ((uint64_t)2 << 30)
#define LITTLE_INODES 10000

#define CIFS_MAGIC 0xff534d42u
#define SMB2_MAGIC 0xfe534d42u

static const struct {
	unsigned long magic;
	const char *name;
	bool remote; /* other machines see it, and locks may not reach them */
} filesystems[] = {
	{ EXT4_SUPER_MAGIC, "ext4", false },
	{ XFS_SUPER_MAGIC, "xfs", false },
	{ BTRFS_SUPER_MAGIC, "btrfs", false },
	{ F2FS_SUPER_MAGIC, "f2fs", false },
	{ TMPFS_MAGIC, "tmpfs, which is gone after a restart", false },
	{ OVERLAYFS_SUPER_MAGIC, "overlayfs", false },
	{ 0x2fc12fc1, "zfs", false },
	{ FUSE_SUPER_MAGIC, "FUSE", true },
	{ NFS_SUPER_MAGIC, "NFS", true },
	{ CIFS_MAGIC, "CIFS", true },
	{ SMB2_MAGIC, "SMB", true },
	{ CEPH_SUPER_MAGIC, "Ceph", true },
	{ V9FS_MAGIC, "9p", true },
	{ 0x0bd00bd0, "Lustre", true },
	{ 0x47504653, "GPFS", true },
};

/* The directory itself, or the nearest above it that there is. */
static int open_nearest(const char *path)
{
	cleanup_free char *at = xstrdup(path);
	int fd;

	while ((fd = open(*at ? at : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		char *slash = strrchr(at, '/');

		if (errno != ENOENT || !slash)
			return -errno;
		*slash = '\0';
	}
	return fd;
}

static int make_file(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* What a file there can do: reflinks, attributes. */
static void describe_files(int dir_fd, int fd, const char **ret_reflinks, const char **ret_xattrs)
{
	cleanup_fd int other_fd = make_file(dir_fd);

	*ret_reflinks = *ret_xattrs = "no";
	if (other_fd >= 0 && fd_write_all(fd, "x", 1) == 0 && ioctl(other_fd, FICLONE, fd) == 0)
		*ret_reflinks = "yes";
	if (fsetxattr(fd, "user.varve", "x", 1, 0) == 0)
		*ret_xattrs = "yes";
}

static const char *name_of(int dir_fd, bool *ret_remote)
{
	struct statfs facts;

	*ret_remote = false;
	if (fstatfs(dir_fd, &facts) < 0)
		return "an unknown filesystem";
	for (size_t i = 0; i < sizeof filesystems / sizeof *filesystems; i++) {
		if (filesystems[i].magic == ((unsigned long)facts.f_type & 0xffffffff)) {
			*ret_remote = filesystems[i].remote;
			return filesystems[i].name;
		}
	}
	return "another filesystem";
}

static void check_space(int dir_fd, const char *path, struct probe_report *report)
{
	char text[HUMAN_SIZE_MAX];
	struct statvfs facts;
	uint64_t free_bytes;

	if (fstatvfs(dir_fd, &facts) < 0)
		return;
	free_bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
	human_size(free_bytes, text);
	if (free_bytes < LITTLE_SPACE)
		probe_report_add(report, "free space", PROBE_WARN, "varve gc",
				 "only %s where the store '%s' lies", text, path);
	else if (facts.f_files && facts.f_favail < LITTLE_INODES)
		probe_report_add(report, "free space", PROBE_WARN, "varve gc",
				 "%s, but only %llu more files", text,
				 (unsigned long long)facts.f_favail);
	else
		probe_report_add(report, "free space", PROBE_OK, NULL, "%s", text);
}

static void check_files(int dir_fd, const char *path, struct probe_report *report)
{
	cleanup_fd int fd = make_file(dir_fd);
	const char *elsewhere = "put it elsewhere: export VARVE_STORE=/var/tmp/varve-$USER";
	const char *reflinks, *xattrs, *name;
	cleanup_free char *mend = NULL;
	bool remote;

	name = name_of(dir_fd, &remote);
	if (fd == -EACCES || fd == -EPERM) {
		mend = xasprintf("as root: install -d -o %u -g %u '%s'", geteuid(), getegid(),
				 path);
		probe_report_add(report, "store", PROBE_FAIL, mend,
				 "this user may not write at '%s'", path);
		return;
	}
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = fd < 0 ? fd : -errno;

		probe_report_add(report, "store", PROBE_FAIL, elsewhere,
				 "'%s' lies on %s, where no %s can be had: %s", path, name,
				 fd < 0 ? "file without a name" : "lock", error_words(r));
		return;
	}
	describe_files(dir_fd, fd, &reflinks, &xattrs);
	probe_report_add(report, "store", remote ? PROBE_WARN : PROBE_OK, remote ? elsewhere : NULL,
			 "'%s' on %s%s; reflinks: %s, attributes: %s", path, name,
			 remote ? ", which is slow and may lose locks" : "", reflinks, xattrs);
}

void doctor_store(const char *path, struct probe_report *report)
{
	cleanup_fd int dir_fd = open_nearest(path);

	if (dir_fd < 0) {
		probe_report_add(report, "store", PROBE_FAIL,
				 "put it elsewhere: export VARVE_STORE=/var/tmp/varve-$USER",
				 "cannot open '%s': %s", path, error_words(dir_fd));
		return;
	}
	check_files(dir_fd, path, report);
	check_space(dir_fd, path, report);
}
