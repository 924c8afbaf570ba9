/* SPDX-License-Identifier: Apache-2.0 */
/* What to run in the surroundings of a step that is over, put in the words of a plan. */
#pragma once

#include "builder/step/shell.h"
#include "builder/step/step.h"

/* A RUN that was in no Dockerfile. */
struct shell_plan {
	struct vertex vertex;
	struct vertex *binds;        /* what binds show, as if vertices had made it */
	struct step_result *results; /* of these */
	struct strings strings;      /* that others point to */
	struct step_task task;       /* ready to be carried out */
};

/* *ret is to be released in any case, and does not move. */
int shell_plan_make(const struct shell *shell, struct shell_plan *ret, struct error *err);
void shell_plan_release(struct shell_plan *plan);
DEFINE_CLEANUP_VALUE(struct shell_plan, shell_plan_release);
