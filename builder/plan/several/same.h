/* SPDX-License-Identifier: Apache-2.0 */
/* Vertices that do the same work. */
#pragma once

#include <stdbool.h>

struct vertex;

/*
 * Do both make the same state? Inputs are the same when they are the same vertex. What stages are
 * called, and what an image that ended there would have in its configuration, does not count.
 */
bool vertex_same(const struct vertex *a, const struct vertex *b);
