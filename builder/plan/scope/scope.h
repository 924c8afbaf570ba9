/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line of a stage sees: variables of ENV and ARG, directory, user, shell. It goes along with
 * the instructions of its stage; a stage that is FROM another begins with what that one ended with.
 *
 * ENV and ARG are one list, in which the last assignment counts. What a stage begins with, the
 * environment of its image, counts as assigned there once more: that is why ARG of a base stage
 * does not hide its ENV.
 */
#pragma once

#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/lex/words.h"
#include "builder/plan/scope/variables.h"
#include "fs/base/strings.h"

struct config;
struct error;
struct plan_memory;

struct scope {
	struct plan_memory *memory;
	char escape; /* of the Dockerfile */
	struct variables env;
	struct variables image_env; /* what of it the configuration has, in its order */
	struct variables args;      /* that were declared, in the order of their first time */
	const char *working_dir;    /* as the configuration has it; NULL: none */
	const char *cwd;            /* absolute and clean */
	const char *user;           /* "": root */
	struct words shell;         /* in front of commands of the shell form; never empty */
	bool shell_given;           /* by the image or SHELL */
	bool env_unknown;           /* the image may have set more than is here */
	bool cmd_given;             /* there was a CMD in this very stage */
	bool workdir_given;         /* there was a WORKDIR, here or in a stage that it is FROM */
	struct strings *missing;    /* gets names that are asked for and not set; may be NULL */
	/* Made of `env` and `args` when they are asked for; NULL items and NULL before. */
	struct strings env_list;
	const char *run_prefix;
};

/* The scope of a stage's first line: on an image, or on another stage. -E2BIG. */
int scope_begin(struct scope *scope, struct plan_memory *memory, char escape,
		const struct config *config, struct error *err);
int scope_inherit(struct scope *scope, struct scope *base, struct error *err);

/* Values of ENV and ARG; good as long as the scope stays where it is. */
struct expand_env scope_expand_env(const struct scope *scope);

/*
 * What `word` stands for, quotes taken off; `flags` are those of expand.h. -EINVAL, or -E2BIG when
 * the plan gets too large. The result lives in the memory.
 */
int scope_expand(const struct scope *scope, const char *word, unsigned flags, const char **ret,
		 struct error *err);
/* Every one of `words`, in order. */
int scope_expand_all(const struct scope *scope, const struct words *words, struct words *ret,
		     struct error *err);

int scope_set_env(struct scope *scope, const char *name, const char *value, struct error *err);
/* ARG: `value` NULL is none. Values that are not for commands do not enter the environment. */
int scope_declare(struct scope *scope, const char *name, const char *value, struct error *err);

/* A variable that is not for commands. */
bool scope_is_hidden(const char *name);

/* The environment of a command as "NAME=value". */
const struct strings *scope_env(struct scope *scope);
/* What history has in front of a command: "RUN |2 a=1 b=2 ", or "RUN ". */
const char *scope_run_prefix(struct scope *scope);

/* Go to `path`, from the directory where it is now: `working_dir` and `cwd` follow. */
void scope_change_dir(struct scope *scope, const char *path);
/* `path` from the present directory on, absolute and clean. */
char *scope_path(const struct scope *scope, const char *path);
