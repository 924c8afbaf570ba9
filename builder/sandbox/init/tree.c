/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/target.h"
#include "fs/base/alloc.h"
#include "fs/base/path.h"

static int open_own(int root_fd, const char *name, struct error *err)
{
	int fd = mount_open_path(root_fd, name, O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	/* A link could lead what we mount to another place than where it is looked for. */
	if (fd == -ELOOP)
		return error_set(err, -ELOOP,
				 "'/%s' of the root filesystem is a symbolic link, "
				 "it must be a directory",
				 name);
	if (fd < 0)
		return error_errno(err, fd, "cannot use '/%s' of the root filesystem", name);
	return fd;
}

/*
 * Of two look-ups of a name that the kernel does not know yet, Linux 6.16 and later may let the second
 * throw away what the first has found: nothing can be mounted there, but on what is found next.
 */
#define ATTEMPTS 8

int tree_attach_own(int mount_fd, int root_fd, const char *name, struct error *err)
{
	int r = -ENOENT;

	for (int i = 0; i < ATTEMPTS && r == -ENOENT; i++) {
		cleanup_fd int target_fd = open_own(root_fd, name, err);

		if (target_fd < 0)
			return target_fd;
		r = mount_attach(mount_fd, target_fd);
	}
	return r < 0 ? error_errno(err, r, "cannot mount '/%s'", name) : 0;
}

/*
 * Files that a step finds in /etc whatever the image has there. The owner of the root filesystem
 * sees to it that there is something to cover; where there is not, a step does without.
 */
static void attach_text(int mount_fd, int root_fd, const char *path)
{
	cleanup_fd int target_fd = -1;

	if (mount_fd < 0)
		return;
	target_fd = mount_open_path(root_fd, path, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	if (target_fd >= 0)
		(void)mount_attach(mount_fd, target_fd);
}

/* Where the target really is, links followed: "/…" as the step sees it. */
static char *real_path(const struct step *step, int fd)
{
	char link[32], path[4096];
	ssize_t length;

	snprintf(link, sizeof link, "self/fd/%d", fd);
	length = readlinkat(step->host_proc_fd, link, path, sizeof path);
	return length > 0 ? xstrndup(path, (size_t)length) : NULL;
}

static bool is_directory(int fd)
{
	struct stat facts;

	return fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static int attach_mount_once(const struct step *step, size_t index, struct error *err)
{
	const char *target = step->spec.mounts[index].target;
	cleanup_fd int target_fd =
		target_open(step, target, is_directory(step->mount_fds[index]), err);
	cleanup_free char *path = NULL;
	int r;

	if (target_fd < 0)
		return target_fd;
	path = real_path(step, target_fd);
	if (!path || strcmp(path, "/") == 0)
		return error_set(err, -EINVAL, "mount target '%s' is the root", target);
	/* Programs trust these to be the kernel's. */
	if (path_is_below(path, "/proc") || path_is_below(path, "/sys"))
		return error_set(err, -EINVAL,
				 "mount target '%s' lies in %.5s, which is the kernel's", target,
				 path);
	r = mount_attach(step->mount_fds[index], target_fd);
	if (r == -EINVAL || r == -ENOTDIR)
		return error_set(err, -ENOTDIR,
				 "mount target '%s': of it and what is mounted there "
				 "one is a directory and one a file",
				 target);
	return r < 0 ? error_errno(err, r, "cannot mount on '%s'", target) : 0;
}

static int attach_mount(const struct step *step, size_t index, struct error *err)
{
	int r = attach_mount_once(step, index, err);

	for (int i = 1; i < ATTEMPTS && r == -ENOENT; i++)
		r = attach_mount_once(step, index, err);
	return r;
}

/* The directory to begin in may lie where a mount now hides it. */
static void make_cwd(const struct step *step)
{
	int fd = step->spec.cwd ? target_open(step, step->spec.cwd, true, NULL) : -ENOENT;

	/* Else the command will not start, and say why. */
	if (fd >= 0)
		close(fd);
}

int tree_assemble(struct step *step, struct error *err)
{
	int r = mount_become_root(step->root_fd);
	if (r < 0)
		return error_errno(err, r, "cannot make the filesystem '%s' the root",
				   step->spec.root);
	r = devices_assemble(step, err);
	if (r == 0)
		r = tree_attach_own(step->sys_fd, step->root_fd, "sys", err);
	if (r < 0)
		return r;
	attach_text(step->hosts_fd, step->root_fd, "etc/hosts");
	attach_text(step->resolv_fd, step->root_fd, "etc/resolv.conf");
	attach_text(step->hostname_fd, step->root_fd, "etc/hostname");
	umask(022); /* for targets that are made */
	for (size_t i = 0; i < step->spec.mount_count && r == 0; i++)
		r = attach_mount(step, i, err);
	if (r == 0)
		make_cwd(step);
	return r;
}
