/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand/glob.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "builder/dockerfile/expand.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "fs/base/utf8.h"

#define ITEM_ANY  UINT32_MAX       /* one character */
#define ITEM_STAR (UINT32_MAX - 1) /* any number of them */

/* A character as it is counted here: bytes that are no UTF-8 are each other's equal only. */
static uint32_t take(const char *at, size_t left, size_t *ret_size)
{
	uint32_t c = utf8_decode(at, left, ret_size);

	return c == UTF8_INVALID && *ret_size == 1 ? 0x80000000U | (unsigned char)*at : c;
}

static uint32_t take_last(const char *start, const char *end, size_t *ret_size)
{
	utf8_decode_last(start, end, ret_size);
	return take(end - *ret_size, *ret_size, ret_size);
}

struct glob {
	uint32_t *items;
	size_t count;
	/* Sets of positions in the pattern that a match may have reached: count + 1 flags each. */
	unsigned char *now, *next;
};

static void glob_release(struct glob *glob)
{
	free(glob->items);
	free(glob->now);
	free(glob->next);
}
DEFINE_CLEANUP_VALUE(struct glob, glob_release);

static int bad_escape(const char *pattern, const char *at, size_t size, struct error *err)
{
	return error_set(err, -EINVAL,
			 "invalid pattern (%s) in substitution: invalid escape '\\%.*s'", pattern,
			 (int)size, at);
}

static int check_work(const char *pattern, const char *value, struct error *err)
{
	size_t length = strlen(pattern), value_length = strlen(value), work;

	if (__builtin_mul_overflow(length + 1, value_length + 1, &work) ||
	    work > EXPAND_GLOB_WORK_MAX)
		return error_set(err, -E2BIG,
				 "a pattern of %zu bytes is too long for a value of %zu bytes",
				 length, value_length);
	return 0;
}

/* `backward`: items are in reverse, to be matched against a value read from its end. */
static int glob_compile(const char *pattern, bool backward, struct glob *ret, struct error *err)
{
	size_t length = strlen(pattern), size;

	ret->items = xcalloc(length + 1, sizeof *ret->items);
	ret->now = xcalloc(length + 1, 1);
	ret->next = xcalloc(length + 1, 1);
	for (size_t i = 0; i < length; i += size) {
		uint32_t c = take(pattern + i, length - i, &size);

		if (c == '*') {
			c = ITEM_STAR;
		} else if (c == '?') {
			c = ITEM_ANY;
		} else if (c == '\\') {
			const char *next = pattern + i + 1;

			if (*next == '}' || *next == '/')
				continue;
			i++;
			if (!*next)
				return bad_escape(pattern, "", 0, err);
			c = take(next, length - i, &size);
			if (c != '*' && c != '?' && c != '\\')
				return bad_escape(pattern, next, size, err);
		}
		ret->items[ret->count++] = c;
	}
	for (size_t i = 0; backward && i < ret->count / 2; i++) {
		uint32_t item = ret->items[i];

		ret->items[i] = ret->items[ret->count - 1 - i];
		ret->items[ret->count - 1 - i] = item;
	}
	return 0;
}

/* A star may be left at once. */
static void leave_stars(struct glob *glob)
{
	for (size_t i = 0; i < glob->count; i++) {
		if (glob->now[i] && glob->items[i] == ITEM_STAR)
			glob->now[i + 1] = 1;
	}
}

static void glob_begin(struct glob *glob)
{
	memset(glob->now, 0, glob->count + 1);
	glob->now[0] = 1;
	leave_stars(glob);
}

/* Read one character: false when no match can come any more. */
static bool glob_step(struct glob *glob, uint32_t c)
{
	unsigned char *swap = glob->now;
	bool alive = false;

	memset(glob->next, 0, glob->count + 1);
	for (size_t i = 0; i < glob->count; i++) {
		if (!glob->now[i])
			continue;
		if (glob->items[i] == ITEM_STAR && c != '\n')
			glob->next[i] = 1;
		else if (glob->items[i] == c || (glob->items[i] == ITEM_ANY && c != '\n'))
			glob->next[i + 1] = 1;
		else
			continue;
		alive = true;
	}
	glob->now = glob->next;
	glob->next = swap;
	leave_stars(glob);
	return alive;
}

