/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line of sandbox-run says. */
#pragma once

#include <sys/types.h>

#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/spec.h"

#define MAX_FILESYSTEMS 8

struct filesystem {
	char *name, *dir;
	bool shared;
	int owner_fd; /* the asking end */
	pid_t server; /* 0: somebody else's */
};

struct run_options {
	const char *runtime, *dump, *hang;
	struct filesystem filesystems[MAX_FILESYSTEMS];
	size_t filesystem_count;
	struct spec spec;
	struct sandbox_options sandbox;
	unsigned repeat, parallel;
	uint32_t kill_after_ms, cancel_after_ms;
	bool owner, status, timing, echo;
};
extern struct run_options options;

/* Exits with 125. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* Into `options`; dies of what it cannot understand. */
void read_options(int argc, char **argv);
