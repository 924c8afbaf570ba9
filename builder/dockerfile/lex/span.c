/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/span.h"

#include "fs/base/utf8.h"

bool span_begins_with(struct span span, const char *prefix)
{
	size_t length = strlen(prefix);

	return span.length >= length && memcmp(span.at, prefix, length) == 0;
}

struct span span_trim_left(struct span span)
{
	size_t size;

	while (span.length && utf8_is_space(utf8_decode(span.at, span.length, &size)))
		span = span_from(span, size);
	return span;
}

struct span span_trim(struct span span)
{
	size_t size;

	span = span_trim_left(span);
	while (span.length &&
	       utf8_is_space(utf8_decode_last(span.at, span.at + span.length, &size)))
		span.length -= size;
	return span;
}

struct span span_trim_newline(struct span span)
{
	while (span.length &&
	       (span.at[span.length - 1] == '\n' || span.at[span.length - 1] == '\r'))
		span.length--;
	return span;
}

size_t span_word_length(struct span span)
{
	size_t i = 0;

	while (i < span.length && !is_blank(span.at[i]))
		i++;
	return i;
}

size_t span_blank_length(struct span span)
{
	size_t i = 0;

	while (i < span.length && is_blank(span.at[i]))
		i++;
	return i;
}
