/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/pattern.h"

#include <errno.h>
#include <string.h>

#include "builder/context/glob.h"
#include "builder/context/pattern_program.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"
#include "fs/base/utf8.h"

/* Most patterns are no expressions at all. */
enum pattern_form {
	FORM_EXACT,  /* a/b: this path */
	FORM_PREFIX, /* a/ and two stars: whatever begins so */
	FORM_SUFFIX, /* two stars and /a: whatever ends so */
	FORM_PROGRAM,
	FORM_BROKEN, /* refused once it is asked */
};

struct pattern {
	enum pattern_form form;
	bool exception;
	char *text;
	const char *part; /* of the text: what is compared, with FORM_PREFIX and FORM_SUFFIX */
	size_t part_length;
	struct pattern_program program;
	struct error error; /* FORM_BROKEN */
};

struct patterns {
	struct pattern *items;
	size_t count;
	bool exceptions;
};

/* Without white space at both ends; the caller frees. */
static char *trim(const char *text)
{
	const char *end = text + strlen(text);
	size_t size;

	while (*text && utf8_is_space(utf8_decode(text, (size_t)(end - text), &size)))
		text += size;
	while (end > text && utf8_is_space(utf8_decode_last(text, end, &size)))
		end -= size;
	return xstrndup(text, (size_t)(end - text));
}

/*
 * Which form a pattern has, the way Docker decides: characters with a meaning make it an
 * expression, two stars at the start come first, and those at the very end are only a prefix when
 * nothing else is in it. An expression's characters that mean nothing in a pattern stay letters.
 */
static enum pattern_form form_of(const char *text)
{
	enum pattern_form form = FORM_EXACT;

	for (const char *at = text; *at; at++) {
		const char *start = at;

		if (at[0] == '*' && at[1] == '*') {
			at++;
			if (at[1] == '/')
				at++;
			if (!at[1] && form == FORM_EXACT)
				form = FORM_PREFIX;
			else
				form = FORM_PROGRAM;
			if (start == text)
				form = FORM_SUFFIX;
		} else if (*at == '\\') {
			if (!at[1])
				break;
			form = FORM_PROGRAM;
			at++;
		} else if (strchr("*?[]", *at)) {
			form = FORM_PROGRAM;
		}
	}
	return form;
}

static void compile(struct pattern *pattern)
{
	size_t length = strlen(pattern->text);

	pattern->form = form_of(pattern->text);
	pattern->part = pattern->text;
	pattern->part_length = length;
	if (pattern->form == FORM_PREFIX) {
		pattern->part_length -= 2;
	} else if (pattern->form == FORM_SUFFIX) {
		pattern->part += 2;
		pattern->part_length -= 2;
	} else if (pattern->form == FORM_PROGRAM) {
		if (pattern_program_compile(pattern->text, &pattern->program, &pattern->error) < 0)
			pattern->form = FORM_BROKEN;
	}
}

/* 1 added, 0 it was empty. */
static int add(struct patterns *patterns, const char *item, struct error *err)
{
	struct pattern *pattern = &patterns->items[patterns->count];
	cleanup_free char *trimmed = trim(item);
	cleanup_free char *clean = NULL;

	if (!*trimmed)
		return 0;
	clean = path_clean(trimmed);
	if (strcmp(clean, "!") == 0)
		return error_set(err, -EINVAL, "illegal exclusion pattern: \"!\"");
	pattern->exception = clean[0] == '!';
	pattern->text = xstrdup(clean + pattern->exception);
	patterns->count++;
	if (glob_match(pattern->text, ".") < 0)
		return error_set(err, -EINVAL, "syntax error in pattern '%s'", clean);
	if (strlen(pattern->text) > PATTERN_LENGTH_MAX)
		return error_set(err, -E2BIG, "a pattern is longer than %d characters: '%.60s...'",
				 PATTERN_LENGTH_MAX, clean);
	compile(pattern);
	patterns->exceptions |= pattern->exception;
	return 1;
}

