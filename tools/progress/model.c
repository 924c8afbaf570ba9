/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/progress/model.h"

#include <string.h>

#include "fs/base/alloc.h"
#include "tools/human.h"
#include "tools/progress/screen.h"

/* Numbers are given one after another, so a far one is a mistake and not a big build. */
#define VERTEX_NUMBER_MAX 10000000u

static struct model_vertex *find_vertex(const struct model *model, unsigned number)
{
	return number > 0 && number <= model->vertex_count ? model->vertices[number - 1] : NULL;
}

static struct model_vertex *need_vertex(struct model *model, unsigned number)
{
	struct model_vertex *vertex = find_vertex(model, number);
	size_t count = model->vertex_count ? model->vertex_count : 16;

	if (vertex || number == 0 || number > VERTEX_NUMBER_MAX)
		return vertex;
	while (count < number)
		count *= 2;
	if (count > model->vertex_count) {
		model->vertices = xreallocarray(model->vertices, count, sizeof vertex);
		memset(model->vertices + model->vertex_count, 0,
		       (count - model->vertex_count) * sizeof vertex);
		model->vertex_count = count;
	}
	vertex = xcalloc(1, sizeof *vertex);
	vertex->number = number;
	model->vertices[number - 1] = vertex;
	model->known++;
	return vertex;
}

static void replace(char **text, const char *by)
{
	free(*text);
	*text = by ? xstrdup(by) : NULL;
}

static struct model_vertex *apply_vertex(struct model *model, const struct event *event)
{
	struct model_vertex *vertex = need_vertex(model, event->vertex);

	if (!vertex)
		return NULL;
	replace(&vertex->name, event->name ? event->name : "");
	replace(&vertex->digest, event->digest);
	free(vertex->inputs);
	vertex->input_count = event->input_count;
	vertex->inputs = event->input_count ? xmemdup(event->inputs,
						      event->input_count * sizeof *event->inputs)
					    : NULL;
	return vertex;
}

static void start(struct model *model, struct model_vertex *vertex, uint64_t time_ns)
{
	if (vertex->started && !vertex->ended)
		return;
	if (!vertex->started) {
		array_reserve_one(model->started, model->started_count, model->started_capacity);
		model->started[model->started_count++] = vertex;
	} else {
		vertex->spent_ns += vertex->ended_ns - vertex->started_ns;
		model->ended--;
	}
	vertex->started = true;
	vertex->ended = false;
	vertex->started_ns = time_ns;
}

static void release_log(struct model_vertex *vertex)
{
	buf_release(&vertex->log.text);
	screen_free(vertex->screen);
	vertex->screen = NULL;
}

static void end(struct model *model, struct model_vertex *vertex, const struct event *event)
{
	if (vertex->ended)
		return;
	/* One that was cancelled before it began stays out of sight. */
	if (!vertex->started && event->outcome != EVENT_CANCELED)
		start(model, vertex, event->time_ns);
	vertex->ended = true;
	vertex->ended_ns =
		event->time_ns > vertex->started_ns ? event->time_ns : vertex->started_ns;
	vertex->outcome = event->outcome;
	replace(&vertex->error, event->outcome == EVENT_FAILED
					? (event->error ? event->error : "failed")
					: event->error);
	model->ended += vertex->started;
	if (event->outcome != EVENT_FAILED)
		release_log(vertex);
}

/* Forget whole lines at the front when twice as much is there as wanted, so that it pays. */
static void trim_log(struct model_log *log, size_t limit)
{
	const char *cut;

	if (log->text.length <= 2 * limit)
		return;
	cut = memchr(log->text.data + log->text.length - limit, '\n', limit);
	cut = cut ? cut + 1 : log->text.data + log->text.length - limit;
	for (const char *at = log->text.data; at < cut; at++)
		log->dropped += *at == '\n';
	memmove(log->text.data, cut, (size_t)(log->text.data + log->text.length - cut));
	buf_truncate(&log->text, (size_t)(log->text.data + log->text.length - cut));
}

static void apply_log(const struct model *model, struct model_vertex *vertex,
		      const struct event *event)
{
	struct model_log *log = &vertex->log;
	const char *at = event->data, *end = at + event->size;

	if (model->log_limit == 0 || vertex->ended)
		return;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline + 1 : end;

		if (!log->open)
			model_add_log_time(&log->text, vertex, event->time_ns);
		buf_append(&log->text, at, (size_t)(stop - at));
		log->open = !newline;
		at = stop;
	}
	trim_log(log, model->log_limit);
}

