/* SPDX-License-Identifier: Apache-2.0 */
/* A system call of the step's that waits for the supervisor's answer; see notify.c. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "builder/sandbox/init/tracee.h"
#include "builder/sandbox/seccomp/emulated.h"

struct credentials;
struct seccomp_notif;
struct statx;
struct step;

struct question {
	struct step *step;
	int listener_fd;
	const struct seccomp_notif *notif;
	const struct emulated_number *call;
	uint64_t arguments[6];
	int64_t value; /* that the call returns when it succeeds */
	struct tracee tracee;
	char path[PATH_MAX];
};

/* The kernel is to carry out the call. */
#define ANSWER_CONTINUE 1

/* By what they are about: 0 and `value`, ANSWER_CONTINUE, or a negative errno. */
int answer_node(struct question *question);
int answer_owner(struct question *question);
int answer_set_ids(struct question *question);
int answer_get_ids(struct question *question);
int answer_prctl(struct question *question);
int answer_peer(struct question *question);
int answer_exec(struct question *question);
int answer_stat(struct question *question);

/* -errno when the thread that asks is gone: then its number may be another's, and everything that
 * has been read about that one. */
int question_valid(const struct question *question);
/* Who the thread says it is, and saying so. */
const struct credentials *question_credentials(const struct question *question);
int question_set_credentials(const struct question *question,
			     const struct credentials *credentials);
int question_read(const struct question *question, uint64_t address, void *ret, size_t size);
int question_write(const struct question *question, uint64_t address, const void *data,
		   size_t size);
/* What `dir_fd`, a path at `address` (0: none) and AT_ flags name for the thread. */
int question_statx(struct question *question, int dir_fd, uint64_t address, int flags,
		   unsigned mask, struct statx *ret);

/* Whose a file is. False: it may be as the kernel has it. */
bool step_owner_of(struct step *step, const struct statx *file, uint32_t *ret_uid,
		   uint32_t *ret_gid);
