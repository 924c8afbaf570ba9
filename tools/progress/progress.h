/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows a build while it runs: takes events, writes one of BuildKit's formats to standard error.
 * What is written after the build, an image's id or the last error, is the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

struct environment;
struct error;
struct event_sink;
struct progress;

enum progress_mode {
	PROGRESS_AUTO,    /* tty on a terminal that can move its cursor, else plain */
	PROGRESS_TTY,     /* one line for each step, redrawn in place */
	PROGRESS_PLAIN,   /* everything, line after line, never shortened */
	PROGRESS_RAWJSON, /* BuildKit's SolveStatus objects, one a line */
	PROGRESS_QUIET,   /* nothing; the caller prints the image's id */
	PROGRESS_NONE,    /* nothing at all */
};

/* The choices of a --progress option. */
extern const char *const progress_modes[];

/*
 * The mode to use: `option` (--progress; NULL when not given), else, when that is "auto",
 * VARVE_PROGRESS, the setting "progress" and BUILDKIT_PROGRESS. -EINVAL for one that does not exist.
 */
int progress_mode_choose(const char *option, struct environment *environment,
			 enum progress_mode *ret, struct error *err);

struct progress_options {
	enum progress_mode mode;
	int fd;                  /* where to write; not closed */
	const char *description; /* shown once ("#0 …") or in the corner, or NULL */
	bool expand_warnings;    /* with all that is known about each, at the end */

	/* Tests: the time and the terminal's size are what they say, and nothing happens between
	 * calls; progress_tick() takes the place of the passing time. */
	uint64_t (*now_ns)(void *context);
	void *context;
	bool color;
	unsigned rows, columns;
};

/* -ENOTTY when mode is PROGRESS_TTY and `fd` is no terminal. */
int progress_open(const struct progress_options *options, struct progress **ret, struct error *err);

/* Where the events go; any thread, one at a time. */
struct event_sink *progress_sink(struct progress *progress);

/* The mode that PROGRESS_AUTO has become. */
enum progress_mode progress_mode(const struct progress *progress);

/* Show what has changed since, if it is time to. */
void progress_tick(struct progress *progress);

/* Tests: the terminal has another size now. */
void progress_resize(struct progress *progress, unsigned rows, unsigned columns);

/* The build is over: the last state, the output of failed steps, the warnings. No event may follow. */
void progress_finish(struct progress *progress);
void progress_free(struct progress *progress);
DEFINE_CLEANUP(struct progress *, progress_free);