static void apply_status(struct model_vertex *vertex, const struct event *event)
{
	struct model_status *status = NULL;
	const char *id = event->id ? event->id : "";

	/* The one under way is mostly among the last. */
	for (size_t i = vertex->status_count; i > 0 && !status; i--) {
		if (strcmp(vertex->statuses[i - 1].id, id) == 0)
			status = &vertex->statuses[i - 1];
	}
	if (!status) {
		array_reserve_one(vertex->statuses, vertex->status_count, vertex->status_capacity);
		status = &vertex->statuses[vertex->status_count++];
		*status = (struct model_status){ .id = xstrdup(id), .first_ns = event->time_ns };
	}
	status->current = event->current;
	status->total = event->total;
	status->bytes = event->bytes;
	status->complete = event->complete;
	status->last_ns = event->time_ns;
	status->fresh = true;
}

static char *warning_summary(const struct event *event)
{
	struct buf text = { 0 };

	if (event->rule)
		buf_add_format(&text, "%s: ", event->rule);
	buf_add_string(&text, event->text ? event->text : "");
	if (event->location.first_line > 0)
		buf_add_format(&text, " (line %u)", event->location.first_line);
	return buf_take(&text);
}

static void apply_warning(struct model *model, struct model_vertex *vertex,
			  const struct event *event)
{
	struct model_warning warning = { .summary = warning_summary(event) };

	replace(&warning.detail, event->detail);
	replace(&warning.excerpt, event->excerpt);
	replace(&warning.url, event->url);
	array_reserve_one(model->warnings, model->warning_count, model->warning_capacity);
	model->warnings[model->warning_count++] = warning;
	if (vertex)
		strings_add(&vertex->warnings, warning.summary);
}

struct model_vertex *model_apply(struct model *model, const struct event *event)
{
	struct model_vertex *vertex = find_vertex(model, event->vertex);

	if (!model->begun) {
		model->begun = true;
		model->begin_ns = event->time_ns;
	}
	if (event->type == EVENT_VERTEX)
		return apply_vertex(model, event);
	if (event->type == EVENT_WARNING)
		apply_warning(model, vertex, event);
	if (!vertex)
		return NULL;
	switch (event->type) {
	case EVENT_STARTED:
		start(model, vertex, event->time_ns);
		break;
	case EVENT_LOG:
		apply_log(model, vertex, event);
		break;
	case EVENT_STATUS:
		apply_status(vertex, event);
		break;
	case EVENT_DONE:
		end(model, vertex, event);
		break;
	case EVENT_VERTEX:
	case EVENT_WARNING:
		break;
	}
	return vertex;
}

static void vertex_free(struct model_vertex *vertex)
{
	if (!vertex)
		return;
	for (size_t i = 0; i < vertex->status_count; i++)
		free(vertex->statuses[i].id);
	free(vertex->statuses);
	strings_release(&vertex->warnings);
	release_log(vertex);
	free(vertex->name);
	free(vertex->digest);
	free(vertex->inputs);
	free(vertex->error);
	free(vertex);
}

void model_release(struct model *model)
{
	for (size_t i = 0; i < model->vertex_count; i++)
		vertex_free(model->vertices[i]);
	for (size_t i = 0; i < model->warning_count; i++) {
		free(model->warnings[i].summary);
		free(model->warnings[i].detail);
		free(model->warnings[i].excerpt);
		free(model->warnings[i].url);
	}
	free(model->vertices);
	free(model->started);
	free(model->warnings);
	*model = (struct model){ 0 };
}

void model_add_name(struct buf *buf, const struct model_vertex *vertex, size_t max)
{
	const char *name = vertex->name;

	for (size_t i = 0; i < max && name[i]; i++)
		buf_add_char(buf, name[i] == '\n' || name[i] == '\r' ? ' ' : name[i]);
}

uint64_t model_vertex_ns(const struct model_vertex *vertex, uint64_t now_ns)
{
	uint64_t end_ns = vertex->ended ? vertex->ended_ns : now_ns;

	/* The display's clock may be behind an event's. */
	return vertex->spent_ns + (end_ns > vertex->started_ns ? end_ns - vertex->started_ns : 0);
}

void model_add_log_time(struct buf *buf, const struct model_vertex *vertex, uint64_t time_ns)
{
	double seconds = 0;

	if (vertex->started && time_ns > vertex->started_ns)
		seconds = (double)(time_ns - vertex->started_ns) / 1e9;
	buf_add_format(buf, "%.*f ", seconds < 10 ? 3 : seconds < 100 ? 2 : 1, seconds);
}

static void add_amount(struct buf *buf, const struct model_status *status, uint64_t amount)
{
	char size[HUMAN_SIZE_MAX];

	if (status->bytes)
		buf_add_string(buf, human_size(amount, size));
	else
		buf_add_format(buf, "%llu", (unsigned long long)amount);
}

void model_add_status_amount(struct buf *buf, const struct model_status *status)
{
	if (status->total == 0 && status->current == 0)
		return;
	buf_add_char(buf, ' ');
	add_amount(buf, status, status->current);
	if (status->total == 0)
		return;
	buf_add_string(buf, " / ");
	add_amount(buf, status, status->total);
}
