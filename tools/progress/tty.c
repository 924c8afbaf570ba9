/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tty format: a frame of one row for each step, drawn again in place. A frame goes out in one
 * write, which hides the cursor and shows it again, changes only the rows that differ, and leaves
 * the cursor below: whenever the program ends, the terminal is as it should be.
 */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "tools/glyph.h"
#include "tools/output.h"
#include "tools/progress/colors.h"
#include "tools/progress/display.h"
#include "tools/progress/layout.h"
#include "tools/progress/model.h"
#include "tools/progress/screen.h"

#define PREFIX     " => "
#define LOG_PREFIX " => => # "
/* A name that would be shorter is left out: the terminal is too narrow. */
#define NAME_MIN 12

struct tty {
	struct display base;
	struct display_context context;
	size_t rows, columns; /* of the terminal, at the last drawing */
	struct strings frame; /* its rows, as they were written */
	size_t *widths;       /* and the columns they took */
	size_t widths_capacity;
	bool broken; /* nobody sees it any more */
	uint64_t drawn_ns;
	struct layout layout;
	struct buf out;
};

static struct tty *tty_of(struct display *display)
{
	return (struct tty *)(void *)display;
}

/* ---- rows ---- */

/* Two texts at both ends of a row of `columns`. The columns it takes. */
static size_t add_aligned(struct buf *row, const char *left, const char *right, size_t columns)
{
	size_t right_columns = strlen(right); /* ours: digits and the description */
	size_t room = columns > right_columns ? columns - right_columns : 0;
	size_t used = glyph_add_clipped(row, left, strlen(left), room);

	if (*right && right_columns <= columns) {
		buf_add_format(row, "%*s%s", (int)(room - used), "", right);
		used = columns;
	}
	return used;
}

static size_t add_header(const struct tty *tty, struct buf *row, uint64_t now_ns, bool last,
			 size_t columns)
{
	const struct model *model = tty->context.model;
	uint64_t since_ns = model->begun && now_ns > model->begin_ns ? now_ns - model->begin_ns : 0;
	bool finished = last && model->ended > 0 && model->ended == model->known;
	char text[96], right[128] = "";

	snprintf(text, sizeof text, "[+] Building %.1fs (%zu/%zu)%s", (double)since_ns / 1e9,
		 model->ended, model->known, finished ? " FINISHED" : "");
	if (tty->context.description)
		snprintf(right, sizeof right, " %s", tty->context.description);
	return add_aligned(row, text, strlen(text) + strlen(right) < columns ? right : "", columns);
}

static const char *vertex_color(const struct tty *tty, const struct model_vertex *vertex)
{
	const struct progress_colors *colors = tty->context.colors;

	if (!vertex->ended)
		return "";
	switch (vertex->outcome) {
	case EVENT_OK:
	case EVENT_CACHED:
		return colors->done;
	case EVENT_FAILED:
		return colors->failed;
	case EVENT_CANCELED:
		return colors->canceled;
	}
	return "";
}

static const char *vertex_word(const struct model_vertex *vertex)
{
	if (!vertex->ended)
		return "";
	switch (vertex->outcome) {
	case EVENT_OK:
		return "";
	case EVENT_CACHED:
		return "CACHED ";
	case EVENT_FAILED:
		return "ERROR ";
	case EVENT_CANCELED:
		return "CANCELED ";
	}
	return "";
}

/* " => name amount           1.2s", the amount only where there is room for it. */
static size_t add_timed(struct buf *row, const char *name, const char *amount, uint64_t ns,
			size_t columns)
{
	double seconds = (double)ns / 1e9;
	size_t room, amount_columns = strlen(amount);
	char timer[32];
	size_t used;

	snprintf(timer, sizeof timer, " %3.1fs", seconds < 0.05 ? 0 : seconds);
	if (columns < strlen(PREFIX) + NAME_MIN + strlen(timer))
		return glyph_add_clipped(row, name, strlen(name), columns);
	room = columns - strlen(PREFIX) - strlen(timer);
	buf_add_string(row, PREFIX);
	if (amount_columns > 0 && room < NAME_MIN + amount_columns)
		amount_columns = 0;
	used = glyph_add_clipped(row, name, strlen(name), room - amount_columns);
	if (amount_columns > 0) {
		buf_add_string(row, amount);
		used += amount_columns;
	}
	buf_add_format(row, "%*s%s", (int)(room - used), "", timer);
	return columns;
}

