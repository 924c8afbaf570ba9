/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls a step may make: those that Docker's default profile leaves to a container
 * with the fourteen usual capabilities. What is known and not named here is refused with EPERM,
 * and what is newer than this table with ENOSYS, so that C libraries fall back to older calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum profile_verdict {
	PROFILE_UNKNOWN, /* ENOSYS */
	PROFILE_REFUSE,  /* EPERM */
	PROFILE_ALLOW,
	PROFILE_SOCKET,      /* all families but AF_ALG and AF_VSOCK */
	PROFILE_PERSONALITY, /* the harmless ones */
	PROFILE_CLONE,       /* no new namespaces */
	PROFILE_VERDICTS,
};

#define PROFILE_MAX_NUMBER 512u

struct profile_arch {
	uint32_t audit_arch;  /* AUDIT_ARCH_ */
	uint32_t libseccomp;  /* SCMP_ARCH_ */
	const char *names[2]; /* groups of calls that exist only there */
};

/* Bits that make clone(2) enter a new namespace. */
#define PROFILE_CLONE_NAMESPACES 0x7e020000u

extern const uint32_t profile_personalities[];
extern const size_t profile_personality_count;

/* The architectures that a kernel of this `cpu_family` (in meson's words) runs: how many. */
size_t profile_archs(const char *cpu_family, const struct profile_arch **ret);

/* A verdict for each number below PROFILE_MAX_NUMBER. */
void profile_fill(const struct profile_arch *arch, enum profile_verdict *ret);

/* The number of a call that exists on `arch`, or -1. */
int profile_number(const struct profile_arch *arch, const char *name);
