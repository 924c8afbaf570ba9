/* SPDX-License-Identifier: Apache-2.0 */
/* What the target of a build can be given: arguments, secrets, ssh agents. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/dockerfile/diagnostic.h"

struct planning;

enum outline_kind { OUTLINE_ARG, OUTLINE_SECRET, OUTLINE_SSH };

struct outline_item {
	enum outline_kind kind;
	const char *name;  /* of an ARG, or an id */
	const char *value; /* of an ARG: "" when it has none */
	const char *doc;   /* from the comment above; NULL */
	bool required;     /* of the others */
	struct location where;
};

/* In the memory of a plan. Each name once for its kind, in the order of lines. */
struct outline {
	struct outline_item *items;
	size_t count;
};

/* An item that an instruction asks for; of equal ones the last counts. Strings are kept. */
void outline_note(struct planning *planning, const struct outline_item *item);
/* All that the needed stages ask for; what their FROMs use of the global ARGs included. */
void outline_finish(struct planning *planning, struct outline *ret);
