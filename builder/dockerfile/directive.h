/* SPDX-License-Identifier: Apache-2.0 */
/* Parser directives: "# syntax=...", "# escape=...", "# check=..." above everything else. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/dockerfile/lex/span.h"

struct arena;

enum directive_kind { DIRECTIVE_NONE, DIRECTIVE_SYNTAX, DIRECTIVE_ESCAPE, DIRECTIVE_CHECK };

/* All zero: it was not given. */
struct directive {
	const char *value; /* its first word */
	const char *text;  /* all of it */
	uint32_t line;
};

/* "syntax", "escape" or "check". */
const char *directive_name(enum directive_kind kind);

/* What one line says, `comment` being what must stand in front ("#", "//", or "" for the text of a
 * comment): DIRECTIVE_NONE, or which one, with its value in *ret. */
enum directive_kind directive_of_line(struct span line, const char *comment, struct span *ret);

/*
 * Where the block of directives has got to; all zero at the start of a file. It ends at the first
 * line that is none.
 */
struct directive_block {
	bool ended;
	unsigned seen; /* 1 << kind */
};

/* Take the next line: 1 it is a directive, 0 it is none, -EEXIST: a second one of *ret_kind. */
int directive_block_next(struct directive_block *block, struct span line, const char *comment,
			 enum directive_kind *ret_kind, struct span *ret_value);

/*
 * Find a directive as those do who only want to know that one of a file: behind a byte order mark
 * and a first line that begins with "#!", blanks in front not allowed. Syntax is also found as
 * "// syntax=..." and in a JSON object. False, and *ret untouched, when there is none.
 */
bool directive_find(enum directive_kind kind, struct span source, struct arena *arena,
		    struct directive *ret);
