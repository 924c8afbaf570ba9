/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output of programs, as the display shows it: whatever the bytes, in whatever pieces, what comes
 * out fits its place and holds nothing that a terminal would obey.
 */
#include <stdint.h>

#include "fs/base/buf.h"
#include "tools/glyph.h"
#include "tools/progress/screen.h"
#include "tools/progress/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only text, or (with `colors`) tabs and sequences that set colours. */
static void check_text(const struct buf *text, bool colors)
{
	size_t at = 0;

	while (at < text->length) {
		uint32_t codepoint;
		size_t bytes = glyph_decode(text->data + at, text->length - at, &codepoint);

		if (bytes == 0)
			abort();
		at += bytes;
		if (!glyph_is_control(codepoint) || (colors && codepoint == '\t'))
			continue;
		if (!colors || codepoint != '\033' || text->data[at++] != '[')
			abort();
		while (at < text->length && (unsigned char)text->data[at] >= 0x20 &&
		       (unsigned char)text->data[at] < 0x40)
			at++;
		if (at == text->length || text->data[at++] != 'm')
			abort();
	}
}

static size_t columns_of(const struct buf *text)
{
	struct buf copy = { 0 };
	size_t columns = glyph_add_clipped(&copy, buf_string(text), text->length, SIZE_MAX);

	buf_release(&copy);
	return columns;
}

static void check_screen(const struct screen *screen, size_t columns)
{
	struct buf row = { 0 };
	size_t cursor_row, cursor_column;

	screen_cursor(screen, &cursor_row, &cursor_column);
	if (cursor_row >= screen_rows(screen) || cursor_column > columns)
		abort();
	for (size_t i = 0; i < screen_rows(screen); i++) {
		buf_clear(&row);
		screen_add_row(screen, i, &row);
		check_text(&row, false);
		/* A wide character in the last column may have been cut by a change of size. */
		if (columns_of(&row) > columns + 1)
			abort();
	}
	buf_release(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf line = { 0 };
	struct screen *screen;
	size_t rows, columns, piece;

	if (size < 4)
		return 0;
	rows = data[0] % 12 + 1;
	columns = data[1] % 40 + 1;
	piece = data[2] % 16 + 1;
	screen = screen_new(rows, columns, data[3] & 1);
	for (size_t at = 4; at < size; at += piece) {
		screen_write(screen, data + at, size - at < piece ? size - at : piece);
		if (data[3] & 2 && at == 4 + 8 * piece) {
			columns = columns / 2 + 1;
			screen_resize(screen, rows / 2, columns);
		}
	}
	check_screen(screen, columns);
	screen_free(screen);
	summary_add_safe_line(&line, (const char *)data, size);
	check_text(&line, true);
	buf_release(&line);
	return 0;
}
