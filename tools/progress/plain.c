/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plain format: everything that is said, line after line. Lines of different steps are not
 * mixed one by one; one step has the word for a while, and what others say is kept until it ends
 * or has had its share.
 */
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "tools/output.h"
#include "tools/progress/display.h"
#include "tools/progress/model.h"

/* A step keeps the word so long at least, and longer the more of all the news is its own. */
#define TURN_NS ((uint64_t)5 * 1000000000)
/* Nobody's news wait longer. */
#define WAIT_NS ((uint64_t)10 * 1000000000)
/* A status line is written again after so much time, or so great a part of the whole. */
#define STATUS_NS    ((uint64_t)5 * 1000000000)
#define STATUS_PART  0.05
#define NAME_CLIPPED 72

struct speaker {
	struct model_vertex *vertex;
	unsigned number;    /* as shown, 0 before it first had the word */
	struct buf pending; /* log lines with their times, not yet written */
	bool line_open;     /* the last line taken in has no end yet */
	bool written_open;  /* nor has the last one written */
	bool news;          /* something is not yet written */
	bool closed;        /* its last line is written; a new run opens it again */
	size_t warnings_written;
	uint64_t count;    /* events since it last had the word, */
	uint64_t since_ns; /* which is how long ago */
};

struct plain {
	struct display base;
	struct display_context context;
	struct speaker **speakers; /* by vertex number - 1; NULL before its first news */
	size_t speaker_count;
	struct speaker *current; /* who has the word, or NULL */
	struct speaker **ended;  /* who has ended and not said so, in that order */
	size_t ended_count, ended_capacity;
	unsigned numbers; /* given so far */
	bool begun;       /* something was written */
	bool broken;      /* nobody reads it any more */
	uint64_t written_ns;
	struct buf out;
};

static struct plain *plain_of(struct display *display)
{
	return (struct plain *)(void *)display;
}

static struct speaker *speaker_of(struct plain *plain, struct model_vertex *vertex)
{
	size_t index = vertex->number - 1;

	if (index >= plain->speaker_count) {
		size_t count = plain->context.model->vertex_count;

		plain->speakers = xreallocarray(plain->speakers, count, sizeof *plain->speakers);
		memset(plain->speakers + plain->speaker_count, 0,
		       (count - plain->speaker_count) * sizeof *plain->speakers);
		plain->speaker_count = count;
	}
	if (!plain->speakers[index]) {
		plain->speakers[index] = xcalloc(1, sizeof **plain->speakers);
		plain->speakers[index]->vertex = vertex;
	}
	return plain->speakers[index];
}

/* ---- taking in ---- */

static void take_log(struct speaker *speaker, const struct event *event)
{
	const char *at = event->data, *end = at + event->size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline + 1 : end;

		if (!speaker->line_open)
			model_add_log_time(&speaker->pending, speaker->vertex, event->time_ns);
		buf_append(&speaker->pending, at, (size_t)(stop - at));
		speaker->line_open = !newline;
		at = stop;
	}
}

/* ---- writing ---- */

static void write_status(struct plain *plain, const struct speaker *speaker,
			 struct model_status *status)
{
	double taken = (double)(status->last_ns - status->first_ns) / 1e9;

	if (status->shown && !status->complete) {
		double part = status->total > 0
				      ? ((double)status->current - (double)status->shown_current) /
						(double)status->total
				      : 0;

		if (part < STATUS_PART && status->last_ns - status->shown_ns < STATUS_NS)
			return;
	}
	status->shown = true;
	status->shown_current = status->current;
	status->shown_ns = status->last_ns;
	buf_add_format(&plain->out, "#%u %s", speaker->number, status->id);
	model_add_status_amount(&plain->out, status);
	if (taken > 0.01)
		buf_add_format(&plain->out, " %.1fs", taken);
	buf_add_string(&plain->out, status->complete ? " done\n" : "\n");
}

static void write_log(struct plain *plain, struct speaker *speaker)
{
	const char *at = buf_string(&speaker->pending), *end = at + speaker->pending.length;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline + 1 : end;

		if (!speaker->written_open)
			buf_add_format(&plain->out, "#%u ", speaker->number);
		buf_append(&plain->out, at, (size_t)(stop - at));
		speaker->written_open = !newline;
		at = stop;
	}
	buf_clear(&speaker->pending);
}

/* End a line that its program has not ended; what follows of it gets a time of its own. */
static void close_line(struct plain *plain, struct speaker *speaker)
{
	write_log(plain, speaker);
	if (speaker->written_open)
		buf_add_char(&plain->out, '\n');
	speaker->written_open = false;
	speaker->line_open = false;
}

