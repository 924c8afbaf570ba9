/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions of a Dockerfile in stages: understood, checked as far as that needs nothing but
 * the file, and not yet planned.
 */
#pragma once

#include <stddef.h>

#include "builder/dockerfile/instruction.h"

/* One FROM and what follows it. */
struct stage {
	size_t index;
	const struct instruction *from;
	const char *name;                       /* as in `from`, but never NULL */
	const struct instruction *instructions; /* without the FROM */
	size_t count;
};

struct recipe {
	const struct dockerfile *file;
	const struct instruction *globals; /* ARG in front of the first FROM */
	size_t global_count;
	const struct stage *stages;
	size_t stage_count;           /* never 0 */
	const struct stage **by_name; /* those with a name, sorted by it, then by index */
	size_t name_count;
	struct arena arena;
};

/*
 * Understand a parsed Dockerfile, which must outlive the result. -EINVAL: something is wrong with
 * an instruction, `diag` says where; -E2BIG for a limit.
 */
int recipe_parse(const struct dockerfile *file, struct recipe **ret, struct diagnostic *diag);
void recipe_free(struct recipe *recipe);
DEFINE_CLEANUP(struct recipe *, recipe_free);

/* The last of the first `before` stages that has this name, in letters of either case, or NULL. */
const struct stage *recipe_stage(const struct recipe *recipe, const char *name, size_t before);

/* One instruction that an image keeps for those who build on it: see ONBUILD. */
struct trigger {
	struct dockerfile *file;
	struct arena arena;
	struct instruction instruction;
};

/* Understand the text of a trigger. Its location, in the result and in `diag`, is `where`: that of
 * the FROM which carries it out. */
int trigger_parse(const char *text, struct location where, struct trigger **ret,
		  struct diagnostic *diag);
void trigger_free(struct trigger *trigger);
DEFINE_CLEANUP(struct trigger *, trigger_free);