int patterns_compile(const char *const *items, size_t count, struct patterns **ret,
		     struct error *err)
{
	cleanup_with(patterns_free) struct patterns *patterns = xcalloc(1, sizeof *patterns);

	patterns->items = xcalloc(count, sizeof *patterns->items);
	for (size_t i = 0; i < count; i++) {
		int r = add(patterns, items[i], err);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(&patterns);
	return 0;
}

void patterns_free(struct patterns *patterns)
{
	if (!patterns)
		return;
	for (size_t i = 0; i < patterns->count; i++) {
		free(patterns->items[i].text);
		pattern_program_release(&patterns->items[i].program);
	}
	free(patterns->items);
	free(patterns);
}

size_t patterns_count(const struct patterns *patterns)
{
	return patterns->count;
}

const char *patterns_item(const struct patterns *patterns, size_t index, bool *ret_exception)
{
	*ret_exception = patterns->items[index].exception;
	return patterns->items[index].text;
}

bool patterns_have_exceptions(const struct patterns *patterns)
{
	return patterns->exceptions;
}

static bool matches_suffix(const struct pattern *pattern, const char *path, size_t length)
{
	size_t part_length = pattern->part_length;

	if (length >= part_length &&
	    memcmp(path + length - part_length, pattern->part, part_length) == 0)
		return true;
	/* Two stars may also stand for no directory at all. */
	return part_length && pattern->part[0] == '/' && length == part_length - 1 &&
	       memcmp(path, pattern->part + 1, length) == 0;
}

/* A path that is asked about. */
struct asked {
	const char *path;
	size_t length;
	bool ascii;
};

static struct asked asked_of(const char *path)
{
	struct asked asked = { .path = path, .ascii = true };

	for (; path[asked.length]; asked.length++)
		asked.ascii &= (unsigned char)path[asked.length] < 0x80;
	return asked;
}

/* One pattern and the first `length` bytes: 1, 0, or the error of a broken pattern. */
static int match_one(const struct pattern *pattern, const struct asked *asked, size_t length,
		     struct error *err)
{
	const char *path = asked->path;

	switch (pattern->form) {
	case FORM_EXACT:
		return length == pattern->part_length && memcmp(path, pattern->part, length) == 0;
	case FORM_PREFIX:
		return length >= pattern->part_length &&
		       memcmp(path, pattern->part, pattern->part_length) == 0;
	case FORM_SUFFIX:
		return matches_suffix(pattern, path, length);
	case FORM_PROGRAM:
		return pattern_program_match(&pattern->program, path, length, asked->ascii);
	case FORM_BROKEN:
		break;
	}
	return error_set(err, pattern->error.code, "%s", pattern->error.text);
}

/* The same for the path and, from the top down, the directories it lies in. */
static int match_with_parents(const struct pattern *pattern, const struct asked *asked,
			      struct error *err)
{
	int r = match_one(pattern, asked, asked->length, err);