static bool has_fresh_lines(const struct speaker *speaker)
{
	const struct model_vertex *vertex = speaker->vertex;

	for (size_t i = 0; i < vertex->status_count; i++) {
		if (vertex->statuses[i].fresh)
			return true;
	}
	return vertex->warnings.count > speaker->warnings_written;
}

static void write_news(struct plain *plain, struct speaker *speaker)
{
	struct model_vertex *vertex = speaker->vertex;

	if (speaker->written_open && has_fresh_lines(speaker))
		close_line(plain, speaker);
	for (size_t i = 0; i < vertex->status_count; i++) {
		if (vertex->statuses[i].fresh)
			write_status(plain, speaker, &vertex->statuses[i]);
		vertex->statuses[i].fresh = false;
	}
	for (; speaker->warnings_written < vertex->warnings.count; speaker->warnings_written++)
		buf_add_format(&plain->out, "#%u WARN: %s\n", speaker->number,
			       vertex->warnings.items[speaker->warnings_written]);
	write_log(plain, speaker);
	speaker->news = false;
}

static void write_end(struct plain *plain, struct speaker *speaker)
{
	const struct model_vertex *vertex = speaker->vertex;

	close_line(plain, speaker);
	buf_add_format(&plain->out, "#%u ", speaker->number);
	switch (vertex->outcome) {
	case EVENT_OK:
		buf_add_format(&plain->out, "DONE %.1fs\n",
			       (double)model_vertex_ns(vertex, 0) / 1e9);
		break;
	case EVENT_CACHED:
		buf_add_string(&plain->out, "CACHED\n");
		break;
	case EVENT_CANCELED:
		buf_add_string(&plain->out, "CANCELED\n");
		break;
	case EVENT_FAILED:
		buf_add_format(&plain->out, "ERROR: %s\n", vertex->error);
		break;
	}
	speaker->closed = true;
}

static void write_name(struct plain *plain, const struct speaker *speaker)
{
	bool clipped = plain->context.clip_names && strlen(speaker->vertex->name) > NAME_CLIPPED;

	buf_add_format(&plain->out, "#%u ", speaker->number);
	model_add_name(&plain->out, speaker->vertex, clipped ? NAME_CLIPPED : SIZE_MAX);
	buf_add_string(&plain->out, clipped ? "...\n" : "\n");
}

static void yield_word(struct plain *plain)
{
	struct speaker *current = plain->current;

	if (!current)
		return;
	close_line(plain, current);
	buf_add_format(&plain->out, "#%u ...\n", current->number);
	current->count = 0;
	plain->current = NULL;
}

static void open_output(struct plain *plain)
{
	if (plain->begun) {
		buf_add_char(&plain->out, '\n');
		return;
	}
	plain->begun = true;
	if (plain->context.description)
		buf_add_format(&plain->out, "#0 %s\n\n", plain->context.description);
}

static void give_word(struct plain *plain, struct speaker *speaker)
{
	if (speaker->number == 0)
		speaker->number = ++plain->numbers;
	if (speaker != plain->current) {
		yield_word(plain);
		open_output(plain);
		write_name(plain, speaker);
		plain->current = speaker;
	}
	write_news(plain, speaker);
	if (speaker->vertex->ended) {
		write_end(plain, speaker);
		speaker->count = 0;
		plain->current = NULL;
	}
}

/* ---- whose turn it is ---- */

static bool is_running(const struct speaker *speaker)
{
	return speaker->vertex->started && !speaker->vertex->ended;
}

static double speed(const struct speaker *speaker, uint64_t now_ns)
{
	uint64_t waited = now_ns > speaker->since_ns ? now_ns - speaker->since_ns : 1;

	return (double)speaker->count / (double)waited;
}

static bool waited_too_long(const struct speaker *speaker, uint64_t now_ns)
{
	return speaker->news && now_ns > speaker->since_ns + WAIT_NS;
}

/* Among the running ones: whoever has news and has waited too long, else who talks most. */
static struct speaker *next_running(const struct plain *plain, uint64_t now_ns, double *ret_sum)
{
	struct speaker *best = NULL;
	double sum = 0;

	for (size_t i = 0; i < plain->speaker_count; i++) {
		struct speaker *speaker = plain->speakers[i];

		if (!speaker || !is_running(speaker) || speaker == plain->current || !speaker->news)
			continue;
		sum += speed(speaker, now_ns);
		if (!best || (waited_too_long(speaker, now_ns) && !waited_too_long(best, now_ns)) ||
		    (waited_too_long(speaker, now_ns) == waited_too_long(best, now_ns) &&
		     speed(speaker, now_ns) > speed(best, now_ns)))
			best = speaker;
	}
	*ret_sum = sum;
	return best;
}

/* The longest running one, when nobody has anything to say: a build that waits shows for what. */
static struct speaker *oldest_running(const struct plain *plain)
{
	const struct model *model = plain->context.model;

