/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/directive.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "builder/dockerfile/lex/json.h"
#include "fs/base/arena.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

static const char *const names[] = {
	[DIRECTIVE_NONE] = "",
	[DIRECTIVE_SYNTAX] = "syntax",
	[DIRECTIVE_ESCAPE] = "escape",
	[DIRECTIVE_CHECK] = "check",
};

const char *directive_name(enum directive_kind kind)
{
	return names[kind];
}

/* White space between the parts of a directive is less than elsewhere. */
static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f';
}

static struct span skip_gap(struct span span)
{
	while (span.length && is_gap(*span.at))
		span = span_from(span, 1);
	return span;
}

static enum directive_kind kind_of(struct span key)
{
	for (unsigned i = DIRECTIVE_SYNTAX; i <= DIRECTIVE_CHECK; i++) {
		if (strlen(names[i]) == key.length &&
		    strncasecmp(names[i], key.at, key.length) == 0)
			return (enum directive_kind)i;
	}
	return DIRECTIVE_NONE;
}

enum directive_kind directive_of_line(struct span line, const char *comment, struct span *ret)
{
	struct span key, value;
	size_t length = 0;
	enum directive_kind kind;

	if (!span_begins_with(line, comment))
		return DIRECTIVE_NONE;
	line = span_trim_left(span_from(line, strlen(comment)));
	while (length < line.length && isalnum((unsigned char)line.at[length]))
		length++;
	key = span_first(line, length);
	kind = kind_of(key);
	line = skip_gap(span_from(line, length));
	if (kind == DIRECTIVE_NONE || !span_begins_with(line, "="))
		return DIRECTIVE_NONE;
	line = span_from(line, 1);
	value = skip_gap(line);
	/* A value of nothing but blanks is one blank. */
	if (value.length == 0 && line.length)
		value = span_from(line, line.length - 1);
	if (value.length == 0)
		return DIRECTIVE_NONE;
	while (value.length > 1 && is_gap(value.at[value.length - 1]))
		value.length--;
	*ret = value;
	return kind;
}

int directive_block_next(struct directive_block *block, struct span line, const char *comment,
			 enum directive_kind *ret_kind, struct span *ret_value)
{
	enum directive_kind kind;
	struct span value;

	if (block->ended)
		return 0;
	kind = directive_of_line(line, comment, &value);
	if (kind == DIRECTIVE_NONE) {
		block->ended = true;
		return 0;
	}
	*ret_kind = kind;
	if (block->seen & 1U << kind)
		return -EEXIST;
	block->seen |= 1U << kind;
	*ret_value = value;
	return 1;
}

/* The first line of `rest`, without its line break; `rest` moves behind it. */
static struct span take_line(struct span *rest)
{
	const char *stop = memchr(rest->at, '\n', rest->length);
	struct span line = span_first(*rest, stop ? (size_t)(stop - rest->at) : rest->length);

	*rest = span_from(*rest, line.length + (stop ? 1 : 0));
	if (line.length && line.at[line.length - 1] == '\r')
		line.length--;
	return line;
}

static bool find_in_comments(enum directive_kind kind, struct span rest, const char *comment,
			     struct span *ret, uint32_t *line)
{
	struct directive_block block = { 0 };

	while (rest.length) {
		enum directive_kind found;
		struct span text = take_line(&rest);
		int r = directive_block_next(&block, text, comment, &found, ret);

		++*line;
		if (r <= 0)
			return false;
		if (found == kind)
			return true;
	}
	return false;
}

bool directive_find(enum directive_kind kind, struct span source, struct arena *arena,
		    struct directive *ret)
{
	uint32_t before = 0, line;
	struct span value;

	if (span_begins_with(source, byte_order_mark))
		source = span_from(source, strlen(byte_order_mark));
	if (span_begins_with(source, "#!")) {
		take_line(&source);
		before = 1;
	}
	line = before;
	if (!find_in_comments(kind, source, "#", &value, &line)) {
		const char *text;

		if (kind != DIRECTIVE_SYNTAX)
			return false;
		line = before;
		if (!find_in_comments(kind, source, "//", &value, &line)) {
			if (json_object_string(source, "syntax", arena, &text) <= 0)
				return false;
			*ret = (struct directive){ .value = text,
						   .text = text,
						   .line = before + 1 };
			return true;
		}
	}
	*ret = (struct directive){ .text = arena_copy(arena, value.at, value.length),
				   .line = line };
	ret->value = arena_copy(arena, value.at, strcspn(ret->text, " "));
	return true;
}
