/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build has to say while it runs: the only way out for news. Libraries emit these, only
 * tools/ shows them. All pointers are good for the time of the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_type {
	EVENT_VERTEX, /* a piece of work appeared: before any other event about it; again: renamed */
	EVENT_STARTED, /* began, or goes on after it had ended: its times add up */
	EVENT_LOG,     /* output of it */
	EVENT_STATUS,  /* progress of a part of it: a transfer, a wait, an export */
	EVENT_DONE,    /* ended: done, cached, failed or cancelled, started before or not */
	EVENT_WARNING, /* about the Dockerfile, or about the host */
};

enum event_outcome { EVENT_OK, EVENT_CACHED, EVENT_FAILED, EVENT_CANCELED };

/* Where in the Dockerfile, counted from 1; all zero when nowhere. */
struct event_location {
	const char *file;
	unsigned first_line, last_line;
};

struct event {
	enum event_type type;
	/* number from 1, by first appearance; 0: the build as a whole, which only warnings are about */
	unsigned vertex;
	uint64_t time_ns; /* monotonic */

	/* EVENT_VERTEX: "[build 2/5] RUN make", and its digest in "sha256:…" form, or NULL */
	const char *name;
	const char *digest;
	const unsigned *inputs; /* vertices it waits for, which have appeared */
	size_t input_count;

	/* EVENT_LOG: raw bytes, not lines; stream 1 or 2 */
	int stream;
	const void *data;
	size_t size;

	/* EVENT_STATUS: `id` is the text of the line ("exporting layers", "waiting for cache …");
	 * a total of 0 is unknown; sizes in bytes when `bytes` is set */
	const char *id;
	uint64_t current, total;
	bool bytes;
	bool complete;

	/* EVENT_DONE */
	enum event_outcome outcome;
	const char *error; /* EVENT_FAILED */
	struct event_location location;

	/* EVENT_WARNING: rule name or NULL, text, location above */
	const char *rule;
	const char *text;
	const char *detail;  /* what the rule is good for, or NULL */
	const char *excerpt; /* the lines it is about, as they are shown to a person, or NULL */
	const char *url;
};

/* Called from any thread, one call at a time. */
struct event_sink {
	void (*emit)(struct event_sink *sink, const struct event *event);
};
