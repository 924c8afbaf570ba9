/* SPDX-License-Identifier: Apache-2.0 */
/* The flags that an instruction knows, and what was given for them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/dockerfile/instructions/instructions_internal.h"

enum flag_type {
	FLAG_BOOL,   /* --link, --link=true, --link=false */
	FLAG_STRING, /* --from=x, at most once */
	FLAG_LIST,   /* --mount=x, any number */
};

/* `name` and `type` are given. */
struct flag {
	const char *name;
	const struct statement_flag *given; /* the last one; NULL: none */
	const char *value;                  /* of a string */
	enum flag_type type;
	enum tristate on; /* of a bool */
};

#define FLAGS_MAX 8

/* Hold the flags of the statement against the `count` that it may have. */
int flags_parse(const struct understanding *u, struct flag *flags, size_t count);
/* For an instruction that has none. */
int flags_none(const struct understanding *u);

/* All values given for the FLAG_LIST `name`, in order. */
struct words flags_values(const struct understanding *u, const char *name);
