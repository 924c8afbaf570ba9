/* SPDX-License-Identifier: Apache-2.0 */
/* What rules find in the words of FROM. */
#pragma once

#include "fs/base/strings.h"

struct planning;
struct stage;

/* The variables that a word names: those that have a value, and those that have none. */
struct base_names {
	struct strings found, missing;
};

static inline void base_names_release(struct base_names *names)
{
	strings_release(&names->found);
	strings_release(&names->missing);
}
DEFINE_CLEANUP_VALUE(struct base_names, base_names_release);

/* Variables that no ARG in front of the first FROM declares. */
void find_undefined_in_from(struct planning *planning, const struct stage *stage,
			    const struct base_names *names);
/* What stands behind --platform, and says nothing or too much. */
void find_in_platform(struct planning *planning, const struct stage *stage, const char *platform,
		      const struct base_names *names);
/* Stages that begin with no image when no --build-arg is given. */
void find_in_defaults(struct planning *planning);
