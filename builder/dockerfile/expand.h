/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables and quotes in the words of a Dockerfile:
 *
 *	$v ${v} ${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?w} ${v?w}
 *	${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/w} ${v//p/w}
 *
 * where w is expanded in turn and p is a pattern of '*', '?' and '\\'. Single quotes keep their
 * content as it is, double quotes allow variables, the escape character takes the meaning off
 * what follows. Bytes that are no UTF-8 go through unchanged.
 */
#pragma once

#include <stddef.h>

struct buf;
struct error;
struct strings;

/* Limits, past which an expansion fails with -E2BIG. */
#define EXPAND_DEPTH_MAX  100 /* ${a:-${b:-${c}}} is three deep */
#define EXPAND_RESULT_MAX ((size_t)64 << 20)

/* Where values come from: NULL for a name that is not set. The string need only last until the
 * next call. */
typedef const char *(*expand_get_fn)(void *context, const char *name);

struct expand_env {
	expand_get_fn get; /* NULL: no variable is set */
	void *context;
};

/* "NAME=value" strings, which outlive it. */
struct expand_env expand_env_of(const struct strings *list);

enum expand_flags {
	EXPAND_RAW_QUOTES = 1 << 0,  /* quotes work, and stay in the result */
	EXPAND_RAW_ESCAPES = 1 << 1, /* escape characters work, and stay in the result */
	EXPAND_NO_QUOTES = 1 << 2,   /* quotes are letters: the bodies of heredocs */
	EXPAND_KEEP_UNSET = 1 << 3,  /* variables that are not set stay as they are written */
};

struct expander {
	char escape; /* of the Dockerfile; '\\' for bodies of heredocs, whatever it says */
	unsigned flags;
	struct expand_env env;
	/* Names that were asked for, added sorted and each once; either may be NULL. */
	struct strings *found;
	struct strings *missing;
};

/*
 * Expand `word` and append it to `ret`, blanks and all. -EINVAL with the reason for bad syntax and
 * for ${v:?w}. On failure `ret` is as it was.
 */
int expand_word(const struct expander *expander, const char *word, struct buf *ret,
		struct error *err);

/* The same, cut at white space that stands neither in quotes nor behind an escape character; what
 * came from a variable is cut too. */
int expand_words(const struct expander *expander, const char *text, struct strings *ret,
		 struct error *err);
