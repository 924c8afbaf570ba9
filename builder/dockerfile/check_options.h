/* SPDX-License-Identifier: Apache-2.0 */
/* What "# check=..." and the build argument BUILDKIT_DOCKERFILE_CHECK say about lint rules. */
#pragma once

#include <stdbool.h>

#include "fs/base/strings.h"

struct error;
struct statement;

/* All zero: every rule that is not experimental, none of them an error. */
struct check_options {
	bool skip_all, experimental_all;
	struct strings skip, experimental; /* names of rules */
	bool error;                        /* a rule that finds something fails the build */
};

/* "skip=A,B;experimental=all;error=true" in any order. -EINVAL with words. */
int check_options_parse(const char *text, struct check_options *ret, struct error *err);

/*
 * The options in a comment "check=..." above an instruction: 1 and *ret, or 0 when there is none,
 * or one that cannot be understood.
 */
int check_options_of(const struct statement *statement, struct check_options *ret);

void check_options_release(struct check_options *options);
DEFINE_CLEANUP_VALUE(struct check_options, check_options_release);
