/* SPDX-License-Identifier: Apache-2.0 */
/* What an ignore file says to planning: which sources of COPY cannot be there. */
#pragma once

#include "builder/plan/plan.h"

struct patterns;

struct ignore {
	struct plan_ignore plan;
	const struct patterns *patterns;
};

/*
 * False, and *ret is of no use, when there is nothing to say: no patterns (NULL), or exceptions
 * among them, with which a directory that is left out may still hold a file that is not.
 */
bool ignore_init(struct ignore *ret, const struct patterns *patterns);