static size_t add_vertex(const struct tty *tty, struct buf *row, const struct model_vertex *vertex,
			 uint64_t now_ns, size_t columns)
{
	cleanup_free char *name = xasprintf("%s%s", vertex_word(vertex), vertex->name);
	const char *color = vertex_color(tty, vertex);
	size_t used;

	buf_add_string(row, color);
	used = add_timed(row, name, "", model_vertex_ns(vertex, now_ns), columns);
	buf_add_string(row, *color ? progress_color_end(tty->context.colors) : "");
	return used;
}

static size_t add_status(const struct tty *tty, struct buf *row, const struct model_vertex *vertex,
			 const struct model_status *status, uint64_t now_ns, size_t columns)
{
	cleanup_free char *name = xasprintf("=> %s", status->id);
	cleanup_with(buf_release) struct buf amount = { 0 };
	bool over = status->complete || vertex->ended;
	const char *color = over ? tty->context.colors->done : "";
	uint64_t end_ns = status->complete ? status->last_ns
			  : vertex->ended  ? vertex->ended_ns
					   : now_ns;
	size_t used;

	model_add_status_amount(&amount, status);
	buf_add_string(row, color);
	used = add_timed(row, name, buf_string(&amount),
			 end_ns > status->first_ns ? end_ns - status->first_ns : 0, columns);
	buf_add_string(row, *color ? progress_color_end(tty->context.colors) : "");
	return used;
}

static size_t add_colored(const struct tty *tty, struct buf *row, const char *color,
			  const char *prefix, const char *text, size_t columns)
{
	size_t used;

	buf_add_string(row, color);
	used = glyph_add_clipped(row, prefix, strlen(prefix), columns);
	used += glyph_add_clipped(row, text, strlen(text), columns - used);
	buf_add_string(row, *color ? progress_color_end(tty->context.colors) : "");
	return used;
}

static size_t add_log(const struct tty *tty, struct buf *row, const struct layout_row *at,
		      size_t columns)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	screen_add_row(at->vertex->screen, at->index, &text);
	return add_colored(tty, row, tty->context.colors->log, LOG_PREFIX, buf_string(&text),
			   columns);
}

static size_t add_row(const struct tty *tty, struct buf *row, const struct layout_row *at,
		      uint64_t now_ns, size_t columns)
{
	char more[64];

	switch (at->kind) {
	case LAYOUT_VERTEX:
		return add_vertex(tty, row, at->vertex, now_ns, columns);
	case LAYOUT_STATUS:
		return add_status(tty, row, at->vertex, &at->vertex->statuses[at->index], now_ns,
				  columns);
	case LAYOUT_WARNING:
		return add_colored(tty, row, tty->context.colors->warning,
				   PREFIX "WARN: ", at->vertex->warnings.items[at->index], columns);
	case LAYOUT_LOG:
		return add_log(tty, row, at, columns);
	case LAYOUT_MORE:
		snprintf(more, sizeof more, "%zu more running", at->index);
		return add_colored(tty, row, "", PREFIX, more, columns);
	}
	return 0;
}

/* ---- the terminal ---- */

