/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a Dockerfile as instructions see them: continuations joined, comments and empty
 * lines taken out, directives obeyed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/dockerfile/diagnostic.h"
#include "builder/dockerfile/directive.h"
#include "builder/dockerfile/lex/span.h"
#include "builder/dockerfile/parser.h"
#include "fs/base/buf.h"

/* `rest`, `escape` and `arena` are set by whoever begins; the rest is zero then. */
struct line_reader {
	struct span rest; /* what was not read yet */
	uint32_t line;    /* number of the last line read */
	char escape;
	struct arena *arena;
	struct directive_block directives;
	struct word_list comments; /* since the last logical line */
	struct buf text;           /* of the present logical line */
	struct text_mark *marks;
	size_t mark_count, mark_capacity;
};

struct logical_line {
	struct span text; /* good until the next one is read */
	struct location where;
	bool empty_continuation;
};

/*
 * The next logical line: 1, 0 at the end, negative failed. Its marks are reader->marks, the
 * comments above it reader->comments, both until the next call.
 */
int line_reader_next(struct line_reader *reader, struct logical_line *ret, struct diagnostic *diag);

/* The next line as it stands in the file, its line break included: 1, 0 at the end, -E2BIG. */
int line_reader_raw(struct line_reader *reader, struct span *ret, struct diagnostic *diag);

void line_reader_release(struct line_reader *reader);
DEFINE_CLEANUP_VALUE(struct line_reader, line_reader_release);
