/* SPDX-License-Identifier: Apache-2.0 */
/* Letting go of names whose objects are lost. */
#pragma once

#include <stdbool.h>

struct error;
struct marker;
struct store;
struct strings;

/* Check what every root refers to. Each that something is lost below adds a line to `problems`; with `drop`, it is
 * removed as well, by the holder of the exclusive lock. Damaged refs and steps count as such too. */
int roots_check(struct store *store, struct marker *marker, bool drop, struct strings *problems,
		struct error *err);