	for (size_t i = 0; i < model->started_count; i++) {
		unsigned number = model->started[i]->number;

		if (!model->started[i]->ended && number <= plain->speaker_count &&
		    plain->speakers[number - 1])
			return plain->speakers[number - 1];
	}
	return NULL;
}

static void let_speak(struct plain *plain, uint64_t now_ns)
{
	struct speaker *current = plain->current, *next;
	double others, share;

	if (current && current->vertex->ended)
		give_word(plain, current);
	/* Those that have ended speak first, in the order in which they did. */
	for (size_t i = 0; i < plain->ended_count; i++) {
		if (plain->ended[i]->vertex->ended && !plain->ended[i]->closed)
			give_word(plain, plain->ended[i]);
	}
	plain->ended_count = 0;
	current = plain->current;
	if (current && current->news)
		give_word(plain, current);
	next = next_running(plain, now_ns, &others);
	if (!next && !current)
		next = oldest_running(plain);
	if (!next)
		return;
	if (current && !waited_too_long(next, now_ns)) {
		share = speed(current, now_ns) / (speed(current, now_ns) + others);
		if ((double)(now_ns - current->since_ns) * (1 - share) <= (double)TURN_NS)
			return;
	}
	give_word(plain, next);
}

/* ---- the display ---- */

static void write_out(struct plain *plain, uint64_t now_ns)
{
	plain->written_ns = now_ns;
	if (!plain->broken && plain->out.length > 0)
		plain->broken =
			output_write_fd(plain->context.fd, plain->out.data, plain->out.length) < 0;
	buf_clear(&plain->out);
}

static void plain_tick(struct display *display, uint64_t now_ns)
{
	struct plain *plain = plain_of(display);

	let_speak(plain, now_ns);
	write_out(plain, now_ns);
}

/* Warnings about the build as a whole belong to no step, and wait for none. */
static void write_general_warning(struct plain *plain)
{
	const struct model *model = plain->context.model;

	if (plain->current)
		close_line(plain, plain->current);
	else
		open_output(plain);
	buf_add_format(&plain->out, "#0 WARN: %s\n",
		       model->warnings[model->warning_count - 1].summary);
}

static void plain_event(struct display *display, const struct event *event,
			struct model_vertex *vertex, uint64_t now_ns)
{
	struct plain *plain = plain_of(display);
	struct speaker *speaker;

	if (!vertex && event->type == EVENT_WARNING)
		write_general_warning(plain);
	if (!vertex || event->type == EVENT_VERTEX || !vertex->started)
		return;
	speaker = speaker_of(plain, vertex);
	if (speaker->count++ == 0)
		speaker->since_ns = now_ns;
	speaker->news = true;
	if (event->type == EVENT_LOG)
		take_log(speaker, event);
	if (event->type == EVENT_STARTED)
		speaker->closed = false;
	if (event->type == EVENT_DONE && !speaker->closed) {
		array_reserve_one(plain->ended, plain->ended_count, plain->ended_capacity);
		plain->ended[plain->ended_count++] = speaker;
	}
	if (now_ns >= plain->written_ns + plain->context.interval_ns)
		plain_tick(display, now_ns);
}

static bool plain_wants_ticks(const struct display *display)
{
	const struct plain *plain = (const struct plain *)(const void *)display;

	if (plain->out.length > 0)
		return true;
	for (size_t i = 0; i < plain->speaker_count; i++) {
		const struct speaker *speaker = plain->speakers[i];

		if (speaker && speaker->news)
			return true;
	}
	return !plain->current && oldest_running(plain);
}

static void plain_finish(struct display *display, uint64_t now_ns)
{
	struct plain *plain = plain_of(display);

	plain_tick(display, now_ns);
	/* Whoever still runs has said things too. */
	for (size_t i = 0; i < plain->speaker_count; i++) {
		if (plain->speakers[i] && plain->speakers[i]->news)
			give_word(plain, plain->speakers[i]);
	}
	if (plain->current)
		close_line(plain, plain->current);
	write_out(plain, now_ns);
}

static void plain_free(struct display *display)
{
	struct plain *plain = plain_of(display);

	for (size_t i = 0; i < plain->speaker_count; i++) {
		if (plain->speakers[i])
			buf_release(&plain->speakers[i]->pending);
		free(plain->speakers[i]);
	}
	free(plain->speakers);
	free(plain->ended);
	buf_release(&plain->out);
	free(plain);
}

struct display *display_plain_new(const struct display_context *context)
{
	static const struct display_ops ops = {
		.event = plain_event,
		.tick = plain_tick,
		.wants_ticks = plain_wants_ticks,
		.finish = plain_finish,
		.free = plain_free,
	};
	struct plain *plain = xcalloc(1, sizeof *plain);

	plain->base.ops = &ops;
	plain->context = *context;
	return &plain->base;
}
