/* SPDX-License-Identifier: Apache-2.0 */
/* Which colours the lines of a progress display have. */
#pragma once

#include <stdbool.h>

struct strings;

#define COLOR_SEQUENCE_MAX 24

/* Escape sequences that begin each kind of line; "" for none. */
struct progress_colors {
	bool enabled;
	char done[COLOR_SEQUENCE_MAX];
	char canceled[COLOR_SEQUENCE_MAX];
	char failed[COLOR_SEQUENCE_MAX];
	char warning[COLOR_SEQUENCE_MAX];
	char log[COLOR_SEQUENCE_MAX];
};

/*
 * The usual ones, then what `definition` changes (BUILDKIT_COLORS: "run=green:error=255,0,0:…";
 * NULL for none). What in it makes no sense is named in `complaints` and left aside.
 */
void progress_colors_init(struct progress_colors *colors, bool enabled, const char *definition,
			  struct strings *complaints);

/* What ends a line that began with one of them. */
const char *progress_color_end(const struct progress_colors *colors);
