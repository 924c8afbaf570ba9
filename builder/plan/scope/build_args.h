/* SPDX-License-Identifier: Apache-2.0 */
/* What the user gave with --build-arg, and which names mean something without any ARG. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/strings.h"

struct variables;

/* The value for `name`, of several the last; NULL: none was given. `args` may be NULL. */
const char *build_args_get(const struct strings *args, const char *name);

/*
 * Proxy settings among them, for the environment of commands: each in capitals and in small
 * letters, without those whose name is in `declared`, which are there already.
 */
void build_args_proxies(const struct strings *args, const struct variables *declared,
			struct strings *ret);

/* Names that were given and that nobody asks for: neither those in `declared` nor a name with a
 * meaning of its own. Each once, in the order given. */
void build_args_unused(const struct strings *args, const struct strings *declared,
		       struct strings *ret);
