/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/init/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/tree.h"
#include "builder/sandbox/protocol.h"

#define SHM_SIZE ((uint64_t)64 << 20)

const char *const device_names[DEVICE_COUNT] = {
	"null", "zero", "full", "random", "urandom", "tty"
};

static const char *const links[][2] = {
	{ "/proc/self/fd", "fd" },       { "/proc/self/fd/0", "stdin" },
	{ "/proc/self/fd/1", "stdout" }, { "/proc/self/fd/2", "stderr" },
	{ "pts/ptmx", "ptmx" },
};

static const char *const directories[] = { "pts", "shm", "mqueue" };

static int make_entries(int dev_fd, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < DEVICE_COUNT && r == 0; i++)
		r = mknodat(dev_fd, device_names[i], S_IFREG | 0666, 0);
	for (size_t i = 0; i < sizeof links / sizeof *links && r == 0; i++)
		r = symlinkat(links[i][0], dev_fd, links[i][1]);
	for (size_t i = 0; i < sizeof directories / sizeof *directories && r == 0; i++)
		r = mkdirat(dev_fd, directories[i], 0755);
	return r < 0 ? error_errno(err, -errno, "cannot fill '/dev'") : 0;
}

static int attach_nodes(const struct step *step, struct error *err)
{
	struct stat facts;
	int r;

	if (fstat(step->device_fds[DEVICE_NULL], &facts) < 0 || !S_ISCHR(facts.st_mode) ||
	    facts.st_rdev != makedev(1, 3))
		return error_set(err, -EINVAL, "the host's /dev/null is not the null device");
	for (size_t i = 0; i < DEVICE_COUNT; i++) {
		if (step->device_fds[i] < 0) { /* a host without it */
			(void)unlinkat(step->dev_fd, device_names[i], 0);
			continue;
		}
		r = mount_attach_at(step->device_fds[i], step->dev_fd, device_names[i]);
		if (r < 0)
			return error_errno(err, r, "cannot attach '/dev/%s'", device_names[i]);
	}
	return 0;
}

static int attach_new(const struct step *step, const char *type, const struct mount_option *options,
		      unsigned attributes, const char *name, struct error *err)
{
	cleanup_fd int fd =
		mount_new(type, options, attributes | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	int r = fd < 0 ? fd : mount_attach_at(fd, step->dev_fd, name);

	/* Kernels are built without message queues now and then. */
	if (r == -ENODEV && strcmp(type, "mqueue") == 0)
		return 0;
	return r < 0 ? error_errno(err, r, "cannot mount '/dev/%s'", name) : 0;
}

static int attach_filesystems(const struct step *step, struct error *err)
{
	char size[24];
	const struct mount_option shm[] = { { "mode", "1777" }, { "size", size }, { NULL, NULL } };
	/* The group of terminals has to be mapped to be used. */
	const char *gid = step->flags & START_ALL_IDS ? "5" : "0";
	const struct mount_option pts[] = { { "newinstance", NULL },
					    { "ptmxmode", "0666" },
					    { "mode", "0620" },
					    { "gid", gid },
					    { NULL, NULL } };
	int r;

	snprintf(size, sizeof size, "%" PRIu64,
		 step->spec.shm_size ? step->spec.shm_size : SHM_SIZE);
	r = attach_new(step, "devpts", pts, 0, "pts", err);
	if (r == 0)
		r = attach_new(step, "tmpfs", shm, MOUNT_ATTR_NODEV, "shm", err);
	if (r == 0)
		r = attach_new(step, "mqueue", NULL, MOUNT_ATTR_NODEV, "mqueue", err);
	return r;
}

int devices_assemble(struct step *step, struct error *err)
{
	static const struct mount_option options[] = { { "mode", "0755" },
						       { "size", "64m" },
						       { NULL, NULL } };
	int r;

	step->dev_fd = mount_new("tmpfs", options, MOUNT_ATTR_NOSUID);
	if (step->dev_fd < 0)
		return error_errno(err, step->dev_fd, "cannot mount '/dev'");
	r = tree_attach_own(step->dev_fd, step->root_fd, "dev", err);
	if (r < 0)
		return r;
	r = make_entries(step->dev_fd, err);
	if (r == 0)
		r = attach_nodes(step, err);
	return r < 0 ? r : attach_filesystems(step, err);
}
