/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the display when a build is over: output of the steps that failed, and warnings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct model;
struct progress_colors;

/*
 * The last `lines` lines (0: all that was kept) of each step that failed, between dashed lines.
 * With `safe`, only colours are left of what a terminal would obey.
 */
void summary_add_failures(struct buf *ret, const struct model *model, size_t lines, bool safe);

/* How many warnings there are, and which; `expand` with all that is known about each. */
void summary_add_warnings(struct buf *ret, const struct model *model,
			  const struct progress_colors *colors, bool expand);

/* Append one line of output so that it cannot move the cursor or change modes of the terminal:
 * what a carriage return would overwrite is left out, colours stay. */
void summary_add_safe_line(struct buf *ret, const char *line, size_t length);
