/* SPDX-License-Identifier: Apache-2.0 */
/* Who a thread says it is, where the kernel knows root alone. */
#include <errno.h>
#include <linux/seccomp.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "builder/sandbox/identity.h"
#include "builder/sandbox/init/question.h"
#include "builder/sandbox/init/step.h"
#include "fs/ids/credentials.h"

#define KERNEL_GROUPS 65536u /* more than that no kernel takes */

/* -1 is wider than the 16 bits of old calls. */
static uint32_t id_of(const struct question *question, int index)
{
	const uint32_t id = (uint32_t)question->arguments[index];

	if (!question->call->narrow)
		return id;
	return (uint16_t)id == UINT16_MAX ? UINT32_MAX : (uint16_t)id;
}

/* ---- setting ---- */

static int read_groups(const struct question *question, size_t count, uint32_t *ret)
{
	const uint64_t address = question->arguments[1];
	uint16_t narrow[CREDENTIALS_GROUPS];
	int r;

	if (count == 0)
		return 0;
	if (!question->call->narrow)
		return question_read(question, address, ret, count * sizeof *ret);
	r = question_read(question, address, narrow, count * sizeof *narrow);
	for (size_t i = 0; i < count && r == 0; i++)
		ret[i] = narrow[i];
	return r;
}

static int set_groups(const struct question *question, struct credentials *credentials)
{
	const int count = (int)question->arguments[0];
	uint32_t groups[CREDENTIALS_GROUPS];
	int r;

	if (!identity_privileged(credentials))
		return -EPERM;
	if (count < 0 || (unsigned)count > KERNEL_GROUPS)
		return -EINVAL;
	if ((unsigned)count > CREDENTIALS_GROUPS)
		return -ENOMEM;
	r = read_groups(question, (size_t)count, groups);
	return r < 0 ? r : identity_setgroups(credentials, groups, (size_t)count);
}

static int change(struct question *question, struct credentials *credentials)
{
	const uint32_t first = id_of(question, 0), second = id_of(question, 1),
		       third = id_of(question, 2);

	switch ((int)question->call->call) {
	case EMULATED_SETUID:
		return identity_setuid(credentials, first);
	case EMULATED_SETGID:
		return identity_setgid(credentials, first);
	case EMULATED_SETREUID:
		return identity_setreuid(credentials, first, second);
	case EMULATED_SETREGID:
		return identity_setregid(credentials, first, second);
	case EMULATED_SETRESUID:
		return identity_setresuid(credentials, first, second, third);
	case EMULATED_SETRESGID:
		return identity_setresgid(credentials, first, second, third);
	case EMULATED_SETFSUID:
		question->value = identity_setfsuid(credentials, first);
		return 0;
	case EMULATED_SETFSGID:
		question->value = identity_setfsgid(credentials, first);
		return 0;
	default:
		return set_groups(question, credentials);
	}
}

int answer_set_ids(struct question *question)
{
	struct credentials credentials = *question_credentials(question);
	int r = change(question, &credentials);

	return r < 0 ? r : question_set_credentials(question, &credentials);
}

/* PR_SET_KEEPCAPS and PR_GET_KEEPCAPS; execve(2) clears it, see exec.c. */
int answer_prctl(struct question *question)
{
	const uint64_t *arguments = question->arguments;
	struct credentials credentials = *question_credentials(question);
	int r;

	if ((int)arguments[0] == PR_GET_KEEPCAPS) {
		question->value = credentials.keep_caps;
		return 0;
	}
	r = identity_keep_caps(&credentials, arguments[1]);
	return r < 0 ? r : question_set_credentials(question, &credentials);
}

/* ---- getting ---- */

static int write_ids(const struct question *question, uint64_t address, const uint32_t *ids,
		     size_t count)
{
	uint16_t narrow[CREDENTIALS_GROUPS];

	if (count == 0)
		return 0;
	if (!question->call->narrow)
		return question_write(question, address, ids, count * sizeof *ids);
	for (size_t i = 0; i < count; i++)
		narrow[i] = (uint16_t)ids[i];
	return question_write(question, address, narrow, count * sizeof *narrow);
}

static int write_three(const struct question *question, uint32_t real, uint32_t effective,
		       uint32_t saved)
{
	const uint32_t ids[] = { real, effective, saved };
	int r = 0;

	for (size_t i = 0; i < 3 && r == 0; i++)
		r = write_ids(question, question->arguments[i], &ids[i], 1);
	return r;
}

static int get_groups(struct question *question, const struct credentials *credentials)
{
	const int size = (int)question->arguments[0];

	if (size < 0 || (size > 0 && (unsigned)size < credentials->group_count))
		return -EINVAL;
	question->value = credentials->group_count;
	if (size == 0)
		return 0;
	return write_ids(question, question->arguments[1], credentials->groups,
			 credentials->group_count);
}

int answer_get_ids(struct question *question)
{
	const struct credentials *credentials = question_credentials(question);

	switch ((int)question->call->call) {
	case EMULATED_GETUID:
		question->value = credentials->ruid;
		return 0;
	case EMULATED_GETEUID:
		question->value = credentials->euid;
		return 0;
	case EMULATED_GETGID:
		question->value = credentials->rgid;
		return 0;
	case EMULATED_GETEGID:
		question->value = credentials->egid;
		return 0;
	case EMULATED_GETRESUID:
		return write_three(question, credentials->ruid, credentials->euid,
				   credentials->suid);
	case EMULATED_GETRESGID:
		return write_three(question, credentials->rgid, credentials->egid,
				   credentials->sgid);
	default:
		return get_groups(question, credentials);
	}
}

/* ---- who is at the other end of a socket ---- */

/* The socket itself, in this process. */
static int take_socket(const struct question *question, int number)
{
	cleanup_fd int pidfd = -1;
	pid_t process;
	int fd =
		tracee_process(question->step->host_proc_fd, (pid_t)question->notif->pid, &process);

	if (fd < 0)
		return fd;
	pidfd = pidfd_open(process, 0);
	fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, number, 0);
	return fd < 0 ? -errno : fd;
}

int answer_peer(struct question *question)
{
	const struct step *step = question->step;
	const uint64_t *arguments = question->arguments;
	const struct credentials *credentials;
	struct ucred peer = { 0 };
	socklen_t size = sizeof peer;
	uint32_t wanted;
	cleanup_fd int fd = -1;

	if ((int)arguments[1] != SOL_SOCKET || credential_table_empty(step->credentials))
		return ANSWER_CONTINUE;
	fd = take_socket(question, (int)arguments[0]);
	if (fd < 0 || question_valid(question) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid <= 0)
		return ANSWER_CONTINUE;
	/* Who it is now: it may have been another when it connected, which nobody knows any more. */
	credentials = credential_table_at(step->credentials,
					  credentials_place_of(step->host_proc_fd, peer.pid));
	if (tracee_inner_pid(step->host_proc_fd, peer.pid, &peer.pid) < 0)
		return ANSWER_CONTINUE;
	peer.uid = credentials->euid;
	peer.gid = credentials->egid;
	if (question_read(question, arguments[4], &wanted, sizeof wanted) < 0)
		return -EFAULT;
	if ((int32_t)wanted < 0)
		return -EINVAL;
	if (wanted > sizeof peer)
		wanted = sizeof peer;
	if ((wanted && question_write(question, arguments[3], &peer, wanted) < 0) ||
	    question_write(question, arguments[4], &wanted, sizeof wanted) < 0)
		return -EFAULT;
	return 0;
}
