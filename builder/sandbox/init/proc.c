/* SPDX-License-Identifier: Apache-2.0 */
/* /proc of a step and /sys: what tells of the host or changes it is hidden or read-only. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "builder/sandbox/init/mount.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/tree.h"

static const char *const masked[] = { "acpi",       "asound",        "interrupts",  "kcore",
				      "keys",       "latency_stats", "sched_debug", "scsi",
				      "timer_list", "timer_stats" };
static const char *const masked_sys[] = { "firmware", "devices/virtual/powercap" };
static const char *const read_only[] = { "bus", "fs", "irq", "sys", "sysrq-trigger" };

/*
 * A file is hidden by the null device, a directory by an empty one. Views are taken of what is
 * attached: older kernels make none of what is not. *empty_attached: the empty one is.
 */
static int mask(const struct step *step, int top_fd, const char *path, bool *empty_attached)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	cleanup_fd int target_fd = mount_open_path(top_fd, path, 0, resolve);
	cleanup_fd int mount_fd = -1;
	struct stat facts;

	if (target_fd == -ENOENT || target_fd == -ENOTDIR)
		return 0; /* a kernel without it */
	if (target_fd < 0 || fstat(target_fd, &facts) < 0)
		return target_fd < 0 ? target_fd : -errno;
	if (S_ISDIR(facts.st_mode) && !*empty_attached) {
		*empty_attached = true;
		return mount_attach(step->empty_fd, target_fd);
	}
	mount_fd = mount_clone(
		S_ISDIR(facts.st_mode) ? step->empty_fd : step->device_fds[DEVICE_NULL], "", false);
	return mount_fd < 0 ? mount_fd : mount_attach(mount_fd, target_fd);
}

static int make_read_only(int top_fd, const char *path)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	cleanup_fd int target_fd = mount_open_path(top_fd, path, 0, resolve);
	cleanup_fd int mount_fd = -1;
	int r;

	if (target_fd == -ENOENT)
		return 0;
	if (target_fd < 0)
		return target_fd;
	mount_fd = mount_clone(target_fd, "", true);
	r = mount_fd < 0 ? mount_fd : mount_restrict(mount_fd, MOUNT_ATTR_RDONLY, true);
	return r < 0 ? r : mount_attach(mount_fd, target_fd);
}

static int hide(const struct step *step, int proc_fd, struct error *err)
{
	cleanup_fd int sys_fd = mount_open_path(step->root_fd, "sys", O_DIRECTORY, RESOLVE_BENEATH);
	bool empty_attached = false;
	int r;

	for (size_t i = 0; i < sizeof masked / sizeof *masked; i++) {
		r = mask(step, proc_fd, masked[i], &empty_attached);
		if (r < 0)
			return error_errno(err, r, "cannot hide '/proc/%s'", masked[i]);
	}
	for (size_t i = 0; i < sizeof masked_sys / sizeof *masked_sys; i++) {
		r = mask(step, sys_fd, masked_sys[i], &empty_attached);
		if (r < 0)
			return error_errno(err, r, "cannot hide '/sys/%s'", masked_sys[i]);
	}
	for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++) {
		r = make_read_only(proc_fd, read_only[i]);
		if (r < 0)
			return error_errno(err, r, "cannot make '/proc/%s' read-only",
					   read_only[i]);
	}
	return 0;
}

int proc_assemble(const struct step *step, struct error *err)
{
	int r = tree_attach_own(step->proc_fd, step->root_fd, "proc", err);

	if (r < 0)
		return r;
	return step->spec.insecure ? 0 : hide(step, step->proc_fd, err);
}
