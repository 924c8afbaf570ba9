/* SPDX-License-Identifier: Apache-2.0 */
/* Mounting and unmounting of FUSE filesystems, each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/sandbox/init/holder.h"
#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/process.h"
#include "builder/sandbox/init/reply.h"
#include "builder/sandbox/init/zygote.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/lockfile.h"
#include "fs/base/path.h"
#include "fs/base/wire.h"

struct fuse_request {
	bool shared;
	char *name, *subtype;
};

static void fuse_request_release(struct fuse_request *request)
{
	free(request->name);
	free(request->subtype);
}
DEFINE_CLEANUP_VALUE(struct fuse_request, fuse_request_release);

static int parse(struct wire *wire, bool with_subtype, struct fuse_request *ret)
{
	ret->shared = wire_u32(wire);
	ret->name = wire_string(wire);
	ret->subtype = with_subtype ? wire_string(wire) : NULL;
	if (wire_end(wire) < 0 || !ret->name || !path_name_valid(ret->name, strlen(ret->name)))
		return -EPROTO;
	return 0;
}

static int open_fuse(const struct zygote *zygote, struct error *err)
{
	char path[32];
	int fd;

	if (zygote->fuse_device_fd < 0)
		return error_errno(err, zygote->fuse_device_fd,
				   "cannot open '/dev/fuse' ('modprobe fuse' as root, or for a "
				   "container '--device /dev/fuse')");
	snprintf(path, sizeof path, "/proc/self/fd/%d", zygote->fuse_device_fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? error_errno(err, -errno,
				    "cannot open '/dev/fuse' ('chmod 666 /dev/fuse' as root)")
		      : fd;
}

/* A mount that nothing is attached to yet; `fuse_fd` was opened in this user namespace. */
static int new_fuse_mount(int fuse_fd, const struct fuse_request *request, struct error *err)
{
	cleanup_free char *source = xasprintf("varve:%s", request->name);
	char number[12];
	const struct mount_option options[] = {
		{ "source", source },
		{ "subtype", request->subtype ? request->subtype : "varve" },
		{ "fd", number },
		{ "rootmode", "40755" },
		{ "user_id", "0" },
		{ "group_id", "0" },
		{ "allow_other", NULL },
		{ "default_permissions", NULL },
		{ NULL, NULL },
	};
	int fd;

	snprintf(number, sizeof number, "%d", fuse_fd);
	fd = mount_new("fuse", options, 0);
	if (fd < 0)
		return error_errno(err, fd, "cannot mount a FUSE filesystem");
	return fd;
}

/* The directory that holds mounts of the kind, locked. */
static int open_parent(const struct zygote *zygote, bool shared, struct error *err)
{
	const char *path = shared ? HOLDER_SHARED : HOLDER_PRIVATE;
	cleanup_fd int fd = -1;
	int r;

	if (shared && setns(zygote->holder_mounts_fd, CLONE_NEWNS) < 0)
		return error_errno(err, -errno, "cannot enter the holder's mount namespace");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open the sandbox's '%s'", path);
	r = lockfile_lock(fd, LOCKFILE_EXCLUSIVE);
	return r < 0 ? error_errno(err, r, "cannot lock '%s'", path) : take_fd(&fd);
}

/* Whether something is mounted on it; asks no server. */
static bool is_mounted(int parent_fd, const char *name)
{
	struct statx facts;

	return statx(parent_fd, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, 0, &facts) == 0 &&
	       (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* 0 and the kernel's end, or 1: there already. */
static int mount_it(const struct zygote *zygote, const struct fuse_request *request,
		    int *ret_fuse_fd, struct error *err)
{
	cleanup_fd int fuse_fd = -1, mount_fd = -1, parent_fd = -1;
	int r;

	fuse_fd = open_fuse(zygote, err);
	if (fuse_fd < 0)
		return fuse_fd;
	r = process_become_root(zygote->all_ids, zygote->pid, err);
	if (r < 0)
		return r;
	parent_fd = open_parent(zygote, request->shared, err);
	if (parent_fd < 0)
		return parent_fd;
	if (mkdirat(parent_fd, request->name, 0755) < 0 && errno != EEXIST)
		return error_errno(err, -errno, "cannot make a mount point");
	if (is_mounted(parent_fd, request->name))
		return request->shared
			       ? 1
			       : error_set(err, -EEXIST, "'%s' is mounted already", request->name);
	mount_fd = new_fuse_mount(fuse_fd, request, err);
	if (mount_fd < 0)
		return mount_fd;
	r = mount_attach_at(mount_fd, parent_fd, request->name);
	if (r < 0)
		return error_errno(err, r, "cannot attach '%s'", request->name);
	*ret_fuse_fd = take_fd(&fuse_fd);
	return 0;
}

int job_mount(const struct zygote *zygote, struct wire *wire, const int *fds, size_t fd_count)
{
	cleanup_with(fuse_request_release) struct fuse_request request = { 0 };
	struct error err = { 0 };
	int fuse_fd = -1, r;

	(void)fd_count;
	r = parse(wire, true, &request);
	if (r == 0)
		r = mount_it(zygote, &request, &fuse_fd, &err);
	if (r < 0)
		reply_error(fds[0], r, &err);
	else
		reply_done(fds[0], (uint32_t)r, &fuse_fd, r == 0);
	return r < 0;
}

static int unmount_it(const struct zygote *zygote, const struct fuse_request *request,
		      struct error *err)
{
	cleanup_fd int parent_fd = -1;
	int r = process_become_root(zygote->all_ids, zygote->pid, err);

	if (r < 0)
		return r;
	parent_fd = open_parent(zygote, request->shared, err);
	if (parent_fd < 0)
		return parent_fd;
	if (fchdir(parent_fd) < 0)
		return error_errno(err, -errno, "cannot unmount '%s'", request->name);
	if (!is_mounted(parent_fd, request->name))
		return error_set(err, -ENOENT, "'%s' is not mounted", request->name);
	if (umount2(request->name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return error_errno(err, -errno, "cannot unmount '%s'", request->name);
	(void)unlinkat(parent_fd, request->name, AT_REMOVEDIR);
	return 0;
}

int job_unmount(const struct zygote *zygote, struct wire *wire, const int *fds, size_t fd_count)
{
	cleanup_with(fuse_request_release) struct fuse_request request = { 0 };
	struct error err = { 0 };
	int r;

	(void)fd_count;
	r = parse(wire, false, &request);
	if (r == 0)
		r = unmount_it(zygote, &request, &err);
	if (r < 0)
		reply_error(fds[0], r, &err);
	else
		reply_done(fds[0], 0, NULL, 0);
	return r < 0;
}
