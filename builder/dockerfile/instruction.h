/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the instructions of a Dockerfile say, one struct for each kind. Everything is as it is
 * written: variables are not expanded, paths not cleaned, names not resolved. What is not given is
 * NULL, 0 or empty. Strings belong to the struct recipe that the instruction is part of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/dockerfile/parser.h"

/* A flag that says yes, no, or nothing. */
enum tristate { TRISTATE_UNSET, TRISTATE_NO, TRISTATE_YES };

/* A command of RUN, CMD or ENTRYPOINT. */
struct command_line {
	struct words args; /* of the shell form: at most one, the whole line */
	bool exec_form;    /* it was a JSON array: no shell in front */
	/* RUN only; see run_script.h for what becomes of them. */
	const struct heredoc *heredocs;
	size_t heredoc_count;
};

enum run_network { RUN_NETWORK_DEFAULT, RUN_NETWORK_NONE, RUN_NETWORK_HOST };
enum run_security { RUN_SECURITY_SANDBOX, RUN_SECURITY_INSECURE };

struct run_device {
	const char *name; /* of the Container Device Interface; "" when none was given */
	bool required;
};

struct run_instruction {
	struct command_line command;
	struct words mounts; /* the rows of --mount, for run_mounts_parse() */
	enum run_network network;
	enum run_security security;
	const struct run_device *devices;
	size_t device_count;
};

/* A file whose content stands in the Dockerfile. */
struct copy_file {
	const char *name;
	const char *content; /* tabs at the start of lines taken off where <<- asks for it */
	size_t content_size;
	bool expand; /* with EXPAND_NO_QUOTES and the escape character '\\' */
};

/* COPY and ADD */
struct copy_instruction {
	struct words sources;
	const struct copy_file *files;
	size_t file_count;
	const char *destination;
	const char *from; /* COPY only */
	const char *chown, *chmod;
	const char *checksum; /* ADD only */
	struct words excludes;
	bool link;
	bool parents;                       /* COPY only */
	enum tristate keep_git_dir, unpack; /* ADD only */
};

struct key_value {
	const char *key, *value;
	bool old_form; /* "KEY value" instead of "KEY=value" */
};

/* ENV and LABEL */
struct pairs_instruction {
	const struct key_value *items;
	size_t count;
};

struct arg_item {
	const char *key;
	const char *value; /* NULL: no default */
	const char *doc;   /* from the comment above; NULL */
};

struct arg_instruction {
	const struct arg_item *items;
	size_t count;
};

/* Intervals are nanoseconds; 0 is the default, or what the base image says. */
struct health_instruction {
	struct words test; /* "NONE"; or "CMD" or "CMD-SHELL", and the command */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns;
	uint32_t retries;
};

/* EXPOSE: sorted. VOLUME: without white space around each. SHELL. */
struct words_instruction {
	struct words words;
};

/* WORKDIR, USER, STOPSIGNAL, MAINTAINER */
struct text_instruction {
	const char *text;
};

struct onbuild_instruction {
	/* What an image's config keeps of it: without "ONBUILD", with the bodies of heredocs. */
	const char *expression;
};

struct from_instruction {
	const char *base;
	const char *name;     /* lower case; NULL */
	const char *platform; /* NULL */
	const char *doc;      /* from the comment above, of a stage with a name; NULL */
};

struct instruction {
	enum keyword keyword; /* which of these it is; never KEYWORD_UNKNOWN */
	const struct statement *statement;
	union {
		struct copy_instruction copy; /* ADD, COPY */
		struct arg_instruction arg;
		struct command_line command; /* CMD, ENTRYPOINT */
		struct pairs_instruction pairs;
		struct words_instruction words;
		struct from_instruction from;
		struct health_instruction health;
		struct text_instruction text;
		struct onbuild_instruction onbuild;
		struct run_instruction run;
	};
};
