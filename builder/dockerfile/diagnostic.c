/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/buf.h"

int diagnostic_set(struct diagnostic *diag, int code, struct location where, const char *format,
		   ...)
{
	va_list args;

	if (!diag)
		return code;
	va_start(args, format);
	vsnprintf(diag->error.text, sizeof diag->error.text, format, args);
	va_end(args);
	diag->where = where;
	diag->line = where.first_line;
	diag->column = 0;
	return diag->error.code = code;
}

void diagnostic_point(struct diagnostic *diag, uint32_t line, uint32_t column)
{
	if (!diag)
		return;
	diag->line = line;
	diag->column = column;
}

void diagnostic_file(struct diagnostic *diag, const char *name)
{
	size_t length = strlen(name);

	if (!diag)
		return;
	if (length >= sizeof diag->file)
		name += length - (sizeof diag->file - 1);
	snprintf(diag->file, sizeof diag->file, "%s", name);
}

void diagnostic_format(const struct diagnostic *diag, struct buf *ret)
{
	if (diag->file[0]) {
		buf_add_string(ret, diag->file);
		if (diag->line)
			buf_add_format(ret, ":%u", diag->line);
		if (diag->line && diag->column)
			buf_add_format(ret, ":%u", diag->column);
		buf_add_string(ret, ": ");
	}
	buf_add_string(ret, diag->error.text);
}

/* A line break at the very end counts as one more, empty, line: so do the counts of others. */
static uint32_t count_lines(const char *source, size_t size)
{
	uint32_t lines = 1;
	const char *at = source;

	while ((at = memchr(at, '\n', size - (size_t)(at - source)))) {
		at++;
		lines++;
	}
	return lines;
}

/* Widen the lines shown by turns above and below until there is enough around `where`. */
static struct location surroundings(struct location where, uint32_t line_count)
{
	uint32_t wanted = where.first_line == where.last_line ? 4 : 2;

	for (uint32_t got = 0; got < wanted; got++) {
		if (where.first_line > 1) {
			where.first_line--;
			got++;
		}
		if (where.last_line < line_count) {
			where.last_line++;
			got++;
		}
	}
	return where;
}

void diagnostic_excerpt(const char *file, const char *source, size_t size, struct location where,
			struct buf *ret)
{
	uint32_t line_count = count_lines(source, size), line = 1;
	const char *at = source, *end = source + size;
	struct location shown;

	if (where.last_line < where.first_line)
		where.last_line = where.first_line;
	if (where.first_line == 0 || where.first_line > line_count)
		return;
	if (where.last_line > line_count)
		where.last_line = line_count;
	shown = surroundings(where, line_count);

	buf_add_format(ret, "%s:%u\n--------------------\n", file, where.first_line);
	for (; line <= shown.last_line; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((stop ? stop : end) - at);

		if (length && at[length - 1] == '\r')
			length--; /* it would move the cursor back over the line */
		if (line >= shown.first_line) {
			buf_add_format(ret, " %3u | %s ", line,
				       line >= where.first_line && line <= where.last_line ? ">>>"
											   : "   ");
			buf_append(ret, at, length);
			buf_add_char(ret, '\n');
		}
		at = stop ? stop + 1 : end;
	}
	buf_add_string(ret, "--------------------\n");
}
