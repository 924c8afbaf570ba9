/* SPDX-License-Identifier: Apache-2.0 */
/* What the events have told about a build so far: the state that displays draw. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/solve/event.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct screen;

/* Progress of a part of a vertex. */
struct model_status {
	char *id;
	uint64_t current, total;
	bool bytes, complete;
	uint64_t first_ns, last_ns; /* of the events about it */

	/* the plain display's: news since it wrote the line, and what it wrote then */
	bool fresh, shown;
	uint64_t shown_current, shown_ns;
};

/* The end of a vertex's output: "0.123 text" lines, for the case that it fails. */
struct model_log {
	struct buf text;
	size_t dropped; /* lines that are no longer there */
	bool open;      /* the last one has no end yet */
};

struct model_vertex {
	unsigned number;
	char *name, *digest;
	unsigned *inputs;
	size_t input_count;

	bool started, ended;
	uint64_t started_ns; /* when the present run of it began */
	uint64_t ended_ns;
	uint64_t spent_ns; /* in runs before */
	enum event_outcome outcome;
	char *error;

	struct model_status *statuses;
	size_t status_count, status_capacity;
	struct strings warnings; /* "RULE: text (line 3)" */
	struct model_log log;

	struct screen *screen; /* the tty display's */
};

struct model_warning {
	char *summary; /* "RULE: text (line 3)" */
	char *detail, *excerpt, *url;
};

struct model {
	size_t log_limit; /* bytes kept of each vertex's output; 0 keeps none */

	struct model_vertex **vertices; /* at [number - 1]; NULL where none has appeared */
	size_t vertex_count;
	size_t known, ended;           /* of them; what never began has not ended either */
	struct model_vertex **started; /* in the order in which they began */
	size_t started_count, started_capacity;

	struct model_warning *warnings;
	size_t warning_count, warning_capacity;

	bool begun;
	uint64_t begin_ns; /* the first event */
};

/*
 * Take an event into account. Returns the vertex it is about; NULL for one that is about the build
 * as a whole, or about a vertex that has not appeared.
 */
struct model_vertex *model_apply(struct model *model, const struct event *event);
void model_release(struct model *model);

/* Append at most `max` bytes of the name, on one line whatever is in it. */
void model_add_name(struct buf *buf, const struct model_vertex *vertex, size_t max);
/* How long a vertex has been at work. */
uint64_t model_vertex_ns(const struct model_vertex *vertex, uint64_t now_ns);
/* How long ago a piece of a vertex's output at `time_ns` began, as it is written in front of it. */
void model_add_log_time(struct buf *buf, const struct model_vertex *vertex, uint64_t time_ns);
/* " 1.2MB / 3.4MB", " 3 / 7", " 12kB" or "". */
void model_add_status_amount(struct buf *buf, const struct model_status *status);
