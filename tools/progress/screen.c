/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/progress/screen.h"

#include <stdint.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "tools/glyph.h"

#define TAB_WIDTH 8
#define MARKS_MAX 2
#define ESC       0x1b

/* Where in an escape sequence the input is. */
enum screen_state {
	STATE_TEXT,
	STATE_ESCAPE,  /* behind ESC */
	STATE_CHARSET, /* ESC ( and its kin: one more byte */
	STATE_CONTROL, /* ESC [ … up to a letter */
	STATE_STRING,  /* ESC ] and its kin: up to BEL or ESC \ */
	STATE_STRING_ESCAPE,
};

/* One column. Behind a wide character is one that holds nothing. */
struct cell {
	uint32_t codepoint; /* 0: never written, a blank */
	uint32_t marks[MARKS_MAX];
	bool covered; /* by the wide character before it */
};

struct screen {
	size_t rows, columns;
	bool wrap;
	struct cell *cells;
	size_t row, column; /* the cursor; column may be past the last one */
	size_t saved_row, saved_column;

	enum screen_state state;
	unsigned parameters[2];
	unsigned parameter_count; /* complete ones */
	bool private;             /* ESC [ ? … */

	char partial[4]; /* the beginning of a character whose rest has not come */
	size_t partial_length;
};

static size_t within(size_t value, size_t limit)
{
	return value < 1 ? 1 : value > limit ? limit : value;
}

static struct cell *cell_at(const struct screen *screen, size_t row, size_t column)
{
	return &screen->cells[row * screen->columns + column];
}

struct screen *screen_new(size_t rows, size_t columns, bool wrap)
{
	struct screen *screen = xcalloc(1, sizeof *screen);

	screen->rows = within(rows, SCREEN_ROWS_MAX);
	screen->columns = within(columns, SCREEN_COLUMNS_MAX);
	screen->wrap = wrap;
	screen->cells = xcalloc(screen->rows * screen->columns, sizeof *screen->cells);
	return screen;
}

void screen_free(struct screen *screen)
{
	if (!screen)
		return;
	free(screen->cells);
	free(screen);
}

void screen_resize(struct screen *screen, size_t rows, size_t columns)
{
	struct cell *cells;
	size_t used = screen->row + 1, skip, keep, common;

	rows = within(rows, SCREEN_ROWS_MAX);
	columns = within(columns, SCREEN_COLUMNS_MAX);
	if (rows == screen->rows && columns == screen->columns)
		return;
	skip = used > rows ? used - rows : 0;
	keep = screen->rows - skip < rows ? screen->rows - skip : rows;
	common = columns < screen->columns ? columns : screen->columns;
	cells = xcalloc(rows * columns, sizeof *cells);
	for (size_t row = 0; row < keep; row++)
		memcpy(cells + row * columns, cell_at(screen, row + skip, 0),
		       common * sizeof *cells);
	free(screen->cells);
	screen->cells = cells;
	screen->rows = rows;
	screen->columns = columns;
	screen->row -= skip;
	if (screen->column > columns)
		screen->column = columns;
	screen->saved_row = 0;
	screen->saved_column = 0;
}

/* Half a wide character cannot stay when its other half is overwritten. */
static void split_wide(struct screen *screen, size_t row, size_t column)
{
	struct cell *cell = cell_at(screen, row, column);

	if (cell->covered && column > 0)
		memset(cell - 1, 0, sizeof *cell);
	if (column + 1 < screen->columns && cell[1].covered)
		memset(cell + 1, 0, sizeof *cell);
}

static void clear_cells(struct screen *screen, size_t row, size_t from, size_t to)
{
	if (to > screen->columns)
		to = screen->columns;
	if (from >= to)
		return;
	split_wide(screen, row, from);
	split_wide(screen, row, to - 1);
	memset(cell_at(screen, row, from), 0, (to - from) * sizeof(struct cell));
}

static void next_line(struct screen *screen)
{
	if (screen->row + 1 < screen->rows) {
		screen->row++;
		return;
	}
	memmove(screen->cells, cell_at(screen, screen->rows > 1 ? 1 : 0, 0),
		(screen->rows - 1) * screen->columns * sizeof(struct cell));
	clear_cells(screen, screen->rows - 1, 0, screen->columns);
}

static void add_mark(struct screen *screen, uint32_t codepoint)
{
	struct cell *cell;

	if (screen->column == 0 || screen->column > screen->columns)
		return;
	cell = cell_at(screen, screen->row, screen->column - 1);
	if (cell->covered && screen->column > 1)
		cell--;
	for (size_t i = 0; i < MARKS_MAX && cell->codepoint; i++) {
		if (!cell->marks[i]) {
			cell->marks[i] = codepoint;
			return;
		}
	}
}

