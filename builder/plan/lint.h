/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings that belong to a rule, which a Dockerfile may turn off or make an error. */
#pragma once

struct planning;
struct statement;

/* What "# check=" or, before it, BUILDKIT_DOCKERFILE_CHECK says. -EINVAL. */
int lint_begin(struct planning *planning);

/* Warn of what `rule` finds in an instruction, unless the rule is skipped. */
void lint_warn(struct planning *planning, const struct statement *statement, const char *rule,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* -EINVAL when something was found and that is to be an error. */
int lint_finish(struct planning *planning);
