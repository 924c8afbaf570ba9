/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes, and owners that are not mapped. The kernel lets nobody in a user namespace make
 * them, but as entries of an image they are data like others: whoever owns the filesystem records
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builder/sandbox/identity.h"
#include "builder/sandbox/init/question.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/owner.h"
#include "fs/ids/credentials.h"
#include "fs/ids/owner_table.h"

/* What the kernel shows for an id that it cannot map. */
#define NOBODY 65534u

/* ---- filesystems and those who answer for them ---- */

struct step_channel *step_channel_of(const struct step *step, dev_t device)
{
	for (size_t i = 0; i < step->filesystem_count; i++) {
		if (step->filesystems[i].device != device)
			continue;
		for (size_t j = 0; j < step->channel_count; j++) {
			if (strcmp(step->channels[j].filesystem, step->filesystems[i].name) == 0)
				return &step->channels[j];
		}
	}
	return NULL;
}

static void get_table(struct step_channel *channel)
{
	cleanup_fd int fd = -1;

	channel->asked = true;
	if (owner_ask_table(channel->channel_fd, channel->filesystem, &fd) == 0)
		(void)owner_table_open(fd, &channel->owners);
}

/* Numbers of several filesystems in one table: those in memory have small ones. */
static uint64_t number_of(dev_t device, uint64_t ino)
{
	return ino ^ (uint64_t)device << 40;
}

bool step_owner_of(struct step *step, const struct statx *file, uint32_t *ret_uid,
		   uint32_t *ret_gid)
{
	const dev_t device = makedev(file->stx_dev_major, file->stx_dev_minor);
	struct step_channel *channel = step_channel_of(step, device);

	if (channel && !channel->asked)
		get_table(channel);
	if (channel && channel->owners)
		return owner_table_get(channel->owners, file->stx_ino, ret_uid, ret_gid);
	if (!channel && step->owners)
		return owner_table_get(step->owners, number_of(device, file->stx_ino), ret_uid,
				       ret_gid);
	*ret_uid = *ret_gid = 0;
	return false;
}

void step_set_owner(struct step *step, dev_t device, uint64_t ino, uint32_t uid, uint32_t gid)
{
	owner_table_set(step->owners, number_of(device, ino), uid, gid);
}

/* ---- */

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

/* The arguments in the order of the calls that take a descriptor: the other forms lack the one
 * that a relative path begins at. */
static void get_arguments(const struct question *question, uint64_t ret[static 5])
{
	const enum emulated_call call = question->call->call;

	if (call == EMULATED_MKNODAT || call == EMULATED_FCHOWNAT || call == EMULATED_FCHOWN) {
		memcpy(ret, question->arguments, 5 * sizeof *ret);
	} else {
		ret[0] = (uint64_t)AT_FDCWD;
		memcpy(ret + 1, question->arguments, 3 * sizeof *ret);
		ret[4] = 0;
	}
}

/* Who asks, and (`address`) the path that is meant. */
static int look(struct question *question, int dir_fd, uint64_t address)
{
	const struct step *step = question->step;
	int r = tracee_open(step->host_proc_fd, (pid_t)question->notif->pid, dir_fd,
			    &question->tracee);

	if (r == 0 && address)
		r = tracee_read_path(&question->tracee, address, question->path,
				     sizeof question->path);
	return r < 0 ? r : question_valid(question);
}

static int check_writable(int fd)
{
	struct statvfs mount;

	if (fstatvfs(fd, &mount) < 0)
		return -errno;
	return mount.f_flag & ST_RDONLY ? -EROFS : 0;
}

static int ask(const struct step_channel *channel, struct owner_request *request)
{
	int error, r;

	request->filesystem = channel->filesystem;
	r = owner_ask(channel->channel_fd, request, &error);
	return r < 0 ? -EIO : error;
}

/* ---- mknod ---- */

static int ask_node(const struct question *question, const uint64_t *arguments, int parent_fd,
		    const char *name)
{
	const struct tracee *tracee = &question->tracee;
	struct owner_request request = { .verb = OWNER_MKNOD };
	const struct step_channel *channel;
	struct stat dir;
	int r = check_writable(parent_fd);

	if (r < 0)
		return r;
	if (fstat(parent_fd, &dir) < 0)
		return -errno;
	request.uid = tracee->uid;
	request.gid = tracee->gid;
	if (question->step->credentials) {
		const struct credentials *credentials = question_credentials(question);

		if (!identity_privileged(credentials))
			return -EPERM;
		request.uid = credentials->fsuid;
		request.gid = credentials->fsgid;
	}
	if (!(tracee->capabilities & (UINT64_C(1) << CAP_MKNOD)))
		return -EPERM;
	if (!may_write(tracee, &dir))
		return -EACCES;
	channel = step_channel_of(question->step, dir.st_dev);
	if (!channel)
		return -EPERM; /* what the kernel says */
	request.name = (char *)(uintptr_t)name;
	request.inode = dir.st_ino;
	request.mode = (uint32_t)arguments[2] & ~tracee->umask;
	request.rdev = (uint32_t)arguments[3];
	/* Whose the directory really is, its server knows: it sees to the group. */
	return ask(channel, &request);
}

