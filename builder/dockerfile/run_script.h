/* SPDX-License-Identifier: Apache-2.0 */
/* What a RUN with heredocs carries out. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct command_line;
struct error;

/* Where the file of a script with "#!" lies while it runs. */
#define RUN_SCRIPT_DIRECTORY "/dev/pipes"

enum run_script_kind {
	RUN_SCRIPT_NONE,  /* no heredoc: the command is what it is */
	RUN_SCRIPT_SHELL, /* `text` is the one argument to the shell */
	RUN_SCRIPT_FILE,  /* `text` is a program: to be put, mode 0755, into the directory above */
};

struct run_script {
	enum run_script_kind kind;
	char *text;
	size_t size;
	char *name; /* of the file */
};

/*
 * Work out which. The body of a heredoc that stands alone is the script itself, and a program of
 * its own when it begins with "#!"; otherwise the shell gets the line and all the bodies as they
 * are written. -EINVAL: the program's name cannot be that of a file, or the heredoc belongs to no
 * command.
 */
int run_script_make(const struct command_line *command, struct run_script *ret, struct error *err);
void run_script_release(struct run_script *script);
DEFINE_CLEANUP_VALUE(struct run_script, run_script_release);
