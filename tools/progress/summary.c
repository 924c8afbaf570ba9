/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/progress/summary.h"

#include <string.h>

#include "tools/glyph.h"
#include "tools/progress/colors.h"
#include "tools/progress/model.h"

/* The length of the escape sequence that `text` begins with; *ret_color when it sets colours. */
static size_t escape_length(const char *text, size_t length, bool *ret_color)
{
	size_t at = 2;

	*ret_color = false;
	if (length < 2)
		return length;
	if (text[1] == '[') {
		while (at < length && (unsigned char)text[at] >= 0x20 &&
		       (unsigned char)text[at] < 0x40)
			at++;
		if (at == length || (unsigned char)text[at] < 0x20)
			return at; /* broken off */
		*ret_color = text[at] == 'm' && text[2] != '>' && text[2] != '?';
		return at + 1;
	}
	if (strchr("]PX^_", text[1])) {
		while (at < length && text[at] != '\a' && text[at] != '\033')
			at++;
		if (at == length)
			return at;
		if (text[at] == '\a')
			return at + 1;
		return at + 1 < length && text[at + 1] == '\\' ? at + 2 : at;
	}
	/* Intermediate bytes, as in ESC ( B, and a last one. */
	while (at < length && (unsigned char)text[at - 1] >= 0x20 &&
	       (unsigned char)text[at - 1] <= 0x2f)
		at++;
	return at;
}

void summary_add_safe_line(struct buf *ret, const char *line, size_t length)
{
	const char *shown = line;
	bool color, colored = false;

	while (length > 0 && line[length - 1] == '\r')
		length--;
	shown = memrchr(line, '\r', length);
	if (shown) {
		length -= (size_t)(shown + 1 - line);
		line = shown + 1;
	}
	while (length > 0) {
		uint32_t codepoint;
		size_t bytes = glyph_decode(line, length, &codepoint);

		if (codepoint == '\033') {
			bytes = escape_length(line, length, &color);
			if (color)
				buf_append(ret, line, bytes);
			colored |= color;
		} else if (codepoint == '\t' || !glyph_is_control(codepoint)) {
			glyph_add(ret, codepoint);
		}
		bytes += bytes == 0; /* cut off in its middle */
		line += bytes;
		length -= bytes;
	}
	if (colored)
		buf_add_string(ret, "\033[0m");
}

/* Where the last `lines` lines of the text begin. */
static const char *last_lines(const struct buf *text, size_t lines, bool open)
{
	size_t at = text->length - !open; /* the last line's own end does not count */

	while (at > 0 && (text->data[at - 1] != '\n' || --lines > 0))
		at--;
	return text->data + at;
}

static void add_failure(struct buf *ret, const struct model_vertex *vertex, size_t lines, bool safe)
{
	const struct buf *text = &vertex->log.text;
	const char *at = buf_string(text), *end = at + text->length;

	buf_add_string(ret, "------\n > ");
	if (safe)
		glyph_add_clipped(ret, vertex->name, strlen(vertex->name), SIZE_MAX);
	else
		model_add_name(ret, vertex, SIZE_MAX);
	buf_add_string(ret, ":\n");
	if (lines > 0 && text->length > 0)
		at = last_lines(text, lines, vertex->log.open);
	else if (vertex->log.dropped > 0)
		buf_add_format(ret, "[%zu earlier lines left out]\n", vertex->log.dropped);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		if (safe)
			summary_add_safe_line(ret, at, (size_t)(stop - at));
		else
			buf_append(ret, at, (size_t)(stop - at));
		buf_add_char(ret, '\n');
		at = newline ? newline + 1 : end;
	}
	buf_add_string(ret, "------\n");
}

void summary_add_failures(struct buf *ret, const struct model *model, size_t lines, bool safe)
{
	for (size_t i = 0; i < model->started_count; i++) {
		const struct model_vertex *vertex = model->started[i];

		if (vertex->ended && vertex->outcome == EVENT_FAILED)
			add_failure(ret, vertex, lines, safe);
	}
}

static void add_details(struct buf *ret, const struct model_warning *warning)
{
	if (warning->detail)
		buf_add_format(ret, "%s\n", warning->detail);
	if (warning->url)
		buf_add_format(ret, "More info: %s\n", warning->url);
	if (warning->excerpt)
		buf_add_string(ret, warning->excerpt);
	buf_add_char(ret, '\n');
}

void summary_add_warnings(struct buf *ret, const struct model *model,
			  const struct progress_colors *colors, bool expand)
{
	if (model->warning_count == 0)
		return;
	buf_add_format(ret, "\n %s%zu warning%s found%s:%s\n", colors->warning,
		       model->warning_count, model->warning_count == 1 ? "" : "s",
		       expand ? "" : " (use --debug to expand)", progress_color_end(colors));
	for (size_t i = 0; i < model->warning_count; i++) {
		buf_add_format(ret, " - %s\n", model->warnings[i].summary);
		if (expand)
			add_details(ret, &model->warnings[i]);
	}
}
