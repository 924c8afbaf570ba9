/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/glob.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/utf8.h"

struct text {
	const char *at, *end;
};

static struct text text_of(const char *s)
{
	return (struct text){ .at = s, .end = s + strlen(s) };
}

static bool is_empty(const struct text *text)
{
	return text->at == text->end;
}

static uint32_t take(struct text *text, size_t *ret_size)
{
	uint32_t c = utf8_decode(text->at, (size_t)(text->end - text->at), ret_size);

	text->at += *ret_size;
	return c;
}

/* Take the stars at the front, and what follows them up to the next star. */
static struct text take_chunk(struct text *pattern, bool *ret_star)
{
	struct text chunk;
	bool bracket = false;

	*ret_star = false;
	while (!is_empty(pattern) && *pattern->at == '*') {
		*ret_star = true;
		pattern->at++;
	}
	chunk.at = pattern->at;
	for (; !is_empty(pattern); pattern->at++) {
		char c = *pattern->at;

		if (c == '\\' && pattern->at + 1 < pattern->end)
			pattern->at++;
		else if (c == '[')
			bracket = true;
		else if (c == ']')
			bracket = false;
		else if (c == '*' && !bracket)
			break;
	}
	chunk.end = pattern->at;
	return chunk;
}

/* One end of a range. */
static int take_bound(struct text *chunk, uint32_t *ret)
{
	size_t size;

	if (is_empty(chunk) || *chunk->at == '-' || *chunk->at == ']')
		return -EINVAL;
	if (*chunk->at == '\\') {
		chunk->at++;
		if (is_empty(chunk))
			return -EINVAL;
	}
	*ret = take(chunk, &size);
	if ((*ret == UTF8_INVALID && size == 1) || is_empty(chunk))
		return -EINVAL;
	return 0;
}

/* What stands behind '[': 1 `c` is in it. */
static int match_brackets(struct text *chunk, uint32_t c)
{
	bool negated = false, found = false, first = true;

	if (!is_empty(chunk) && *chunk->at == '^') {
		negated = true;
		chunk->at++;
	}
	for (;; first = false) {
		uint32_t low, high;

		if (!first && !is_empty(chunk) && *chunk->at == ']') {
			chunk->at++;
			return found != negated;
		}
		if (take_bound(chunk, &low) < 0)
			return -EINVAL;
		high = low;
		if (*chunk->at == '-') {
			chunk->at++;
			if (take_bound(chunk, &high) < 0)
				return -EINVAL;
		}
		found |= low <= c && c <= high;
	}
}

/*
 * Match a chunk at the start of `name`, which moves behind it. All of the chunk is read, whatever
 * has failed already, for its syntax.
 */
static int match_chunk(struct text chunk, struct text *name)
{
	struct text rest = *name;
	bool failed = false;
	size_t size;

	while (!is_empty(&chunk)) {
		char wanted = *chunk.at;

		failed |= is_empty(&rest);
		if (wanted == '[') {
			uint32_t c = failed ? 0 : take(&rest, &size);
			int r;

			chunk.at++;
			r = match_brackets(&chunk, c);
			if (r < 0)
				return r;
			failed |= r == 0;
			continue;
		}
		if (wanted == '?') {
			failed |= !failed && *rest.at == '/';
			if (!failed)
				take(&rest, &size);
			chunk.at++;
			continue;
		}
		if (wanted == '\\' && ++chunk.at == chunk.end)
			return -EINVAL;
		failed |= !failed && *chunk.at != *rest.at;
		chunk.at++;
		if (!failed)
			rest.at++;
	}
	if (!failed)
		*name = rest;
	return !failed;
}

/* A chunk that may stand some way on, as far as the next '/'. */
static int match_behind_star(struct text chunk, bool last, struct text *name)
{
	struct text from = *name;

	while (!is_empty(&from) && *from.at != '/') {
		struct text rest;
		int r;

		from.at++;
		rest = from;
		r = match_chunk(chunk, &rest);
		if (r < 0)
			return r;
		if (r > 0 && (!last || is_empty(&rest))) {
			*name = rest;
			return 1;
		}
	}
	return 0;
}

int glob_match(const char *pattern, const char *name)
{
	struct text rest = text_of(pattern), left = text_of(name);

	while (!is_empty(&rest)) {
		struct text saved = left;
		bool star;
		struct text chunk = take_chunk(&rest, &star);
		int r;

		if (star && is_empty(&chunk))
			return !memchr(left.at, '/', (size_t)(left.end - left.at));
		r = match_chunk(chunk, &left);
		/* The last chunk must reach the end; if it does not here, it may further on. */
		if (r > 0 && (!is_empty(&rest) || is_empty(&left)))
			continue;
		if (r > 0)
			left = saved;
		if (r >= 0 && star)
			r = match_behind_star(chunk, is_empty(&rest), &left);
		else if (r > 0)
			r = 0;
		if (r <= 0)
			return r;
	}
	return is_empty(&left);
}

bool glob_has_wildcards(const char *name)
{
	for (; *name; name++) {
		if (*name == '\\' && name[1])
			name++;
		else if (strchr("*?[", *name))
			return true;
	}
	return false;
}
