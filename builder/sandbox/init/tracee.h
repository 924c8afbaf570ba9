/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the step that waits for the supervisor's answer: who it is, what it names. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/base/cleanup.h"

struct tracee {
	pid_t pid;         /* of the thread, as the supervisor's /proc has it */
	uint32_t uid, gid; /* for files it makes */
	uint32_t umask;
	uint64_t capabilities; /* effective */
	int root_fd, base_fd;  /* its root directory, and where the path begins */
};

/* Look at it. `dir_fd` is its own number of a descriptor, or AT_FDCWD. */
int tracee_open(int host_proc_fd, pid_t pid, int dir_fd, struct tracee *ret);
void tracee_close(struct tracee *tracee);
DEFINE_CLEANUP_VALUE(struct tracee, tracee_close);

/* The process that a thread belongs to, and the number it has in its own pid namespace. */
int tracee_process(int host_proc_fd, pid_t tid, pid_t *ret);
int tracee_inner_pid(int host_proc_fd, pid_t pid, pid_t *ret);
/* Has it given up on set-id programs? */
bool tracee_no_new_privileges(int host_proc_fd, pid_t tid);

/* A path from its memory; `size` is at most PATH_MAX. -ENAMETOOLONG, -EFAULT. */
int tracee_read_path(const struct tracee *tracee, uint64_t address, char *ret, size_t size);

/*
 * Open (O_PATH) the directory that `path` is in, as the tracee would find it, and the name in
 * there: points into `path`, which is changed. `own_root_fd` is what this process returns to.
 */
int tracee_open_parent(const struct tracee *tracee, int own_root_fd, char *path,
		       const char **ret_name, int *ret_fd);
/* The same for what `path` itself names: a descriptor. */
int tracee_open_path(const struct tracee *tracee, int own_root_fd, const char *path, bool nofollow);
