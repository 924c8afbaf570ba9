/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/progress/progress.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "builder/solve/event.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"
#include "tools/environment.h"
#include "tools/output.h"
#include "tools/progress/colors.h"
#include "tools/progress/display.h"
#include "tools/progress/model.h"
#include "tools/progress/summary.h"

#define NS_PER_MS 1000000u
/* The least time between two drawings, and the time after which one comes of itself. */
#define INTERVAL_MS 100
#define TICK_MS     150
/* Lines of each running step's output on a terminal. */
#define LOG_LINES     6
#define LOG_LINES_MAX 200
/* Lines of a failed step's output that plain repeats, having shown all. */
#define FAILURE_LINES 10
/* Bytes of a step's output kept for the case that it fails. */
#define PLAIN_LOG_LIMIT ((size_t)64 << 10)
#define TTY_LOG_LIMIT   ((size_t)256 << 10)

const char *const progress_modes[] = { "auto", "none", "plain", "quiet", "rawjson", "tty", NULL };

static const enum progress_mode mode_values[] = { PROGRESS_AUTO,  PROGRESS_NONE,    PROGRESS_PLAIN,
						  PROGRESS_QUIET, PROGRESS_RAWJSON, PROGRESS_TTY };

struct progress {
	struct event_sink sink; /* first: what the builder knows of us */
	enum progress_mode mode;
	int fd;
	bool expand_warnings;
	uint64_t (*now_ns)(void *context);
	void *context;
	uint64_t tick_ns;
	struct progress_colors colors;

	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t stop_wanted;
	struct display_size size;
	struct model model;
	struct display *display; /* NULL: nothing is shown */
	bool threaded;           /* there may be a thread */
	bool thread_runs, stop;
	pthread_t thread;
};

/* ---- which mode ---- */

static int mode_of(const char *name, enum progress_mode *ret)
{
	for (size_t i = 0; progress_modes[i]; i++) {
		if (strcmp(progress_modes[i], name) == 0) {
			*ret = mode_values[i];
			return 0;
		}
	}
	return -EINVAL;
}

int progress_mode_choose(const char *option, struct environment *environment,
			 enum progress_mode *ret, struct error *err)
{
	const char *name = option ? option : "auto";
	const char *source = "--progress";
	int r;

	if (strcmp(name, "auto") == 0) {
		r = environment_setting(environment, SETTING_PROGRESS, &name, err);
		if (r < 0)
			return r;
		source = "the setting 'progress'";
	}
	if (strcmp(name, "auto") == 0 && environment_variable("BUILDKIT_PROGRESS")) {
		name = environment_variable("BUILDKIT_PROGRESS");
		source = "BUILDKIT_PROGRESS";
	}
	r = mode_of(name, ret);
	if (r < 0)
		return error_set(err, r,
				 "%s is '%s', which is none of auto, none, plain, quiet, rawjson "
				 "and tty",
				 source, name);
	return 0;
}

static enum progress_mode settle_mode(const struct progress_options *options)
{
	const char *terminal = environment_variable("TERM");

	if (options->mode != PROGRESS_AUTO)
		return options->mode;
	if (!isatty(options->fd) || !terminal || strcmp(terminal, "dumb") == 0)
		return PROGRESS_PLAIN;
	return PROGRESS_TTY;
}

/* ---- events ---- */

static void lock(struct progress *progress)
{
	int r = pthread_mutex_lock(&progress->lock);

	assert(r == 0);
	(void)r;
}

static void unlock(struct progress *progress)
{
	(void)pthread_mutex_unlock(&progress->lock);
}

/* Draws while nothing happens: clocks go on, and what was held back comes out. */
static void *run_thread(void *argument)
{
	struct progress *progress = argument;

	lock(progress);
	while (!progress->stop) {
		uint64_t wake_ns = clock_monotonic_ns() + progress->tick_ns;
		struct timespec until = { .tv_sec = (time_t)(wake_ns / 1000000000),
					  .tv_nsec = (long)(wake_ns % 1000000000) };

		(void)pthread_cond_timedwait(&progress->stop_wanted, &progress->lock, &until);
		if (!progress->stop && progress->display->ops->wants_ticks(progress->display))
			progress->display->ops->tick(progress->display,
						     progress->now_ns(progress->context));
	}
	unlock(progress);
	return NULL;
}

static void start_thread(struct progress *progress)
{
	sigset_t all, old;

	if (progress->thread_runs || !progress->threaded)
		return;
	/* Signals are the business of the thread that runs the build. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	progress->thread_runs = pthread_create(&progress->thread, NULL, run_thread, progress) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	/* Without one the display changes only when something happens. */
	progress->threaded = progress->thread_runs;
}

static void stop_thread(struct progress *progress)
{
	if (!progress->thread_runs)
		return;
	lock(progress);
	progress->stop = true;
	(void)pthread_cond_signal(&progress->stop_wanted);
	unlock(progress);
	(void)pthread_join(progress->thread, NULL);
	progress->thread_runs = false;
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct progress *progress = (struct progress *)(void *)sink;
	struct model_vertex *vertex;

	if (!progress->display)
		return;
	lock(progress);
	vertex = model_apply(&progress->model, event);
	progress->display->ops->event(progress->display, event, vertex,
				      progress->now_ns(progress->context));
	if (progress->display->ops->wants_ticks(progress->display))
		start_thread(progress);
	unlock(progress);
}

