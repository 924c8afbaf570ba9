/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builder/sandbox/init/holder.h"
#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/zygote.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/alloc.h"
#include "fs/base/path.h"

#define INSIDE_ONLY (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV)

/* The top of the filesystem `name` in the tree of the present mount namespace. */
static int open_filesystem(const char *parent, const char *name)
{
	cleanup_free char *path = NULL;
	struct statx facts;
	int fd;

	if (!path_name_valid(name, strlen(name)))
		return -EINVAL;
	path = xasprintf("%s/%s", parent, name);
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* The directory alone is what an unmount or a failed mount leaves for a moment. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &facts) == 0 &&
	    (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return fd;
	close(fd);
	return -ENOENT;
}

static int clone_of(int top_fd, const char *source, struct error *err)
{
	cleanup_fd int path_fd = -1;
	int fd;

	while (*source == '/')
		source++;
	if (!*source) {
		fd = mount_clone(top_fd, "", false);
	} else {
		path_fd = mount_open_path(top_fd, source, 0, INSIDE_ONLY);
		if (path_fd < 0)
			return error_errno(err, path_fd, "cannot open '/%s'", source);
		fd = mount_clone(path_fd, "", false);
	}
	return fd < 0 ? error_errno(err, fd, "cannot take a view of '/%s'", source) : fd;
}

/* From the holder's tree, and back in ours. */
static int clone_shared(const struct step *step, const char *name, const char *source,
			struct error *err)
{
	cleanup_fd int top_fd = -1;
	int fd;

	if (setns(step->zygote->holder_mounts_fd, CLONE_NEWNS) < 0)
		return error_errno(err, -errno, "cannot enter the holder's mount namespace");
	top_fd = open_filesystem(HOLDER_SHARED, name);
	fd = top_fd < 0 ? error_set(err, top_fd, "no filesystem '%s' is mounted", name)
			: clone_of(top_fd, source, err);
	if (setns(step->zygote->own_mounts_fd, CLONE_NEWNS) < 0)
		return error_errno(err, -errno, "cannot return to the sandbox's mounts");
	return fd;
}

/* A detached view of `source` in the filesystem, remembered as one to be synced in the end. */
static int take_filesystem(struct step *step, const char *name, const char *source, bool read_only,
			   struct error *err)
{
	cleanup_fd int top_fd = open_filesystem(HOLDER_PRIVATE, name), fd = -1;
	struct statx facts;
	int r;

	if (top_fd < 0 && top_fd != -ENOENT)
		return error_errno(err, top_fd, "cannot use the filesystem '%s'", name);
	fd = top_fd < 0 ? clone_shared(step, name, source, err) : clone_of(top_fd, source, err);
	if (fd < 0)
		return error_prefix(err, fd, "filesystem '%s'", name);
	r = read_only ? mount_restrict(fd, MOUNT_ATTR_RDONLY, false) : 0;
	if (r == 0 && statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &facts) < 0)
		r = -errno;
	if (r < 0)
		return error_errno(err, r, "cannot use the filesystem '%s'", name);
	step->filesystems[step->filesystem_count++] = (struct step_filesystem){
		.name = name,
		.mount_fd = fd,
		.device = makedev(facts.stx_dev_major, facts.stx_dev_minor),
		.read_only = read_only,
	};
	return take_fd(&fd);
}

static int take_devices(struct step *step, struct error *err)
{
	for (size_t i = 0; i < DEVICE_COUNT; i++) {
		char path[32];

		snprintf(path, sizeof path, HOLDER_DEV "/%s", device_names[i]);
		step->device_fds[i] = mount_clone(AT_FDCWD, path, false);
		if (step->device_fds[i] < 0 && step->device_fds[i] != -ENOENT)
			return error_errno(err, step->device_fds[i], "cannot take '%s'", path);
	}
	if (step->device_fds[DEVICE_NULL] < 0)
		return error_set(err, -ENOENT, "the host has no /dev/null");
	return 0;
}

int sources_take(struct step *step, struct error *err)
{
	const struct spec *spec = &step->spec;
	int r = take_devices(step, err);

	if (r < 0)
		return r;
	step->host_proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (step->host_proc_fd < 0)
		return error_errno(err, -errno, "cannot open '/proc'");
	if (step->flags & START_HOST_PROC) {
		step->proc_fd = mount_clone(AT_FDCWD, "/proc", true);
		if (step->proc_fd < 0)
			return error_errno(err, step->proc_fd, "cannot take '/proc'");
	}
	step->empty_fd = mount_clone(AT_FDCWD, HOLDER_EMPTY, false);
	if (step->empty_fd < 0)
		return error_errno(err, step->empty_fd, "cannot take the empty directory");
	step->root_fd = take_filesystem(step, spec->root, "/", spec->root_read_only, err);
	if (step->root_fd < 0)
		return step->root_fd;
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		if (mount->type != SPEC_MOUNT_FUSE)
			continue;
		step->mount_fds[i] = take_filesystem(step, mount->filesystem, mount->source,
						     mount->read_only, err);
		if (step->mount_fds[i] < 0)
			return error_prefix(err, step->mount_fds[i], "mount '%s'", mount->target);
	}
	return 0;
}