	for (size_t i = 0; r == 0 && i < asked->length; i++) {
		if (asked->path[i] == '/')
			r = match_one(pattern, asked, i, err);
	}
	return r;
}

static bool has_bit(const struct pattern_state *state, size_t index)
{
	return state && state->matched && state->matched[index / 64] >> index % 64 & 1;
}

static int match(const struct patterns *patterns, const char *path,
		 const struct pattern_state *parent, struct pattern_state *state, struct error *err)
{
	bool known = parent && parent->matched, matched = false;
	struct asked asked = asked_of(path);

	for (size_t i = 0; i < patterns->count; i++) {
		const struct pattern *pattern = &patterns->items[i];
		int r = has_bit(parent, i);

		/* A pattern that could not change anything is not asked. */
		if (r == 0 && pattern->exception != matched)
			continue;
		if (r == 0)
			r = known ? match_one(pattern, &asked, asked.length, err)
				  : match_with_parents(pattern, &asked, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		matched = !pattern->exception;
		if (state)
			state->matched[i / 64] |= (uint64_t)1 << i % 64;
	}
	return matched;
}

int patterns_match(const struct patterns *patterns, const char *path, struct error *err)
{
	return match(patterns, path, NULL, NULL, err);
}

int patterns_match_in(const struct patterns *patterns, const char *path,
		      const struct pattern_state *parent, struct pattern_state *ret,
		      struct error *err)
{
	cleanup_with(pattern_state_release) struct pattern_state state = { 0 };
	int r;

	if (!ret)
		return match(patterns, path, parent, NULL, err);
	state.matched = xcalloc(patterns->count / 64 + 1, sizeof *state.matched);
	r = match(patterns, path, parent, &state, err);
	if (r < 0)
		return r;
	ret->matched = take_ptr(&state.matched);
	return r;
}

void pattern_state_release(struct pattern_state *state)
{
	free(state->matched);
	state->matched = NULL;
}

static bool begins_with(const char *text, size_t length, const char *prefix, size_t prefix_length)
{
	return length >= prefix_length && memcmp(text, prefix, prefix_length) == 0;
}

/* `start` is a directory with a slash behind it, or nothing. */
static bool may_match(const struct pattern *pattern, const char *start, size_t length)
{
	switch (pattern->form) {
	case FORM_EXACT:
		return pattern->part_length > length &&
		       begins_with(pattern->part, pattern->part_length, start, length);
	case FORM_PREFIX:
		return begins_with(pattern->part, pattern->part_length, start, length) ||
		       begins_with(start, length, pattern->part, pattern->part_length);
	case FORM_PROGRAM:
		return pattern_program_may_follow(&pattern->program, start, length);
	case FORM_SUFFIX:
	case FORM_BROKEN:
		break;
	}
	return true;
}

bool patterns_may_match_below(const struct patterns *patterns, const char *directory,
			      bool exceptions)
{
	cleanup_free char *start = xasprintf("%s%s", directory, *directory ? "/" : "");
	size_t length = strlen(start);

	for (size_t i = 0; i < patterns->count; i++) {
		if (patterns->items[i].exception == exceptions &&
		    may_match(&patterns->items[i], start, length))
			return true;
	}
	return false;
}

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* One line without its end: the pattern in it, cleaned, or NULL. */
static char *pattern_of_line(const char *line)
{
	cleanup_free char *trimmed = NULL, *clean = NULL, *rest = NULL;
	bool exception;

	if (*line == '#')
		return NULL;
	trimmed = trim(line);
	if (!*trimmed)
		return NULL;
	exception = *trimmed == '!';
	rest = trim(trimmed + exception);
	if (!*rest)
		return xstrdup("!");
	clean = path_clean(rest);
	return xasprintf("%s%s", exception ? "!" : "", clean + (clean[0] == '/' && clean[1]));
}

int ignore_file_parse(const char *data, size_t size, struct strings *ret, struct error *err)
{
	const char *end = data + size;
	unsigned number = 0;

	if (size > IGNORE_FILE_MAX)
		return error_set(err, -E2BIG, "the ignore file is larger than %zu bytes",
				 IGNORE_FILE_MAX);
	if (size && memchr(data, '\0', size))
		return error_set(err, -EINVAL, "there is a NUL character in the ignore file");
	if (size >= 3 && memcmp(data, byte_order_mark, 3) == 0)
		data += 3;
	while (data < end) {
		const char *stop = memchr(data, '\n', (size_t)(end - data));
		size_t length = (size_t)((stop ? stop : end) - data);
		cleanup_free char *line = NULL;
		char *pattern;

		number++;
		if (length > IGNORE_LINE_MAX)
			return error_set(err, -E2BIG,
					 "line %u of the ignore file is longer than %zu bytes",
					 number, IGNORE_LINE_MAX);
		line = xstrndup(data, length);
		pattern = pattern_of_line(line);
		if (pattern)
			strings_take(ret, pattern);
		data = stop ? stop + 1 : end;
	}
	return 0;
}
