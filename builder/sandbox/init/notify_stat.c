/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a file is, where the kernel is shown that all are root's. Most are: then, and whenever
 * anything is out of the ordinary, the kernel answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/sandbox/init/question.h"
#include "builder/sandbox/init/step.h"
#include "builder/sandbox/stat_layout.h"

/* Does the thread have the root that we have? */
static bool has_our_root(const struct question *question)
{
	char link[32], root[2];

	if (!question->step->chrooted)
		return true;
	snprintf(link, sizeof link, "%u/root", question->notif->pid);
	return readlinkat(question->step->host_proc_fd, link, root, sizeof root) == 1;
}

static int statx_elsewhere(struct question *question, int dir_fd, int flags, unsigned mask,
			   struct statx *ret)
{
	cleanup_fd int fd = -1;
	int r = tracee_open(question->step->host_proc_fd, (pid_t)question->notif->pid, dir_fd,
			    &question->tracee);

	if (r < 0)
		return r;
	fd = tracee_open_path(&question->tracee, question->step->root_fd, question->path,
			      flags & AT_SYMLINK_NOFOLLOW);
	if (fd < 0)
		return fd;
	return statx(fd, "", AT_EMPTY_PATH, mask, ret) < 0 ? -errno : 0;
}

/* What follows the thread's own directory in /proc, which is not ours; NULL: it is another path. */
static const char *below_self(const char *path)
{
	static const char *const selves[] = { "/proc/self/", "/proc/thread-self/" };

	for (size_t i = 0; i < sizeof selves / sizeof *selves; i++) {
		if (strncmp(path, selves[i], strlen(selves[i])) == 0)
			return path + strlen(selves[i]);
	}
	return NULL;
}

/* The path as it would be in the directory of another's /proc. */
static int path_in_proc(const struct question *question, int dir_fd, char *ret, size_t size)
{
	const char *slash = question->path[0] ? "/" : "";
	const char *self = below_self(question->path);
	int n;

	if (self)
		n = snprintf(ret, size, "%u/%s", question->notif->pid, self);
	else if (dir_fd == AT_FDCWD)
		n = snprintf(ret, size, "%u/cwd%s%s", question->notif->pid, slash, question->path);
	else
		n = snprintf(ret, size, "%u/fd/%d%s%s", question->notif->pid, dir_fd, slash,
			     question->path);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int question_statx(struct question *question, int dir_fd, uint64_t address, int flags,
		   unsigned mask, struct statx *ret)
{
	const struct tracee tracee = { .pid = (pid_t)question->notif->pid };
	char path[PATH_MAX];
	int r = 0;

	question->path[0] = '\0';
	if (address)
		r = tracee_read_path(&tracee, address, question->path, sizeof question->path);
	if (r < 0)
		return r;
	if (!question->path[0] && !(flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (question->path[0] == '/' && !below_self(question->path) && has_our_root(question))
		return statx(AT_FDCWD, question->path, flags, mask, ret) < 0 ? -errno : 0;
	if (question->path[0] && !has_our_root(question))
		return statx_elsewhere(question, dir_fd, flags, mask, ret);
	r = path_in_proc(question, dir_fd, path, sizeof path);
	/* The link in /proc is to be followed, if it is all there is. */
	if (!question->path[0])
		flags &= ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	if (r == 0 && statx(question->step->host_proc_fd, path, flags, mask, ret) < 0)
		r = -errno;
	return r;
}

/* Where the call says what it is about, and where the answer goes. */
struct form {
	int dir_fd, flags;
	uint64_t path, result;
	unsigned mask;
};

static struct form form_of(const struct question *question)
{
	const uint64_t *arguments = question->arguments;
	struct form form = { .dir_fd = AT_FDCWD,
			     .path = arguments[0],
			     .result = arguments[1],
			     .mask = STATX_BASIC_STATS };

	switch ((int)question->call->call) {
	case EMULATED_LSTAT:
		form.flags = AT_SYMLINK_NOFOLLOW;
		break;
	case EMULATED_FSTAT:
		form.dir_fd = (int)arguments[0];
		form.path = 0;
		form.flags = AT_EMPTY_PATH;
		break;
	case EMULATED_FSTATAT:
	case EMULATED_STATX:
		form.dir_fd = (int)arguments[0];
		form.path = arguments[1];
		form.result = arguments[2];
		form.flags = (int)arguments[3];
		break;
	default:
		break;
	}
	if (question->call->call == EMULATED_STATX) {
		form.flags = (int)arguments[2];
		form.mask = (unsigned)arguments[3];
		form.result = arguments[4];
	}
	return form;
}

static int write_answer(const struct question *question, const struct form *form,
			const struct statx *facts)
{
	uint8_t bytes[STAT_LAYOUT_MAX];
	int size;

	if (question->call->call == EMULATED_STATX)
		return question_write(question, form->result, facts, sizeof *facts);
	size = stat_layout(question->notif->data.arch, question->call->narrow, facts, bytes);
	if (size < 0)
		return ANSWER_CONTINUE;
	return question_write(question, form->result, bytes, (size_t)size);
}

int answer_stat(struct question *question)
{
	const struct form form = form_of(question);
	uint32_t uid, gid;
	struct statx facts;

	if (question_statx(question, form.dir_fd, form.path, form.flags, form.mask, &facts) < 0)
		return ANSWER_CONTINUE;
	if (!step_owner_of(question->step, &facts, &uid, &gid) || (uid == 0 && gid == 0))
		return ANSWER_CONTINUE;
	if (question_valid(question) < 0)
		return ANSWER_CONTINUE;
	facts.stx_uid = uid;
	facts.stx_gid = gid;
	return write_answer(question, &form, &facts);
}