static void put(struct screen *screen, uint32_t codepoint)
{
	unsigned width = glyph_width(codepoint);
	struct cell *cell;

	if (glyph_is_control(codepoint))
		return;
	if (width == 0) {
		add_mark(screen, codepoint);
		return;
	}
	if (screen->column + width > screen->columns) {
		if (!screen->wrap || screen->columns < width) {
			screen->column = screen->columns;
			return;
		}
		next_line(screen);
		screen->column = 0;
	}
	cell = cell_at(screen, screen->row, screen->column);
	split_wide(screen, screen->row, screen->column);
	*cell = (struct cell){ .codepoint = codepoint };
	if (width == 2) {
		split_wide(screen, screen->row, screen->column + 1);
		cell[1] = (struct cell){ .covered = true };
	}
	screen->column += width;
}

static void control_character(struct screen *screen, unsigned char c)
{
	switch (c) {
	case '\n':
	case '\v':
	case '\f':
		next_line(screen);
		screen->column = 0; /* what comes out of a pipe has no carriage returns */
		break;
	case '\r':
		screen->column = 0;
		break;
	case '\b':
		screen->column -= screen->column > 0;
		break;
	case '\t':
		screen->column = (screen->column / TAB_WIDTH + 1) * TAB_WIDTH;
		if (screen->column > screen->columns)
			screen->column = screen->columns;
		break;
	case ESC:
		screen->state = STATE_ESCAPE;
		break;
	default:
		break;
	}
}

static void move_to(struct screen *screen, size_t row, size_t column)
{
	screen->row = row < screen->rows ? row : screen->rows - 1;
	screen->column = column < screen->columns ? column : screen->columns - 1;
}

static void erase_in_line(struct screen *screen, unsigned what)
{
	if (what == 0)
		clear_cells(screen, screen->row, screen->column, screen->columns);
	else if (what == 1)
		clear_cells(screen, screen->row, 0, screen->column + 1);
	else if (what == 2)
		clear_cells(screen, screen->row, 0, screen->columns);
}

static void erase_in_screen(struct screen *screen, unsigned what)
{
	size_t from = what == 0 ? screen->row + 1 : 0;
	size_t to = what == 1 ? screen->row : screen->rows;

	if (what < 2)
		erase_in_line(screen, what);
	for (size_t row = from; row < to; row++)
		clear_cells(screen, row, 0, screen->columns);
}

static void control_sequence(struct screen *screen, unsigned char final)
{
	size_t count = screen->parameters[0] ? screen->parameters[0] : 1;
	size_t row = screen->row, column = screen->column;

	if (screen->private)
		return;
	switch (final) {
	case 'A':
	case 'F':
		move_to(screen, row > count ? row - count : 0, final == 'F' ? 0 : column);
		break;
	case 'B':
	case 'E':
		move_to(screen, row + count, final == 'E' ? 0 : column);
		break;
	case 'C':
		move_to(screen, row, column + count);
		break;
	case 'D':
		move_to(screen, row, column > count ? column - count : 0);
		break;
	case 'G':
	case '`':
		move_to(screen, row, count - 1);
		break;
	case 'd':
		move_to(screen, count - 1, column);
		break;
	case 'H':
	case 'f':
		move_to(screen, count - 1, screen->parameters[1] ? screen->parameters[1] - 1 : 0);
		break;
	case 'J':
		erase_in_screen(screen, screen->parameters[0]);
		break;
	case 'K':
		erase_in_line(screen, screen->parameters[0]);
		break;
	case 'X':
		clear_cells(screen, row, column, column + count);
		break;
	case 's':
		screen->saved_row = row;
		screen->saved_column = column;
		break;
	case 'u':
		move_to(screen, screen->saved_row, screen->saved_column);
		break;
	default: /* colours, modes, reports: nothing to be seen here */
		break;
	}
}

/* A byte of ESC [ … */
static void in_control(struct screen *screen, unsigned char c)
{
	if (c >= '0' && c <= '9') {
		unsigned *parameter;

		if (screen->parameter_count >= 2)
			return;
		parameter = &screen->parameters[screen->parameter_count];
		if (*parameter < 10000)
			*parameter = *parameter * 10 + (c - '0');
	} else if (c == ';' || c == ':') {
		if (screen->parameter_count < 2)
			screen->parameter_count++;
	} else if (c >= '<' && c <= '?') {
		screen->private = true;
	} else if (c >= 0x40 && c <= 0x7e) {
		screen->state = STATE_TEXT;
		control_sequence(screen, c);
	} else if (c == ESC) {
		screen->state = STATE_ESCAPE;
	} else if (c == 0x18 || c == 0x1a || c >= 0x80) {
		screen->state = STATE_TEXT; /* broken off */
	} else if (c < 0x20) {
		control_character(screen, c);
	}
}

