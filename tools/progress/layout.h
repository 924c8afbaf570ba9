/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows a terminal shows of a build, when it cannot show all: a pure function of the model. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/cleanup.h"

struct model;
struct model_vertex;

enum layout_kind {
	LAYOUT_VERTEX,
	LAYOUT_STATUS,  /* vertex->statuses[index] */
	LAYOUT_WARNING, /* vertex->warnings.items[index] */
	LAYOUT_LOG,     /* row `index` of vertex->screen */
	LAYOUT_MORE,    /* `index` running vertices found no place */
};

struct layout_row {
	enum layout_kind kind;
	const struct model_vertex *vertex;
	size_t index;
};

struct layout {
	struct layout_row *rows;
	size_t count, capacity;
};

/*
 * At most `room` rows: whatever runs, as far as it fits; what is under way in it; up to
 * `log_lines` last lines of the output of each; then what ended last. With `everything` set:
 * all there is but the logs, and `room` does not count.
 */
void layout_make(struct layout *layout, const struct model *model, size_t room, size_t log_lines,
		 bool everything);
void layout_release(struct layout *layout);
DEFINE_CLEANUP_VALUE(struct layout, layout_release);
