/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verb of the command is. A new one takes a file cmd_<name>.c that defines `verb_<name>`,
 * and a line in the list of tools/meson.build; parsing, --help, completions and the check of its
 * man page follow from the tables here.
 */
#pragma once

#include <stddef.h>

#include "tools/options.h"

struct environment;
struct error;
struct invocation;

/* How the command ends. A verb may also return the status of a program that it ran for the user. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_BUILD_FAILED = 1,
	EXIT_TROUBLE = 125, /* an error of varve's own, or of how it was called */
	EXIT_INTERRUPTED = 130,
};

enum verb_flags {
	VERB_HIDDEN = 1 << 0, /* works, but is not listed */
};

#define VERB_ANY_COUNT ((size_t)-1)

struct verb {
	const char *name;
	const char *summary;     /* one line, without a full stop */
	const char *operands;    /* as the usage line shows them: "PATH | URL | -", or NULL */
	const char *description; /* more paragraphs for --help, or NULL */
	const char *group;       /* heading of the list of verbs, NULL for "Commands" */
	unsigned flags;

	const struct option_spec *options; /* ends with an empty one; NULL for none */
	size_t values_size;                /* the struct that their fields lie in */

	size_t min_operands, max_operands;
	enum completion operand_completion;
	const char *const *operand_choices; /* NULL-terminated; what completion offers, or NULL */

	/* Verbs below this one, NULL-terminated; then `run` is NULL, and the operands are theirs. */
	const struct verb *const *children;

	/*
	 * Do it. Returns an exit status, or a negative errno and the words in `err`: -EINVAL when the
	 * command line is at fault, which then points to --help; -ECANCELED for an interrupt.
	 */
	int (*run)(const struct invocation *call, struct error *err);
};

/* A verb as it was called. */
struct invocation {
	const struct verb *verb;
	const struct verb *root; /* the command itself, its children the verbs */
	const char *path;        /* "varve cache ls" */
	const void *options;     /* the verb's own struct, filled */
	char *const *operands;   /* NULL-terminated */
	size_t operand_count;
	struct environment *environment;
};
