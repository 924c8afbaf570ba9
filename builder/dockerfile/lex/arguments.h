/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of each instruction, cut as its own grammar wants: see struct statement. */
#pragma once

#include "builder/dockerfile/lex/keyword.h"
#include "builder/dockerfile/lex/span.h"
#include "builder/dockerfile/lex/words.h"
#include "fs/base/arena.h"

struct error;

struct arguments {
	struct words words;
	bool json;
	bool nul;
};

/* `rest` is what follows keyword and flags, without white space around it. -EINVAL with words for
 * bad syntax. `scratch` is the caller's, to be used again. */
int arguments_parse(enum keyword keyword, struct span rest, char escape, struct arena *arena,
		    struct word_list *scratch, struct arguments *ret, struct error *err);