static int make_tmpfs(const struct step *step, const struct spec_mount *mount, struct error *err)
{
	unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char size[24], mode[8], uid[12], gid[12];
	struct mount_option options[5] = { { "mode", mode }, { "uid", uid }, { "gid", gid } };
	int fd;

	snprintf(mode, sizeof mode, "%04o", mount->mode & 07777);
	/* Where only root is mapped that is written down, see record_owner(). */
	snprintf(uid, sizeof uid, "%u", step->flags & START_ALL_IDS ? mount->uid : 0);
	snprintf(gid, sizeof gid, "%u", step->flags & START_ALL_IDS ? mount->gid : 0);
	if (mount->tmpfs_size) {
		snprintf(size, sizeof size, "%" PRIu64, mount->tmpfs_size);
		options[3] = (struct mount_option){ "size", size };
	}
	if (mount->read_only)
		attributes |= MOUNT_ATTR_RDONLY;
	fd = mount_new("tmpfs", options, attributes);
	return fd < 0 ? error_errno(err, fd, "cannot mount a tmpfs for '%s'", mount->target) : fd;
}

/* What is in memory belongs to root where nobody else is mapped: write down whose it is meant. */
static void record_owner(struct step *step, size_t index)
{
	const struct spec_mount *mount = &step->spec.mounts[index];
	struct stat facts;

	if (step->owners && mount->type != SPEC_MOUNT_FUSE &&
	    fstat(step->mount_fds[index], &facts) == 0)
		step_set_owner(step, facts.st_dev, facts.st_ino, mount->uid, mount->gid);
}

static int make_mount(struct step *step, int scratch_fd, size_t index, struct error *err)
{
	const struct spec_mount *mount = &step->spec.mounts[index];
	char name[24];

	snprintf(name, sizeof name, "%zu", index);
	switch (mount->type) {
	case SPEC_MOUNT_TMPFS:
		return make_tmpfs(step, mount, err);
	case SPEC_MOUNT_FILE:
		return scratch_file(step, scratch_fd, name, mount, err);
	case SPEC_MOUNT_SOCKET:
		return scratch_socket(step, scratch_fd, name, mount,
				      &step->listen_fds[step->listen_count++], err);
	case SPEC_MOUNT_FUSE:
		break;
	}
	return step->mount_fds[index];
}

/* One of the files that every step finds in /etc. */
static int make_text(const struct step *step, int scratch_fd, const char *name, const char *text,
		     struct error *err)
{
	char target[32];
	struct spec_mount file = { .target = target, .mode = 0644 };
	int fd;

	snprintf(target, sizeof target, "/etc/%s", name);
	buf_add_string(&file.bytes, text);
	fd = scratch_file(step, scratch_fd, name, &file, err);
	buf_release(&file.bytes);
	return fd;
}

static int make_texts(struct step *step, int scratch_fd, struct error *err)
{
	cleanup_free char *hostname = xasprintf("%s\n", step->spec.hostname);

	step->hostname_fd = make_text(step, scratch_fd, "hostname", hostname, err);
	if (step->hostname_fd < 0)
		return step->hostname_fd;
	step->hosts_fd = make_text(step, scratch_fd, "hosts", step->hosts, err);
	if (step->hosts_fd < 0)
		return step->hosts_fd;
	if (step->resolv_conf) {
		step->resolv_fd =
			make_text(step, scratch_fd, "resolv.conf", step->resolv_conf, err);
		if (step->resolv_fd < 0)
			return step->resolv_fd;
	}
	return 0;
}

/* Unless it is the holder's: there is one, and it is not covered, so the kernel allows another. */
static int make_proc(struct step *step, struct error *err)
{
	if (step->proc_fd < 0)
		step->proc_fd = mount_new("proc", NULL,
					  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return step->proc_fd < 0 ? error_errno(err, step->proc_fd, "cannot mount '/proc'") : 0;
}

/* A fresh one shows the step's own network, but only whose namespace is ours may mount it. */
static int make_sys(struct step *step, struct error *err)
{
	uint64_t attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	int r = 0;

	if (!step->spec.insecure)
		attributes |= MOUNT_ATTR_RDONLY;
	if (step->flags & (START_NETWORK | START_NETWORK_NEW))
		step->sys_fd = mount_new("sysfs", NULL, (unsigned)attributes);
	if (step->sys_fd < 0) {
		step->sys_fd = mount_clone(AT_FDCWD, "/sys", true);
		if (step->sys_fd >= 0)
			r = mount_restrict(step->sys_fd, attributes | MOUNT_ATTR_RDONLY, true);
	}
	if (step->sys_fd < 0 || r < 0)
		return error_errno(err, r < 0 ? r : step->sys_fd, "cannot mount '/sys'");
	return 0;
}

int sources_make(struct step *step, struct error *err)
{
	cleanup_fd int scratch_fd = scratch_open(err);
	int r;

	if (scratch_fd < 0)
		return scratch_fd;
	r = make_texts(step, scratch_fd, err);
	if (r == 0)
		r = make_sys(step, err);
	if (r == 0)
		r = make_proc(step, err);
	for (size_t i = 0; i < step->spec.mount_count && r == 0; i++) {
		step->mount_fds[i] = make_mount(step, scratch_fd, i, err);
		if (step->mount_fds[i] < 0)
			r = step->mount_fds[i];
		else
			record_owner(step, i);
	}
	return r;
}
