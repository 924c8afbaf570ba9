/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of a command line, described by a table that parsing, --help, completions and the check
 * of the man page all read. The rules are those that docker's users know: long and short options
 * stand anywhere among the operands, "--" ends them, "-abc" is "-a -b -c", and a value follows as
 * "--name value", "--name=value", "-n value", "-nvalue" or "-n=value".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/strings.h"

struct error;

/* The type of the field that holds the value; OPTION_AT() finds it out. */
enum option_kind {
	OPTION_BOOL,     /* bool: "--name", "--name=false" */
	OPTION_STRING,   /* const char *: the last one given, pointing into argv or the table */
	OPTION_LIST,     /* struct strings: one more each time */
	OPTION_NUMBER,   /* uint64_t */
	OPTION_DURATION, /* int64_t, nanoseconds; written as Go does: "1h30m" */
};

enum option_flags {
	OPTION_HIDDEN = 1 << 0, /* works, but is shown nowhere */
	/* Accepted with a warning, for scripts written for others; takes no field, and its `help`
	 * goes on the warning's sentence: "--compress has no effect: layers are …". Hidden too. */
	OPTION_NO_EFFECT = 1 << 1,
	OPTION_GLOBAL = 1 << 2, /* of the command itself, but good behind the verb as well */
	OPTION_COMMAS = 1 << 3, /* a list whose items may also stand in one value, with commas */
	OPTION_BYTES = 1 << 4,  /* a number that may carry a unit: "64m" */
};

/* What a shell offers for a value or an operand. */
enum completion { COMPLETE_NOTHING, COMPLETE_FILE, COMPLETE_DIRECTORY, COMPLETE_VERB };

struct option_spec {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* 0 for none */
	unsigned flags;
	enum option_kind kind;
	size_t offset; /* of the field in the verb's struct */

	const char *value;   /* the value's name in --help; NULL for the one that fits its kind */
	const char *initial; /* the value when the option is not given; NULL for none, 0 or false */
	const char
		*implied; /* the value of "--name" alone; a value must be tied on with "=" then */
	const char *help;
	const char *const *choices; /* the only values there are, NULL-terminated; or NULL */
	enum completion completion;
};

/* `.kind` and `.offset` of a spec whose value goes to `field` of `type`. */
/* clang-format off: version 14 knows no _Generic */
#define OPTION_AT(type, field) \
	.kind = _Generic(((type *)NULL)->field, bool: OPTION_BOOL,                       \
			 const char *: OPTION_STRING, struct strings: OPTION_LIST,       \
			 uint64_t: OPTION_NUMBER, int64_t: OPTION_DURATION),             \
	.offset = offsetof(type, field)
/* clang-format on */

/* A table and the struct it fills. */
struct option_scope {
	const struct option_spec *specs; /* NULL for none */
	void *values;
	bool only_global; /* leave aside what is not OPTION_GLOBAL */
};

/* Whether a value must, may or cannot follow. */
bool option_takes_value(const struct option_spec *spec);
/* How --help names the value: "string", "list", "bytes" …; "" for a switch. */
const char *option_value_name(const struct option_spec *spec);
/* Not for --help, completions and man pages. */
bool option_is_hidden(const struct option_spec *spec);

/* Put the initial values of `specs` into `values`, which is all zero. */
void options_init(const struct option_spec *specs, void *values);
void options_release(const struct option_spec *specs, void *values);

/* How a command line is to be read. */
struct option_reading {
	const struct option_scope *scopes; /* names are looked up in one after another */
	size_t scope_count;
	bool stop_at_operand;
	struct strings *operands; /* appended to */
	struct strings *warnings; /* appended to: sentences without a program's name in front */
};

/*
 * Read arguments from argv[*at], to the end or to the first operand where reading stops there;
 * *at is where it stopped. -EINVAL when the arguments are wrong.
 */
int options_parse(const struct option_reading *reading, const char *const *argv, size_t *at,
		  struct error *err);
