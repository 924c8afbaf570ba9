/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a word of a Dockerfile, variable by variable: shared by the files of this folder. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "builder/dockerfile/expand.h"
#include "builder/dockerfile/lex/span.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/base/utf8.h"

/*
 * Something that must be closed again: the whole text (the first frame), what stands between
 * double quotes, or the word of a ${...}. A stack of them stands in for recursion.
 */
struct frame {
	bool quote;
	char stop;           /* what closes it; '\0': the end of the text */
	bool escapes_before; /* raw_escapes outside of it */
	size_t start;        /* where its part of `out` begins */
	/* Of a ${...}: */
	struct span name;
	char op; /* one of - + ? # % /, or '\0' for one that there is not */
	bool colon, all;
	struct span mark; /* the modifier as it is written, ":" included */
	char *pattern;    /* of ${v/p/w}, once it has been read */
};

/* Cutting into words; `list` is NULL when nobody wants them. */
struct cutter {
	struct strings *list;
	struct buf word;
	bool in_word;
};

struct machine {
	const struct expander *how;
	const char *at, *end;
	bool raw_escapes;
	struct buf out;
	struct frame frames[EXPAND_DEPTH_MAX + 1];
	size_t depth; /* frames in use */
	struct cutter cutter;
	struct buf name; /* scratch */
	struct strings found, missing;
	struct error *err;
};

/* Read the text between `at` and `end` into `out` and the cutter. */
int machine_run(struct machine *m);
void machine_release(struct machine *m);
DEFINE_CLEANUP_VALUE(struct machine, machine_release);

/* What has been read of the last word becomes one. */
void machine_end_word(struct machine *m);

/* Add to the text of the innermost frame; `raw`: white space in it does not part words. */
int machine_emit(struct machine *m, struct span text, bool raw);

int machine_push(struct machine *m, struct frame frame, bool raw_escapes);
/* Take the text of the innermost frame off the output; the caller frees it. */
char *machine_pop(struct machine *m);

/* At a "$": its value, or the frame of a ${...}. The second is for the stop character of that frame,
 * which has been read. */
int machine_take_dollar(struct machine *m);
int machine_finish_modifier(struct machine *m);
/* Say that one was not closed: -EINVAL. */
int machine_missing_brace(struct machine *m);

static inline bool machine_at_end(const struct machine *m)
{
	return m->at == m->end;
}

static inline bool machine_next_is(const struct machine *m, char c)
{
	return m->at < m->end && *m->at == c;
}

/* The next character, which is there. */
static inline struct span machine_take_char(struct machine *m)
{
	struct span c = { .at = m->at };

	utf8_decode(m->at, (size_t)(m->end - m->at), &c.length);
	m->at += c.length;
	return c;
}
