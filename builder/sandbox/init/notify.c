/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the filter has stopped: what is asked, and how it is answered. All of it is
 * for the step to find what it would find with all ids; nothing of it keeps anything apart.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "builder/sandbox/init/question.h"
#include "builder/sandbox/init/step.h"
#include "fs/ids/credentials.h"

/* Newer than the headers, see linux/seccomp.h. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#	define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#	define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#endif

void notify_prepare(int listener_fd)
{
	/* The one who asks sleeps until we have answered: stay on its CPU. Kernels before 6.6 wake
	 * us on another one. */
	(void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int question_valid(const struct question *question)
{
	return ioctl(question->listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &question->notif->id) < 0
		       ? -errno
		       : 0;
}

const struct credentials *question_credentials(const struct question *question)
{
	const struct step *step = question->step;
	unsigned place = 0;

	if (!credential_table_empty(step->credentials))
		place = credentials_place_of(step->host_proc_fd, (pid_t)question->notif->pid);
	return credential_table_at(step->credentials, place);
}

int question_set_credentials(const struct question *question, const struct credentials *credentials)
{
	const struct step *step = question->step;
	unsigned place;
	int r = credential_table_place(step->credentials, credentials, &place);

	if (r == 0)
		r = question_valid(question);
	if (r == 0)
		r = credentials_set_place(step->host_proc_fd, (pid_t)question->notif->pid, place);
	return r;
}

int question_read(const struct question *question, uint64_t address, void *ret, size_t size)
{
	struct iovec local = { ret, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };
	ssize_t n = process_vm_readv((pid_t)question->notif->pid, &local, 1, &remote, 1, 0);

	return n == (ssize_t)size ? 0 : -EFAULT;
}

int question_write(const struct question *question, uint64_t address, const void *data, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)data, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };
	ssize_t n = process_vm_writev((pid_t)question->notif->pid, &local, 1, &remote, 1, 0);

	return n == (ssize_t)size ? 0 : -EFAULT;
}

static int answer_chroot(struct question *question)
{
	/* From now on not everybody has the same root, see stat.c. */
	question->step->chrooted = true;
	return ANSWER_CONTINUE;
}

static int carry_out(struct question *question)
{
	const enum emulated_call call = question->call->call;

	if (call <= EMULATED_MKNODAT)
		return answer_node(question);
	if (call <= EMULATED_FCHOWNAT)
		return answer_owner(question);
	if (call <= EMULATED_SETGROUPS)
		return answer_set_ids(question);
	if (call <= EMULATED_GETGROUPS)
		return answer_get_ids(question);
	if (call == EMULATED_PRCTL)
		return answer_prctl(question);
	if (call == EMULATED_GETSOCKOPT)
		return answer_peer(question);
	if (call == EMULATED_CHROOT)
		return answer_chroot(question);
	if (call <= EMULATED_EXECVEAT)
		return answer_exec(question);
	return answer_stat(question);
}

void notify_answer(struct step *step, int listener_fd)
{
	static struct question question;
	/* A newer kernel may have more to tell than we know of. */
	union {
		struct seccomp_notif notif;
		char room[512];
	} notice = { 0 };
	struct seccomp_notif_resp answer = { 0 };
	int r = -ENOSYS;

	if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
		return; /* gone already */
	question.step = step;
	question.listener_fd = listener_fd;
	question.notif = &notice.notif;
	question.call = filter_call(notice.notif.data.arch, notice.notif.data.nr);
	for (size_t i = 0; i < 6; i++)
		question.arguments[i] = notice.notif.data.args[i];
	question.value = 0;
	question.tracee.root_fd = question.tracee.base_fd = -1;
	if (question.call)
		r = carry_out(&question);
	tracee_close(&question.tracee);
	answer.id = notice.notif.id;
	if (r == ANSWER_CONTINUE)
		answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (r < 0)
		answer.error = r;
	else
		answer.val = question.value;
	(void)ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