static void measure(struct tty *tty)
{
	struct winsize size;

	if (tty->context.size->rows > 0) {
		tty->rows = tty->context.size->rows;
		tty->columns = tty->context.size->columns;
	} else if (ioctl(tty->context.fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
		   size.ws_col > 0) {
		tty->rows = size.ws_row;
		tty->columns = size.ws_col;
	} else {
		tty->rows = 24;
		tty->columns = 80;
	}
}

/* Back to the row of the header. */
static void go_to_top(struct tty *tty, bool resized)
{
	size_t up = tty->frame.count;

	if (resized) {
		/* Most terminals break long rows anew when they become narrower. */
		up = 0;
		for (size_t i = 0; i < tty->frame.count; i++)
			up += tty->widths[i] > 0 ? (tty->widths[i] - 1) / tty->columns + 1 : 1;
	}
	if (up >= tty->rows)
		up = tty->rows - 1;
	if (up > 0)
		buf_add_format(&tty->out, "\033[%zuA", up);
	buf_add_char(&tty->out, '\r');
	if (resized)
		buf_add_string(&tty->out, "\033[J");
}

/* Put a row at the cursor, which goes to the beginning of the next. */
static void put_row(struct tty *tty, size_t index, struct buf *row, size_t width, bool resized)
{
	bool known = index < tty->frame.count;

	if (!known || resized || strcmp(tty->frame.items[index], buf_string(row)) != 0) {
		buf_append(&tty->out, row->data, row->length);
		buf_add_string(&tty->out, "\033[K");
	}
	buf_add_string(&tty->out, "\r\n");
	if (index >= tty->widths_capacity) {
		tty->widths_capacity = index * 2 + 16;
		tty->widths = xreallocarray(tty->widths, tty->widths_capacity, sizeof *tty->widths);
	}
	tty->widths[index] = width;
	if (known) {
		free(tty->frame.items[index]);
		tty->frame.items[index] = xstrdup(buf_string(row));
	} else {
		strings_add(&tty->frame, buf_string(row));
	}
}

static void draw(struct tty *tty, uint64_t now_ns, bool last)
{
	cleanup_with(buf_release) struct buf row = { 0 };
	size_t old_columns = tty->columns, count = 0, columns, width;
	bool resized;

	measure(tty);
	resized = tty->columns != old_columns && tty->frame.count > 0;
	/* The last column stays free: writing there leaves some terminals in the next row. */
	columns = tty->columns > 1 ? tty->columns - 1 : 1;
	layout_make(&tty->layout, tty->context.model, tty->rows > 2 ? tty->rows - 2 : 0,
		    tty->context.log_lines, last);
	buf_add_string(&tty->out, "\033[?25l");
	go_to_top(tty, resized);
	width = add_header(tty, &row, now_ns, last, columns);
	put_row(tty, count++, &row, width, resized);
	for (size_t i = 0; i < tty->layout.count; i++) {
		buf_clear(&row);
		width = add_row(tty, &row, &tty->layout.rows[i], now_ns, columns);
		put_row(tty, count++, &row, width, resized);
	}
	if (count < tty->frame.count)
		buf_add_string(&tty->out, "\033[J");
	while (tty->frame.count > count)
		strings_remove(&tty->frame, tty->frame.count - 1);
	buf_add_string(&tty->out, "\033[?25h");
	if (!tty->broken)
		tty->broken = output_write_fd(tty->context.fd, tty->out.data, tty->out.length) < 0;
	buf_clear(&tty->out);
	tty->drawn_ns = now_ns;
}

/* ---- the display ---- */

static void feed_screen(struct tty *tty, struct model_vertex *vertex, const struct event *event)
{
	size_t columns;

	if (vertex->ended || tty->context.log_lines == 0)
		return;
	if (tty->columns == 0)
		measure(tty);
	columns = tty->columns > strlen(LOG_PREFIX) + 1 ? tty->columns - strlen(LOG_PREFIX) - 1 : 1;
	/* One more row: the last is blank while a line has its end and the next has not begun. */
	if (!vertex->screen)
		vertex->screen = screen_new(tty->context.log_lines + 1, columns, false);
	else
		screen_resize(vertex->screen, tty->context.log_lines + 1, columns);
	screen_write(vertex->screen, event->data, event->size);
}

static void tty_event(struct display *display, const struct event *event,
		      struct model_vertex *vertex, uint64_t now_ns)
{
	struct tty *tty = tty_of(display);

	if (vertex && event->type == EVENT_LOG)
		feed_screen(tty, vertex, event);
	if (now_ns >= tty->drawn_ns + tty->context.interval_ns)
		draw(tty, now_ns, false);
}

static void tty_tick(struct display *display, uint64_t now_ns)
{
	draw(tty_of(display), now_ns, false);
}

static bool tty_wants_ticks(const struct display *display)
{
	(void)display;
	return true;
}

static void tty_finish(struct display *display, uint64_t now_ns)
{
	draw(tty_of(display), now_ns, true);
}

static void tty_free(struct display *display)
{
	struct tty *tty = tty_of(display);

	strings_release(&tty->frame);
	free(tty->widths);
	layout_release(&tty->layout);
	buf_release(&tty->out);
	free(tty);
}

struct display *display_tty_new(const struct display_context *context)
{
	static const struct display_ops ops = {
		.event = tty_event,
		.tick = tty_tick,
		.wants_ticks = tty_wants_ticks,
		.finish = tty_finish,
		.free = tty_free,
	};
	struct tty *tty = xcalloc(1, sizeof *tty);

	tty->base.ops = &ops;
	tty->context = *context;
	return &tty->base;
}
