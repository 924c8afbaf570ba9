/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of progress display is: progress.c keeps the model, and calls one of these. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct event;
struct model;
struct model_vertex;
struct progress_colors;

struct display_size {
	unsigned rows, columns;
};

/* What all of them are given; what it points to outlives them. */
struct display_context {
	struct model *model;
	int fd;
	const char *description; /* or NULL */
	const struct progress_colors *colors;
	uint64_t interval_ns;            /* at most one redrawing in that time */
	unsigned log_lines;              /* of each running step, on a terminal */
	bool clip_names;                 /* PROGRESS_NO_TRUNC=0 */
	const struct display_size *size; /* of the terminal; rows 0: ask it */
	int64_t realtime_offset_ns;      /* from the clock of the events to that of the calendar */
};

struct display;

struct display_ops {
	/* The model has taken `event`; `vertex` is whom it is about, or NULL. */
	void (*event)(struct display *display, const struct event *event,
		      struct model_vertex *vertex, uint64_t now_ns);
	/* Some time has passed. */
	void (*tick)(struct display *display, uint64_t now_ns);
	/* Whether the passing of time has anything to show. */
	bool (*wants_ticks)(const struct display *display);
	/* The last state. What follows it is common to those that people read, see summary.h. */
	void (*finish)(struct display *display, uint64_t now_ns);
	void (*free)(struct display *display);
};

struct display {
	const struct display_ops *ops;
};

struct display *display_plain_new(const struct display_context *context);
struct display *display_rawjson_new(const struct display_context *context);
struct display *display_tty_new(const struct display_context *context);
