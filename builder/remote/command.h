/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program of the host for what it prints. */
#pragma once

#include <stddef.h>

struct buf;
struct error;
struct strings;

/* What is told to a program, at most: it has to fit into a pipe. */
#define COMMAND_INPUT_MAX ((size_t)4096)

struct command {
	const struct strings *arguments; /* the first one is the program, looked for in the PATH */
	const struct strings *env;       /* NULL: as it is here */
	const char *input;               /* NULL: nothing */
	size_t output_max;               /* more than this is -E2BIG */
	int cancel_fd;                   /* readable: end it; -1: none */
};

/*
 * Its status as waitpid() has it, what it printed, and the end of what it complained of, in one
 * line. It is the leader of a group of its own, which ends with it when it is cut short.
 * -ENOENT: there is no such program, with no words; -ECANCELED.
 */
int command_run(const struct command *command, struct buf *ret_output, struct buf *ret_complaint,
		int *ret_status, struct error *err);
