/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes. The kernel lets nobody in a user namespace make them, but as entries of an image
 * they are data like others: whoever owns the filesystem records them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/tracee.h"
#include "builder/sandbox/owner.h"
#include "fs/base/bytes.h"

static const struct {
	uint32_t arch;
	int mknod, mknodat;
} numbers[] = {
	{ AUDIT_ARCH_X86_64, 133, 259 }, { AUDIT_ARCH_I386, 14, 297 },
	{ AUDIT_ARCH_AARCH64, -1, 33 },  { AUDIT_ARCH_ARM, 14, 324 },
	{ AUDIT_ARCH_RISCV64, -1, 33 },
};

/* The arguments of either call in the order of mknodat(2). */
static int arguments(const struct seccomp_data *data, uint64_t ret[4])
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (numbers[i].arch != data->arch)
			continue;
		if (data->nr == numbers[i].mknodat) {
			memcpy(ret, data->args, 4 * sizeof *ret);
			return 0;
		}
		if (data->nr == numbers[i].mknod) {
			ret[0] = (uint64_t)AT_FDCWD;
			memcpy(ret + 1, data->args, 3 * sizeof *ret);
			return 0;
		}
	}
	return -ENOSYS;
}

static bool may_write(const struct tracee *tracee, const struct stat *dir)
{
	unsigned shift = 0;

	if (tracee->capabilities & (UINT64_C(1) << CAP_DAC_OVERRIDE))
		return true;
	if (tracee->uid == dir->st_uid)
		shift = 6;
	else if (tracee->gid == dir->st_gid)
		shift = 3;
	return (dir->st_mode >> shift & 3) == 3;
}

static int channel_of(const struct step *step, dev_t device, const char **ret_filesystem)
{
	for (size_t i = 0; i < step->filesystem_count; i++) {
		if (step->filesystems[i].device != device)
			continue;
		for (size_t j = 0; j < step->channel_count; j++) {
			if (strcmp(step->channels[j].filesystem, step->filesystems[i].name) == 0) {
				*ret_filesystem = step->channels[j].filesystem;
				return step->channels[j].channel_fd;
			}
		}
	}
	return -EPERM; /* what the kernel says */
}

static int ask(const struct step *step, const struct tracee *tracee, int parent_fd,
	       const char *name, const uint64_t *arguments)
{
	struct owner_request request = { .verb = OWNER_MKNOD };
	const char *filesystem = NULL;
	struct owner_reply reply;
	struct statvfs mount;
	struct stat dir;
	int channel_fd, r;

	if (fstat(parent_fd, &dir) < 0 || fstatvfs(parent_fd, &mount) < 0)
		return -errno;
	if (mount.f_flag & ST_RDONLY)
		return -EROFS;
	if (!(tracee->capabilities & (UINT64_C(1) << CAP_MKNOD)))
		return -EPERM;
	if (!may_write(tracee, &dir))
		return -EACCES;
	channel_fd = channel_of(step, dir.st_dev, &filesystem);
	if (channel_fd < 0)
		return channel_fd;
	request.filesystem = (char *)(uintptr_t)filesystem;
	request.name = (char *)(uintptr_t)name;
	request.inode = dir.st_ino;
	request.mode = (uint32_t)arguments[2] & ~tracee->umask;
	request.rdev = (uint32_t)arguments[3];
	request.uid = tracee->uid;
	request.gid = dir.st_mode & S_ISGID ? dir.st_gid : tracee->gid;
	r = owner_ask(channel_fd, &request, &reply);
	return r < 0 ? -EIO : reply.error;
}

static int make_node(const struct step *step, int listener_fd, const struct seccomp_notif *notif)
{
	cleanup_with(tracee_close) struct tracee tracee = { .root_fd = -1, .base_fd = -1 };
	cleanup_fd int parent_fd = -1;
	uint64_t values[4];
	char path[PATH_MAX];
	const char *name;
	int r = arguments(&notif->data, values);

	if (r == 0)
		r = tracee_open(step->host_proc_fd, (pid_t)notif->pid, (int)values[0], &tracee);
	if (r == 0)
		r = tracee_read_path(&tracee, values[1], path, sizeof path);
	if (r < 0)
		return r;
	/* If it was killed meanwhile its number may be another's, and all this about that one. */
	if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &notif->id) < 0)
		return -errno;
	r = tracee_open_parent(&tracee, step->root_fd, path, &name, &parent_fd);
	return r < 0 ? r : ask(step, &tracee, parent_fd, name, values);
}

void notify_answer(const struct step *step, int listener_fd)
{
	/* A newer kernel may have more to tell than we know of. */
	union {
		struct seccomp_notif notif;
		char room[512];
	} question = { 0 };
	struct seccomp_notif_resp answer = { 0 };

	if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0)
		return; /* gone already */
	answer.id = question.notif.id;
	answer.error = make_node(step, listener_fd, &question.notif);
	(void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
