/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "builder/sandbox/init/holder.h"
#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/sources.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/protocol.h"
#include "fs/base/fd.h"

int scratch_open(struct error *err)
{
	static const struct mount_option options[] = { { "mode", "0700" }, { NULL, NULL } };
	cleanup_fd int mount_fd = mount_new("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	int r = mount_fd < 0 ? mount_fd : mount_attach_at(mount_fd, AT_FDCWD, HOLDER_SCRATCH);
	int fd;

	if (r < 0)
		return error_errno(err, r, "cannot mount a tmpfs for the step's files");
	/* Opened and not the mount itself: views of single files can be taken only of what is
	 * attached, on kernels before 6.15. */
	fd = open(HOLDER_SCRATCH, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? error_errno(err, -errno, "cannot open the step's files") : fd;
}

/* Give it away as the spec says. Where only root is mapped that is written down by the caller. */
static int set_owner(const struct step *step, int dir_fd, const char *name,
		     const struct spec_mount *mount, struct error *err)
{
	if (fchmodat(dir_fd, name, mount->mode & 07777, 0) < 0)
		return error_errno(err, -errno, "cannot set the mode of '%s'", mount->target);
	if (fchownat(dir_fd, name, mount->uid, mount->gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    (step->flags & START_ALL_IDS))
		return error_errno(err, -errno, "cannot give '%s' to %u:%u", mount->target,
				   mount->uid, mount->gid);
	return 0;
}

int scratch_file(const struct step *step, int scratch_fd, const char *name,
		 const struct spec_mount *file, struct error *err)
{
	uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	cleanup_fd int fd = openat(scratch_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	cleanup_fd int mount_fd = -1;
	int r = fd < 0 ? -errno : fd_write_all(fd, file->bytes.data, file->bytes.length);

	if (r < 0)
		return error_errno(err, r, "cannot write '%s'", file->target);
	r = set_owner(step, scratch_fd, name, file, err);
	if (r < 0)
		return r;
	mount_fd = mount_clone(scratch_fd, name, false);
	if (!(file->mode & 0111))
		attributes |= MOUNT_ATTR_NOEXEC;
	r = mount_fd < 0 ? mount_fd : mount_restrict(mount_fd, attributes, false);
	if (r < 0)
		return error_errno(err, r, "cannot make a mount of '%s'", file->target);
	return take_fd(&mount_fd);
}

int scratch_socket(const struct step *step, int scratch_fd, const char *name,
		   const struct spec_mount *mount, int *ret_listen_fd, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int mount_fd, r;

	/* A name below the working directory: the address shows nothing of the tree it lies in. */
	snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
	if (fd < 0 || fchdir(scratch_fd) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
		return error_errno(err, -errno, "cannot make the socket '%s'", mount->target);
	r = set_owner(step, scratch_fd, name, mount, err);
	if (r < 0)
		return r;
	mount_fd = mount_clone(scratch_fd, name, false);
	if (mount_fd < 0)
		return error_errno(err, mount_fd, "cannot make a mount of '%s'", mount->target);
	*ret_listen_fd = take_fd(&fd);
	return mount_fd;
}
