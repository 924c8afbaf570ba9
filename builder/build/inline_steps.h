/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says of the steps that its layers came from: --cache-to type=inline. */
#pragma once

#include <stdbool.h>

struct config_steps;
struct error;
struct finish;
struct object_id;
struct plan_stage;
struct strings;

/* Is it asked for with BUILDKIT_INLINE_CACHE? As with BuildKit, what is no truth value is none. */
bool inline_steps_asked(const struct strings *build_args);
/* Those of a target, whose last state is `state`, but none that had secrets; into an empty list. */
int inline_steps_read(const struct finish *finish, const struct plan_stage *target,
		      const struct object_id *state, struct config_steps *ret, struct error *err);
