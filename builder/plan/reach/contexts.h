/* SPDX-License-Identifier: Apache-2.0 */
/* Which --build-context a name of the Dockerfile means. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct plan_context;
struct plan_options;
struct platform;
struct vertex;

/* All zero is empty. */
struct contexts {
	struct context_name *items;
	size_t count;
};

void contexts_init(struct contexts *contexts, const struct plan_options *options);
void contexts_release(struct contexts *contexts);

/* The one for an image or stage of this name, or NULL. One that was given for the platform alone
 * comes first. "scratch" and "context" cannot be replaced. */
const struct plan_context *contexts_find(const struct contexts *contexts, const char *name,
					 const struct platform *platform);

/* Where the vertex of the directory that was given under this very name is kept; NULL in it: none
 * was made yet. */
struct vertex **contexts_vertex(const struct contexts *contexts, const char *name);
