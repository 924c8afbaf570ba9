/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/lines.h"

#include <errno.h>

#include "fs/base/alloc.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

static struct location one_line(uint32_t line)
{
	return (struct location){ .first_line = line, .last_line = line };
}

int line_reader_raw(struct line_reader *reader, struct span *ret, struct diagnostic *diag)
{
	const char *stop;
	size_t length;

	if (reader->rest.length == 0)
		return 0;
	reader->line++;
	stop = memchr(reader->rest.at, '\n', reader->rest.length);
	length = stop ? (size_t)(stop - reader->rest.at) : reader->rest.length;
	if (length > DOCKERFILE_LINE_MAX)
		return diagnostic_set(diag, -E2BIG, one_line(reader->line),
				      "dockerfile line greater than max allowed size of %zu",
				      DOCKERFILE_LINE_MAX);
	if (stop)
		length++;
	*ret = span_first(reader->rest, length);
	reader->rest = span_from(reader->rest, length);
	return 1;
}

static bool is_comment(struct span line)
{
	return span_begins_with(span_trim_left(line), "#");
}

/*
 * Remember a comment above an instruction. Only "#" in the first column is taken off; a comment
 * without words parts what is above it from what follows.
 */
static void keep_comment(struct line_reader *reader, struct span line)
{
	struct span words = span_trim(span_from(line, 1));

	if (words.length == 0)
		reader->comments.count = 0;
	else
		word_list_add(&reader->comments, arena_copy(reader->arena, words.at, words.length));
}

static int obey_directive(struct line_reader *reader, struct span line, struct diagnostic *diag)
{
	enum directive_kind kind = DIRECTIVE_NONE;
	struct span value;
	int r = directive_block_next(&reader->directives, line, "#", &kind, &value);

	if (r == -EEXIST)
		return diagnostic_set(diag, -EINVAL, one_line(reader->line),
				      "only one %s parser directive can be used",
				      directive_name(kind));
	if (r <= 0)
		return r;
	if (reader->comments.count)
		reader->comments.count--; /* it was kept as one a moment ago */
	if (kind == DIRECTIVE_ESCAPE) {
		if (!span_is(value, "\\") && !span_is(value, "`"))
			return diagnostic_set(diag, -EINVAL, one_line(reader->line),
					      "invalid escape token '%.*s' does not match ` or \\",
					      (int)value.length, value.at);
		reader->escape = *value.at;
	}
	return 0;
}

/*
 * Take the escape character at the end off `line`, blanks behind it allowed: true when the line
 * goes on. Two of them are no continuation.
 */
static bool trim_continuation(const struct line_reader *reader, struct span *line)
{
	size_t length = line->length;

	while (length && (line->at[length - 1] == ' ' || line->at[length - 1] == '\t'))
		length--;
	if (length == 0 || line->at[length - 1] != reader->escape)
		return false;
	length--;
	if (length && line->at[length - 1] == reader->escape)
		return false;
	line->length = length;
	return true;
}

static void add_part(struct line_reader *reader, struct span part, struct span raw)
{
	array_reserve_one(reader->marks, reader->mark_count, reader->mark_capacity);
	reader->marks[reader->mark_count++] =
		(struct text_mark){ .offset = reader->text.length,
				    .line = reader->line,
				    .column = (uint32_t)(part.at - raw.at) + 1 };
	buf_append(&reader->text, part.at, part.length);
}

/* The lines that continue the one in `text`. */
static int read_continuation(struct line_reader *reader, struct logical_line *ret,
			     struct diagnostic *diag)
{
	bool goes_on = true;

	while (goes_on) {
		struct span raw = { 0 }, part;
		int r = line_reader_raw(reader, &raw, diag);

		if (r <= 0)
			return r;
		if (is_comment(raw))
			continue;
		part = span_trim_newline(raw);
		if (span_trim_left(part).length == 0) {
			ret->empty_continuation = true;
			continue;
		}
		goes_on = trim_continuation(reader, &part);
		add_part(reader, part, raw);
	}
	return 0;
}

int line_reader_next(struct line_reader *reader, struct logical_line *ret, struct diagnostic *diag)
{
	struct logical_line line = { 0 };
	struct span raw = { 0 }, part;
	bool goes_on;
	int r;

	for (;;) {
		r = line_reader_raw(reader, &raw, diag);
		if (r <= 0)
			return r;
		part = raw;
		if (reader->line == 1 && span_begins_with(part, byte_order_mark))
			part = span_from(part, strlen(byte_order_mark));
		if (is_comment(part))
			keep_comment(reader, part);
		part = span_trim_left(span_trim_newline(part));
		r = obey_directive(reader, part, diag);
		if (r < 0)
			return r;
		if (is_comment(part))
			continue;
		goes_on = trim_continuation(reader, &part);
		if (part.length || goes_on)
			break;
	}
	buf_clear(&reader->text);
	reader->mark_count = 0;
	line.where = one_line(reader->line);
	add_part(reader, part, raw);
	if (goes_on) {
		r = read_continuation(reader, &line, diag);
		if (r < 0)
			return r;
	}
	line.where.last_line = reader->line;
	line.text = (struct span){ .at = buf_string(&reader->text), .length = reader->text.length };
	*ret = line;
	return 1;
}

void line_reader_release(struct line_reader *reader)
{
	word_list_release(&reader->comments);
	buf_release(&reader->text);
	free(reader->marks);
	reader->marks = NULL;
}
