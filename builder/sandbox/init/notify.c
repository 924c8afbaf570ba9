/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes, and owners that are not mapped. The kernel lets nobody in a user namespace make
 * them, but as entries of an image they are data like others: whoever owns the filesystem records
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "builder/sandbox/init/step.h"
#include "builder/sandbox/init/tracee.h"
#include "builder/sandbox/owner.h"
#include "builder/sandbox/seccomp/emulated.h"

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

/* One call, with its arguments in the order of its kin that take a descriptor. */
struct question {
	const struct step *step;
	int listener_fd;
	const struct seccomp_notif *notif;
	const struct emulated_number *call;
	uint64_t arguments[5];
	struct tracee tracee;
	char path[PATH_MAX];
};

/* The other forms lack the descriptor that a relative path begins at. */
static void get_arguments(struct question *question)
{
	const struct seccomp_data *data = &question->notif->data;

	if (question->call->call == EMULATED_MKNODAT || question->call->call == EMULATED_FCHOWNAT ||
	    question->call->call == EMULATED_FCHOWN) {
		memcpy(question->arguments, data->args, sizeof question->arguments);
	} else {
		question->arguments[0] = (uint64_t)AT_FDCWD;
		memcpy(question->arguments + 1, data->args, 3 * sizeof *data->args);
	}
}

/* Who asks, and (`with_path`) the path that stands second among the arguments. */
static int look(struct question *question, bool with_path)
{
	const struct step *step = question->step;
	int r = tracee_open(step->host_proc_fd, (pid_t)question->notif->pid,
			    (int)question->arguments[0], &question->tracee);

	if (r == 0 && with_path)
		r = tracee_read_path(&question->tracee, question->arguments[1], question->path,
				     sizeof question->path);
	if (r < 0)
		return r;
	/* If it was killed meanwhile its number may be another's, and all this about that one. */
	if (ioctl(question->listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &question->notif->id) < 0)
		return -errno;
	return 0;
}

static int check_writable(int fd)
{
	struct statvfs mount;

	if (fstatvfs(fd, &mount) < 0)
		return -errno;
	return mount.f_flag & ST_RDONLY ? -EROFS : 0;
}

static int ask(int channel_fd, struct owner_request *request)
{
	int error, r = owner_ask(channel_fd, request, &error);

	return r < 0 ? -EIO : error;
}

/* ---- mknod ---- */

static int ask_node(const struct question *question, int parent_fd, const char *name)
{
	const struct tracee *tracee = &question->tracee;
	struct owner_request request = { .verb = OWNER_MKNOD };
	const char *filesystem = NULL;
	struct stat dir;
	int channel_fd, r = check_writable(parent_fd);

	if (r < 0)
		return r;
	if (fstat(parent_fd, &dir) < 0)
		return -errno;
	if (!(tracee->capabilities & (UINT64_C(1) << CAP_MKNOD)))
		return -EPERM;
	if (!may_write(tracee, &dir))
		return -EACCES;
	channel_fd = channel_of(question->step, dir.st_dev, &filesystem);
	if (channel_fd < 0)
		return channel_fd;
	request.filesystem = (char *)(uintptr_t)filesystem;
	request.name = (char *)(uintptr_t)name;
	request.inode = dir.st_ino;
	request.mode = (uint32_t)question->arguments[2] & ~tracee->umask;
	request.rdev = (uint32_t)question->arguments[3];
	request.uid = tracee->uid;
	request.gid = dir.st_mode & S_ISGID ? dir.st_gid : tracee->gid;
	return ask(channel_fd, &request);
}

static int make_node(struct question *question)
{
	cleanup_fd int parent_fd = -1;
	const char *name;
	int r = look(question, true);

	if (r == 0)
		r = tracee_open_parent(&question->tracee, question->step->root_fd, question->path,
				       &name, &parent_fd);
	return r < 0 ? r : ask_node(question, parent_fd, name);
}

/* ---- chown ---- */

#define IDS 65536u /* as many as there are where all are mapped */

/* UINT32_MAX leaves it as it is, and is wider than 16 bits. */
static uint32_t id_of(const struct question *question, int index)
{
	uint32_t id = (uint32_t)question->arguments[index];

	if (!question->call->narrow)
		return id;
	return (uint16_t)id == UINT16_MAX ? UINT32_MAX : (uint16_t)id;
}

/* What the call names, as an O_PATH descriptor. */
static int open_file(struct question *question)
{
	const bool by_path = question->call->call != EMULATED_FCHOWN;
	const int flags = question->call->call == EMULATED_FCHOWNAT ? (int)question->arguments[4]
			  : question->call->call == EMULATED_LCHOWN ? AT_SYMLINK_NOFOLLOW
								    : 0;
	int r = look(question, by_path);

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

static int set_owner(struct question *question)
{
	const uint32_t uid = id_of(question, 2 - (question->call->call == EMULATED_FCHOWN));
	const uint32_t gid = id_of(question, 3 - (question->call->call == EMULATED_FCHOWN));
	struct owner_request request = {
		.verb = OWNER_CHOWN, .name = question->path, .uid = uid, .gid = gid
	};
	cleanup_fd int fd = open_file(question);
	const char *filesystem = NULL;
	struct stat file;
	int channel_fd, r;

	if ((uid != UINT32_MAX && uid >= IDS) || (gid != UINT32_MAX && gid >= IDS))
		return -EINVAL;
	r = fd < 0 ? fd : check_writable(fd);
	if (r < 0)
		return r;
	if (fstat(fd, &file) < 0)
		return -errno;
	if (!(question->tracee.capabilities & (UINT64_C(1) << CAP_CHOWN)))
		return -EPERM;
	channel_fd = channel_of(question->step, file.st_dev, &filesystem);
	/* Nobody records it: root's is what it is, and another's it cannot be. */
	if (channel_fd < 0)
		return (uid == 0 || uid == UINT32_MAX) && (gid == 0 || gid == UINT32_MAX) ? 0
											  : -EINVAL;
	path_of(question->step, fd, question->path, sizeof question->path);
	request.filesystem = (char *)(uintptr_t)filesystem;
	request.inode = file.st_ino;
	return ask(channel_fd, &request);
}

/* ---- */

static int carry_out(const struct step *step, int listener_fd, const struct seccomp_notif *notif)
{
	static struct question question;
	int r;

	question.step = step;
	question.listener_fd = listener_fd;
	question.notif = notif;
	question.call = filter_call(notif->data.arch, notif->data.nr);
	question.tracee.root_fd = question.tracee.base_fd = -1;
	if (!question.call)
		return -ENOSYS;
	get_arguments(&question);
	if (question.call->call == EMULATED_MKNOD || question.call->call == EMULATED_MKNODAT)
		r = make_node(&question);
	else
		r = set_owner(&question);
	tracee_close(&question.tracee);
	return r;
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
	answer.error = carry_out(step, listener_fd, &question.notif);
	(void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
