/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What execve(2) does to a thread's credentials. The kernel executes; it is told to go on when
 * they have been changed. If it then finds that it cannot, they have been changed for nothing:
 * that happens to a damaged set-id program, and does no harm beyond the step.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builder/sandbox/identity.h"
#include "builder/sandbox/init/question.h"
#include "builder/sandbox/init/step.h"
#include "fs/ids/credentials.h"

#define MAX_INTERPRETERS 5   /* one behind the other, as in the kernel */
#define MAX_FIRST_LINE   256 /* that the kernel looks at */

/* Bits that count: those of a filesystem of ours (all others are mounted without), if nothing
 * has given up on them. */
static uint32_t set_id_bits(struct question *question, const struct statx *file)
{
	const dev_t device = makedev(file->stx_dev_major, file->stx_dev_minor);

	if (!(file->stx_mode & (S_ISUID | S_ISGID)) || !step_channel_of(question->step, device) ||
	    tracee_no_new_privileges(question->step->host_proc_fd, (pid_t)question->notif->pid))
		return 0;
	return file->stx_mode & (S_ISUID | S_ISGID | S_IXGRP);
}

/* The interpreter that the first line of `fd` names: 1 and *ret, or 0. */
static int read_interpreter(int fd, char ret[static MAX_FIRST_LINE + 1])
{
	char line[MAX_FIRST_LINE + 1];
	ssize_t n = pread(fd, line, MAX_FIRST_LINE, 0);
	size_t skip, length;

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return 0;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	skip = 2 + strspn(line + 2, " \t");
	length = strcspn(line + skip, " \t");
	memcpy(ret, line + skip, length);
	ret[length] = '\0';
	return length > 0;
}

/* A script is executed by its interpreter, whose bits and owner are what counts. */
static int find_interpreter(struct question *question, struct statx *file)
{
	char interpreter[MAX_FIRST_LINE + 1];

	for (int i = 0; i < MAX_INTERPRETERS; i++) {
		cleanup_fd int path_fd = -1, fd = -1;
		char link[32];

		path_fd = tracee_open_path(&question->tracee, question->step->root_fd,
					   question->path, false);
		if (path_fd < 0)
			return path_fd;
		if (statx(path_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, file) < 0)
			return -errno;
		/* Opening anything else could wait for ever. */
		if (!S_ISREG(file->stx_mode))
			return -EACCES;
		snprintf(link, sizeof link, "self/fd/%d", path_fd);
		fd = openat(question->step->host_proc_fd, link, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read_interpreter(fd, interpreter) == 0)
			return 0;
		memcpy(question->path, interpreter, strlen(interpreter) + 1);
	}
	return -ELOOP;
}

/* What will be executed in the end; root itself gains nothing by an interpreter's bits. */
static int find_program(struct question *question, const struct credentials *credentials,
			struct statx *ret)
{
	const bool at = question->call->call == EMULATED_EXECVEAT;
	const uint64_t *arguments = question->arguments;
	const int dir_fd = at ? (int)arguments[0] : AT_FDCWD;
	const int flags = at ? (int)arguments[4] & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) : 0;
	int r = question_statx(question, dir_fd, arguments[at], flags, STATX_BASIC_STATS, ret);

	if (r < 0 || credentials->euid == 0 || !question->path[0])
		return r;
	r = tracee_open(question->step->host_proc_fd, (pid_t)question->notif->pid, dir_fd,
			&question->tracee);
	return r < 0 ? r : find_interpreter(question, ret);
}

int answer_exec(struct question *question)
{
	const struct credentials *now = question_credentials(question);
	struct credentials next = *now;
	uint32_t uid = 0, gid = 0;
	struct statx file;

	/* Then the kernel will find out what is wrong. */
	if (find_program(question, now, &file) < 0 || !S_ISREG(file.stx_mode) ||
	    !(file.stx_mode & 0111))
		return ANSWER_CONTINUE;
	(void)step_owner_of(question->step, &file, &uid, &gid);
	identity_execute(&next, set_id_bits(question, &file), uid, gid);
	if (memcmp(&next, now, sizeof next) != 0)
		(void)question_set_credentials(question, &next);
	return ANSWER_CONTINUE;
}
