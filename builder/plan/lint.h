/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is worth saying about a Dockerfile and does not stop a build: findings of rules, which the
 * file may turn off or make an error, and other remarks. They are collected while the file is read
 * and planned, so that they are there as well when that fails.
 */
#pragma once

#include <stdbool.h>

#include "builder/dockerfile/diagnostic.h"
#include "builder/plan/lint_rules.h"
#include "fs/base/cleanup.h"

struct dockerfile;
struct lint;
struct recipe;
struct statement;
struct strings;

struct plan_warning {
	const struct lint_rule_facts *rule; /* NULL: a remark */
	char *text;
	struct location where; /* nowhere: about the build as a whole */
	size_t order;          /* in which they were found */
};

/*
 * Heed what "# check=" of the file or, before it, the build argument BUILDKIT_DOCKERFILE_CHECK
 * says; `build_args` may be NULL. A frontend that is asked for and not built in is remarked on.
 * -EINVAL.
 */
int lint_open(const struct dockerfile *file, const struct strings *build_args, struct lint **ret,
	      struct diagnostic *diag);
void lint_free(struct lint *lint);
DEFINE_CLEANUP(struct lint *, lint_free);

/*
 * Look at what can be seen in the file alone. Without a recipe, its instruction at `failed` could
 * not be understood, and nothing behind that is looked at.
 */
void lint_file(struct lint *lint, const struct dockerfile *file, const struct recipe *recipe,
	       struct location failed);

/* Planning begins, for the first time or `again`, for another platform: what has been said then is
 * not said once more. */
void lint_begin(struct lint *lint, bool again);

/* A finding in `statement`, unless the rule is off, there or everywhere. `lint` may be NULL. */
void lint_warn(struct lint *lint, const struct statement *statement, enum lint_rule rule,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same, of which other lines are shown. */
void lint_warn_at(struct lint *lint, const struct statement *statement, struct location where,
		  enum lint_rule rule, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* A remark. */
void lint_remark(struct lint *lint, struct location where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* All there is to say, in the order of lines. */
const struct plan_warning *lint_warnings(struct lint *lint, size_t *ret_count);

/* -EINVAL when a rule found something and that is to be an error. */
int lint_finish(struct lint *lint, struct diagnostic *diag);
