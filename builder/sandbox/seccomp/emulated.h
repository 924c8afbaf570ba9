/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the supervisor makes in the step's place. Their numbers on each architecture
 * are written into the helper at build time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum emulated_call {
	EMULATED_MKNOD, /* of character and block devices only */
	EMULATED_MKNODAT,
	/* Where root alone is mapped: */
	EMULATED_CHOWN,
	EMULATED_LCHOWN,
	EMULATED_FCHOWN,
	EMULATED_FCHOWNAT,
	EMULATED_SETUID,
	EMULATED_SETGID,
	EMULATED_SETREUID,
	EMULATED_SETREGID,
	EMULATED_SETRESUID,
	EMULATED_SETRESGID,
	EMULATED_SETFSUID,
	EMULATED_SETFSGID,
	EMULATED_SETGROUPS,
	EMULATED_GETUID,
	EMULATED_GETEUID,
	EMULATED_GETGID,
	EMULATED_GETEGID,
	EMULATED_GETRESUID,
	EMULATED_GETRESGID,
	EMULATED_GETGROUPS,
	EMULATED_PRCTL,      /* PR_SET_KEEPCAPS, PR_GET_KEEPCAPS; PR_SET_TIMERSLACK does nothing */
	EMULATED_GETSOCKOPT, /* SO_PEERCRED */
	EMULATED_CHROOT,     /* done by the kernel, as those below unless the answer is another */
	EMULATED_EXECVE,
	EMULATED_EXECVEAT,
	EMULATED_STAT,
	EMULATED_LSTAT,
	EMULATED_FSTAT,
	EMULATED_FSTATAT,
	EMULATED_STATX,
};

/* Where root alone is mapped. */
#define EMULATED_ROOT_ONLY EMULATED_CHOWN

/* One number of one architecture. */
struct emulated_number {
	uint32_t arch;
	int number;
	enum emulated_call call;
	bool narrow; /* ids have 16 bits, and a struct stat is the old one */
};

/* The names of a call: an old one, and one with wide values where the old one's are narrow. */
struct emulated_name {
	const char *name, *wide; /* NULL: the old one is wide everywhere */
	enum emulated_call call;
};

extern const struct emulated_name emulated_names[];
extern const size_t emulated_name_count;
