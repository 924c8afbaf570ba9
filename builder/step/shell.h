/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process in the surroundings of a step that is over: on a throw-away copy of the state that it
 * left, as its user, with its environment and, as far as they can be had, its mounts. What it
 * writes, to caches as well, goes when it ends.
 */
#pragma once

#include "builder/step/note.h"
#include "builder/step/step_env.h"

struct error;

struct shell {
	/* Secrets, agents and what is allowed are this one's; warnings are told it. */
	struct step_env *env;
	struct object_id state;
	const struct step_note *note; /* of the step that left it; NULL: there is none */
	const struct strings *argv;   /* NULL or empty: the state's shell */
	const char *user, *cwd;       /* NULL: the step's */
	const struct strings *extra_env;
	bool network_given; /* else as the step had it */
	enum run_network network;

	int in_fd, out_fd, err_fd;
	/* They are a terminal, whose size is that of `in_fd`, and which has been made raw. */
	bool terminal;
	/* Gives a byte for each signal: SIGWINCH, or one to be passed on; -1: none comes. */
	int signal_fd;
	/* What failed in its filesystems of which the process saw but a number, appended; or NULL. */
	struct strings *failures;
};

/* 0, and in *ret_status what a shell would say of the end of such a process. */
int shell_run(const struct shell *shell, int *ret_status, struct error *err);