/* The byte behind ESC. */
static void in_escape(struct screen *screen, unsigned char c)
{
	screen->state = STATE_TEXT;
	switch (c) {
	case '[':
		screen->state = STATE_CONTROL;
		screen->parameters[0] = screen->parameters[1] = 0;
		screen->parameter_count = 0;
		screen->private = false;
		break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		screen->state = STATE_STRING;
		break;
	case '7':
		screen->saved_row = screen->row;
		screen->saved_column = screen->column;
		break;
	case '8':
		move_to(screen, screen->saved_row, screen->saved_column);
		break;
	case 'D':
		next_line(screen);
		break;
	case 'E':
		next_line(screen);
		screen->column = 0;
		break;
	case 'M':
		screen->row -= screen->row > 0;
		break;
	case 'c':
		erase_in_screen(screen, 2);
		move_to(screen, 0, 0);
		break;
	case ESC:
		screen->state = STATE_ESCAPE;
		break;
	default:
		if (c >= 0x20 && c <= 0x2f)
			screen->state = STATE_CHARSET;
		break;
	}
}

/* A byte within an escape sequence. */
static void sequence_byte(struct screen *screen, unsigned char c)
{
	switch (screen->state) {
	case STATE_ESCAPE:
		in_escape(screen, c);
		break;
	case STATE_CHARSET:
		screen->state = STATE_TEXT;
		break;
	case STATE_CONTROL:
		in_control(screen, c);
		break;
	case STATE_STRING:
		/* A title that never ends must not swallow the log. */
		if (c == '\a' || c == 0x18 || c == 0x1a || c == '\n')
			screen->state = STATE_TEXT;
		else if (c == ESC)
			screen->state = STATE_STRING_ESCAPE;
		if (c == '\n')
			control_character(screen, c);
		break;
	case STATE_STRING_ESCAPE:
		screen->state = STATE_TEXT;
		if (c != '\\')
			in_escape(screen, c);
		break;
	case STATE_TEXT:
		break;
	}
}

/* Text up to the next control character; how much of it was taken. */
static size_t write_text(struct screen *screen, const char *at, size_t length)
{
	uint32_t codepoint;
	size_t bytes = glyph_decode(at, length, &codepoint);

	if (bytes == 0) {
		memcpy(screen->partial, at, length); /* fewer than four */
		screen->partial_length = length;
		return length;
	}
	put(screen, codepoint);
	return bytes;
}

/* Go on with a character that the last write ended in the middle of. */
static size_t write_partial(struct screen *screen, const char *at, size_t length)
{
	char joined[sizeof screen->partial + 3];
	size_t have = screen->partial_length;
	size_t more = length < 3 ? length : 3;
	uint32_t codepoint;
	size_t bytes;

	memcpy(joined, screen->partial, have);
	memcpy(joined + have, at, more);
	screen->partial_length = 0;
	bytes = glyph_decode(joined, have + more, &codepoint);
	if (bytes == 0) {
		memcpy(screen->partial, joined, have + more);
		screen->partial_length = have + more;
		return more;
	}
	put(screen, codepoint);
	return bytes > have ? bytes - have : 0;
}

void screen_write(struct screen *screen, const void *data, size_t size)
{
	const char *at = data, *end = at + size;

	while (at < end) {
		unsigned char c = (unsigned char)*at;

		if (screen->partial_length > 0) {
			at += write_partial(screen, at, (size_t)(end - at));
		} else if (screen->state != STATE_TEXT) {
			sequence_byte(screen, c);
			at++;
		} else if (c < 0x20 || c == 0x7f) {
			control_character(screen, c);
			at++;
		} else {
			at += write_text(screen, at, (size_t)(end - at));
		}
	}
}

size_t screen_rows(const struct screen *screen)
{
	return screen->rows;
}

/* Columns up to the last that shows something. */
static size_t row_length(const struct screen *screen, size_t row)
{
	size_t length = screen->columns;

	while (length > 0) {
		const struct cell *cell = cell_at(screen, row, length - 1);

		if (cell->covered || (cell->codepoint && cell->codepoint != ' '))
			break;
		length--;
	}
	return length;
}

bool screen_row_is_blank(const struct screen *screen, size_t row)
{
	return row_length(screen, row) == 0;
}

void screen_add_row(const struct screen *screen, size_t row, struct buf *ret)
{
	size_t length = row_length(screen, row);

	for (size_t column = 0; column < length; column++) {
		const struct cell *cell = cell_at(screen, row, column);

		if (cell->covered)
			continue;
		glyph_add(ret, cell->codepoint ? cell->codepoint : ' ');
		for (size_t i = 0; i < MARKS_MAX && cell->marks[i]; i++)
			glyph_add(ret, cell->marks[i]);
	}
}

void screen_cursor(const struct screen *screen, size_t *ret_row, size_t *ret_column)
{
	*ret_row = screen->row;
	*ret_column = screen->column;
}