int answer_node(struct question *question)
{
	cleanup_fd int parent_fd = -1;
	uint64_t arguments[5];
	const char *name;
	int r;

	get_arguments(question, arguments);
	r = look(question, (int)arguments[0], arguments[1]);
	if (r == 0)
		r = tracee_open_parent(&question->tracee, question->step->root_fd, question->path,
				       &name, &parent_fd);
	return r < 0 ? r : ask_node(question, arguments, parent_fd, name);
}

/* ---- chown ---- */

/* UINT32_MAX leaves it as it is, and is wider than 16 bits. */
static uint32_t id_of(const struct question *question, uint64_t argument)
{
	const uint32_t id = (uint32_t)argument;

	if (!question->call->narrow)
		return id;
	return (uint16_t)id == UINT16_MAX ? UINT32_MAX : (uint16_t)id;
}

/* What the call names, as an O_PATH descriptor. */
static int open_file(struct question *question, const uint64_t *arguments)
{
	const bool by_path = question->call->call != EMULATED_FCHOWN;
	const int flags = question->call->call == EMULATED_FCHOWNAT ? (int)arguments[4]
			  : question->call->call == EMULATED_LCHOWN ? AT_SYMLINK_NOFOLLOW
								    : 0;
	int r = look(question, (int)arguments[0], by_path ? arguments[1] : 0);

	if (r < 0)
		return r;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!by_path || (!*question->path && flags & AT_EMPTY_PATH)) {
		r = fcntl(question->tracee.base_fd, F_DUPFD_CLOEXEC, 3);
		return r < 0 ? -errno : r;
	}
	return tracee_open_path(&question->tracee, question->step->root_fd, question->path,
				flags & AT_SYMLINK_NOFOLLOW);
}

/* Where a file is below the root filesystem; "" when that is not known. */
static void path_of(const struct step *step, int fd, char *ret, size_t size)
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof link, "self/fd/%d", fd);
	length = readlinkat(step->host_proc_fd, link, ret, size - 1);
	ret[length > 0 ? length : 0] = '\0';
}

/* May the thread do that? */
static int check_owner(const struct question *question, const struct statx *file,
		       struct identity_owner to)
{
	struct identity_owner now;

	if (!(question->tracee.capabilities & (UINT64_C(1) << CAP_CHOWN)))
		return -EPERM;
	(void)step_owner_of(question->step, file, &now.uid, &now.gid);
	return identity_chown(question_credentials(question), now, to);
}

/*
 * Nobody records it: a filesystem in memory that is the step's own, a pipe, a socket. So we do,
 * for as long as the step runs. What belongs to the host is for its root to give away.
 */
static int set_unrecorded(struct step *step, int fd, const struct statx *file,
			  struct identity_owner to)
{
	const dev_t device = makedev(file->stx_dev_major, file->stx_dev_minor);
	struct identity_owner now;
	struct statfs filesystem;

	if (file->stx_uid == NOBODY)
		return -EPERM;
	/* These use numbers again. */
	if (fstatfs(fd, &filesystem) == 0 &&
	    (filesystem.f_type == DEVPTS_SUPER_MAGIC || filesystem.f_type == PROC_SUPER_MAGIC))
		return 0;
	(void)step_owner_of(step, file, &now.uid, &now.gid);
	step_set_owner(step, device, file->stx_ino, to.uid == UINT32_MAX ? now.uid : to.uid,
		       to.gid == UINT32_MAX ? now.gid : to.gid);
	return 0;
}

static int set_owner(struct question *question, int fd, struct identity_owner to)
{
	struct owner_request request = {
		.verb = OWNER_CHOWN, .name = question->path, .uid = to.uid, .gid = to.gid
	};
	const struct step_channel *channel;
	struct statx file;
	int r = check_writable(fd);

	if (r < 0)
		return r;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &file) < 0)
		return -errno;
	r = check_owner(question, &file, to);
	if (r < 0)
		return r;
	channel = step_channel_of(question->step, makedev(file.stx_dev_major, file.stx_dev_minor));
	if (!channel)
		return set_unrecorded(question->step, fd, &file, to);
	path_of(question->step, fd, question->path, sizeof question->path);
	request.inode = file.stx_ino;
	return ask(channel, &request);
}

int answer_owner(struct question *question)
{
	const bool by_path = question->call->call != EMULATED_FCHOWN;
	struct identity_owner to;
	uint64_t arguments[5];
	cleanup_fd int fd = -1;

	get_arguments(question, arguments);
	fd = open_file(question, arguments);
	to.uid = id_of(question, arguments[by_path ? 2 : 1]);
	to.gid = id_of(question, arguments[by_path ? 3 : 2]);
	if ((to.uid != UINT32_MAX && to.uid >= CREDENTIALS_IDS) ||
	    (to.gid != UINT32_MAX && to.gid >= CREDENTIALS_IDS))
		return -EINVAL;
	return fd < 0 ? fd : set_owner(question, fd, to);
}
