/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables that are set without the Dockerfile's doing: what platform builds and what platform it
 * is built for. FROM sees them as they are, a stage declares them first: ARG TARGETARCH.
 */
#pragma once

#include <stdbool.h>

struct plan_memory;
struct plan_options;
struct variables;

/* Append them all, with what --build-arg says instead. `target` is the name of the stage that is
 * built, "" when it has none. */
void platform_args_add(const struct plan_options *options, const char *target,
		       struct plan_memory *memory, struct variables *ret);

bool platform_arg_known(const char *name);
