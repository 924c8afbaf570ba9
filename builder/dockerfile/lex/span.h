/* SPDX-License-Identifier: Apache-2.0 */
/* A part of a text that somebody else keeps; it does not end in NUL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *at;
	size_t length;
};

static inline struct span span_of(const char *s)
{
	return (struct span){ .at = s, .length = strlen(s) };
}

/* What is left behind the first `skip` bytes. */
static inline struct span span_from(struct span span, size_t skip)
{
	return (struct span){ .at = span.at + skip, .length = span.length - skip };
}

static inline struct span span_first(struct span span, size_t length)
{
	return (struct span){ .at = span.at, .length = length };
}

static inline bool span_is(struct span span, const char *s)
{
	return strlen(s) == span.length && memcmp(span.at, s, span.length) == 0;
}

bool span_begins_with(struct span span, const char *prefix);

/* Without white space, of whatever kind, at the start, or at both ends. */
struct span span_trim_left(struct span span);
struct span span_trim(struct span span);
/* Without line breaks at the end. */
struct span span_trim_newline(struct span span);

/* The blanks that part keyword, flags and words: tab, vertical tab, form feed, CR, space. */
static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* Bytes up to the next blank, and up to the next that is none. */
size_t span_word_length(struct span span);
size_t span_blank_length(struct span span);