void progress_tick(struct progress *progress)
{
	lock(progress);
	if (progress->display && progress->display->ops->wants_ticks(progress->display))
		progress->display->ops->tick(progress->display,
					     progress->now_ns(progress->context));
	unlock(progress);
}

void progress_resize(struct progress *progress, unsigned rows, unsigned columns)
{
	lock(progress);
	progress->size = (struct display_size){ rows, columns };
	unlock(progress);
}

struct event_sink *progress_sink(struct progress *progress)
{
	return &progress->sink;
}

enum progress_mode progress_mode(const struct progress *progress)
{
	return progress->mode;
}

/* ---- beginning and end ---- */

static uint64_t system_clock(void *context)
{
	(void)context;
	return clock_monotonic_ns();
}

/* A number from the environment, `fallback` when it is none or not within 1 … max. */
static unsigned number_variable(const char *name, unsigned fallback, unsigned max)
{
	const char *text = environment_variable(name);
	uint32_t value;

	if (!text || parse_u32(text, &value) < 0 || value < 1)
		return fallback;
	return value > max ? max : value;
}

static void init_colors(struct progress *progress, const struct progress_options *options)
{
	cleanup_with(strings_release) struct strings complaints = { 0 };
	bool enabled = options->now_ns ? options->color : output_wants_color(options->fd);

	progress_colors_init(&progress->colors, enabled, environment_variable("BUILDKIT_COLORS"),
			     &complaints);
	for (size_t i = 0; i < complaints.count; i++)
		output_warn("%s", complaints.items[i]);
}

static struct display *new_display(struct progress *progress,
				   const struct progress_options *options)
{
	const char *truncate = environment_variable("PROGRESS_NO_TRUNC");
	struct display_context context = {
		.model = &progress->model,
		.fd = progress->fd,
		.description = options->description,
		.colors = &progress->colors,
		.interval_ns = (uint64_t)NS_PER_MS *
			       number_variable("TTY_DISPLAY_RATE", INTERVAL_MS, 10000),
		.log_lines = number_variable("BUILDKIT_TTY_LOG_LINES", LOG_LINES, LOG_LINES_MAX),
		.clip_names = truncate && strcmp(truncate, "0") == 0,
		.size = &progress->size,
		.realtime_offset_ns =
			options->now_ns ? 0 : clock_realtime_ns() - (int64_t)clock_monotonic_ns(),
	};

	switch (progress->mode) {
	case PROGRESS_TTY:
		progress->model.log_limit = TTY_LOG_LIMIT;
		return display_tty_new(&context);
	case PROGRESS_PLAIN:
		progress->model.log_limit = PLAIN_LOG_LIMIT;
		return display_plain_new(&context);
	case PROGRESS_RAWJSON:
		return display_rawjson_new(&context);
	case PROGRESS_AUTO:
	case PROGRESS_QUIET:
	case PROGRESS_NONE:
		break;
	}
	return NULL;
}

int progress_open(const struct progress_options *options, struct progress **ret, struct error *err)
{
	struct progress *progress;
	pthread_condattr_t monotonic;

	if (options->mode == PROGRESS_TTY && options->rows == 0 && !isatty(options->fd))
		return error_set(err, -ENOTTY,
				 "'--progress=tty' needs a terminal on standard error; "
				 "'--progress=plain' does not");
	progress = xcalloc(1, sizeof *progress);
	progress->sink.emit = emit;
	progress->mode = settle_mode(options);
	progress->fd = options->fd;
	progress->expand_warnings = options->expand_warnings;
	progress->now_ns = options->now_ns ? options->now_ns : system_clock;
	progress->context = options->context;
	progress->threaded = !options->now_ns;
	progress->tick_ns =
		(uint64_t)NS_PER_MS * number_variable("TTY_DISPLAY_RATE", TICK_MS, 10000);
	(void)pthread_mutex_init(&progress->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&progress->stop_wanted, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (progress->mode == PROGRESS_TTY || progress->mode == PROGRESS_PLAIN)
		init_colors(progress, options);
	progress->size = (struct display_size){ options->rows, options->columns };
	progress->display = new_display(progress, options);
	*ret = progress;
	return 0;
}

void progress_finish(struct progress *progress)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	bool tty = progress->mode == PROGRESS_TTY;

	stop_thread(progress);
	if (!progress->display)
		return;
	progress->display->ops->finish(progress->display, progress->now_ns(progress->context));
	if (progress->mode == PROGRESS_RAWJSON)
		return;
	summary_add_failures(&text, &progress->model, tty ? 0 : FAILURE_LINES, tty);
	summary_add_warnings(&text, &progress->model, &progress->colors, progress->expand_warnings);
	(void)output_write_fd(progress->fd, text.data, text.length);
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	stop_thread(progress);
	if (progress->display)
		progress->display->ops->free(progress->display);
	model_release(&progress->model);
	(void)pthread_cond_destroy(&progress->stop_wanted);
	(void)pthread_mutex_destroy(&progress->lock);
	free(progress);
}