static bool glob_accepts(const struct glob *glob)
{
	return glob->now[glob->count];
}

/* Length of the longest (or shortest) match at the start of `value`, read backward if told so;
 * -1 when there is none. */
static ssize_t match_length(struct glob *glob, const char *value, size_t length, bool backward,
			    bool longest)
{
	ssize_t found = -1;
	size_t used = 0, size;

	glob_begin(glob);
	for (;;) {
		uint32_t c;

		if (glob_accepts(glob)) {
			found = (ssize_t)used;
			if (!longest)
				return found;
		}
		if (used == length)
			return found;
		c = backward ? take_last(value, value + length - used, &size)
			     : take(value + used, length - used, &size);
		if (!glob_step(glob, c))
			return found;
		used += size;
	}
}

int expand_glob_trim(const char *pattern, const char *value, bool at_end, bool longest,
		     struct buf *ret, struct error *err)
{
	cleanup_with(glob_release) struct glob glob = { 0 };
	size_t length = strlen(value), cut;
	ssize_t matched;
	int r;

	r = check_work(pattern, value, err);
	if (r < 0)
		return r;
	r = glob_compile(pattern, at_end, &glob, err);
	if (r < 0)
		return r;
	matched = match_length(&glob, value, length, at_end, longest);
	cut = matched > 0 ? (size_t)matched : 0;
	buf_append(ret, at_end ? value : value + cut, length - cut);
	return 0;
}

/*
 * Flags for the offsets of `value` where a match begins. Reading backward with a match beginning
 * anywhere finds them all in one pass; trying each offset forward would take the square.
 */
static unsigned char *match_starts(struct glob *backward, const char *value, size_t length)
{
	unsigned char *starts = xcalloc(length + 1, 1);
	size_t at = length, size;

	glob_begin(backward);
	for (;;) {
		starts[at] = glob_accepts(backward);
		if (at == 0)
			return starts;
		glob_step(backward, take_last(value, value + at, &size));
		at -= size;
		backward->now[0] = 1;
		leave_stars(backward);
	}
}

int expand_glob_replace(const char *pattern, const char *value, const char *replacement, bool all,
			struct buf *ret, struct error *err)
{
	cleanup_with(glob_release) struct glob forward = { 0 }, backward = { 0 };
	cleanup_free unsigned char *starts = NULL;
	size_t length = strlen(value), at = 0, size;
	ssize_t last_end = -1;
	int r;

	r = check_work(pattern, value, err);
	if (r < 0)
		return r;
	r = glob_compile(pattern, false, &forward, err);
	if (r < 0)
		return r;
	r = glob_compile(pattern, true, &backward, err);
	if (r < 0)
		return r;
	starts = match_starts(&backward, value, length);
	while (at <= length && (all || last_end < 0)) {
		ssize_t matched = -1;

		if (starts[at])
			matched = match_length(&forward, value + at, length - at, false, true);
		/* An empty match right behind another is none. */
		if (matched > 0 || (matched == 0 && (ssize_t)at != last_end)) {
			if (ret->length + strlen(replacement) > EXPAND_RESULT_MAX)
				return error_set(err, -E2BIG, "the result is longer than %zu bytes",
						 EXPAND_RESULT_MAX);
			buf_add_string(ret, replacement);
			at += (size_t)matched;
			last_end = (ssize_t)at;
			if (matched > 0)
				continue;
		}
		if (at == length)
			break;
		take(value + at, length - at, &size);
		buf_append(ret, value + at, size);
		at += size;
	}
	if (at < length)
		buf_append(ret, value + at, length - at);
	return 0;
}
