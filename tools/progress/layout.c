/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/progress/layout.h"

#include <stdint.h>

#include "fs/base/alloc.h"
#include "tools/progress/model.h"
#include "tools/progress/screen.h"

/* Rows for what has ended, that logs do not take. */
#define HISTORY_MIN 3

/* What has ended, ranked by how much it is missed when it is not shown. */
enum history_class {
	HISTORY_DETAIL,  /* a status or warning of a vertex that has ended */
	HISTORY_VERTEX,  /* such a vertex */
	HISTORY_PART,    /* a status or warning of one that runs */
	HISTORY_FAILURE, /* a vertex that has failed */
};

struct history_row {
	struct layout_row row;
	enum history_class class;
	uint64_t time_ns;
};

/* How the room is shared out. */
struct shares {
	size_t statuses; /* rows of statuses under way */
	size_t log_rows; /* for each vertex that has a log */
	size_t log_rest; /* one more for so many of them */
	size_t history;
};

struct census {
	size_t running, statuses, logs, history;
};

static bool is_running(const struct model_vertex *vertex)
{
	return !vertex->ended;
}

static size_t log_rows_of(const struct model_vertex *vertex)
{
	size_t rows = 0;

	if (!vertex->screen)
		return 0;
	for (size_t i = 0; i < screen_rows(vertex->screen); i++)
		rows += !screen_row_is_blank(vertex->screen, i);
	return rows;
}

static void take_census(const struct model *model, struct census *ret)
{
	*ret = (struct census){ 0 };
	for (size_t i = 0; i < model->started_count; i++) {
		const struct model_vertex *vertex = model->started[i];

		if (is_running(vertex)) {
			ret->running++;
			ret->logs += log_rows_of(vertex) > 0;
		} else {
			ret->history++;
		}
		for (size_t j = 0; j < vertex->status_count; j++) {
			if (is_running(vertex) && !vertex->statuses[j].complete)
				ret->statuses++;
			else
				ret->history++;
		}
		ret->history += vertex->warnings.count;
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* `room` rows are left beside those of the running vertices. */
static struct shares share_room(const struct census *census, size_t room, size_t log_lines)
{
	struct shares shares = { 0 };
	size_t reserve;

	shares.statuses = least(census->statuses, room);
	room -= shares.statuses;
	reserve = least(least(census->history, HISTORY_MIN), room);
	if (census->logs > 0 && log_lines > 0) {
		shares.log_rows = least((room - reserve) / census->logs, log_lines);
		if (shares.log_rows < log_lines)
			shares.log_rest = (room - reserve) - shares.log_rows * census->logs;
	}
	shares.history = room;
	return shares;
}

static void add_row(struct layout *layout, enum layout_kind kind, const struct model_vertex *vertex,
		    size_t index)
{
	array_reserve_one(layout->rows, layout->count, layout->capacity);
	layout->rows[layout->count++] = (struct layout_row){ kind, vertex, index };
}

/* The most missed first. */
static int compare_history(const void *a, const void *b)
{
	const struct history_row *x = a, *y = b;

	if (x->class != y->class)
		return x->class > y->class ? -1 : 1;
	if (x->time_ns != y->time_ns)
		return x->time_ns > y->time_ns ? -1 : 1;
	/* Later ones of equals, so that a long list loses its beginning. */
	if (x->row.vertex != y->row.vertex)
		return x->row.vertex->number > y->row.vertex->number ? -1 : 1;
	return x->row.index > y->row.index ? -1 : x->row.index < y->row.index;
}

/* The `room` most missed rows of what has ended; the caller frees. */
static struct history_row *choose_history(const struct model *model, const struct census *census,
					  size_t room, size_t *ret_count)
{
	struct history_row *rows = xcalloc(census->history + 1, sizeof *rows);
	size_t count = 0;

	for (size_t i = 0; i < model->started_count; i++) {
		const struct model_vertex *vertex = model->started[i];
		bool running = is_running(vertex);
		enum history_class detail = running ? HISTORY_PART : HISTORY_DETAIL;

		if (!running)
			rows[count++] = (struct history_row){
				{ LAYOUT_VERTEX, vertex, 0 },
				vertex->outcome == EVENT_FAILED ? HISTORY_FAILURE : HISTORY_VERTEX,
				vertex->ended_ns,
			};
		for (size_t j = 0; j < vertex->status_count; j++) {
			if (!running || vertex->statuses[j].complete)
				rows[count++] = (struct history_row){
					{ LAYOUT_STATUS, vertex, j },
					detail,
					running ? vertex->statuses[j].last_ns : vertex->ended_ns,
				};
		}
		for (size_t j = 0; j < vertex->warnings.count; j++)
			rows[count++] = (struct history_row){
				{ LAYOUT_WARNING, vertex, j },
				detail,
				running ? vertex->started_ns : vertex->ended_ns,
			};
	}
	qsort(rows, count, sizeof *rows, compare_history);
	*ret_count = least(count, room);
	return rows;
}

static int compare_place(const void *a, const void *b)
{
	const struct layout_row *x = &((const struct history_row *)a)->row;
	const struct layout_row *y = &((const struct history_row *)b)->row;

	if (x->vertex != y->vertex)
		return x->vertex < y->vertex ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_chosen(const struct history_row *rows, size_t count, enum layout_kind kind,
		      const struct model_vertex *vertex, size_t index)
{
	struct history_row wanted = { .row = { kind, vertex, index } };

	return bsearch(&wanted, rows, count, sizeof *rows, compare_place) != NULL;
}

/* The last lines of a running vertex's output: 1 when the vertex took one of the odd rows. */
static size_t add_log_rows(struct layout *layout, const struct model_vertex *vertex,
			   const struct shares *shares, size_t rest)
{
	size_t have = log_rows_of(vertex);
	size_t rows = shares->log_rows + (rest > 0);
	size_t skip = have > rows ? have - rows : 0;

	if (have == 0)
		return 0;
	for (size_t i = 0; i < screen_rows(vertex->screen); i++) {
		if (screen_row_is_blank(vertex->screen, i))
			continue;
		if (skip > 0)
			skip--;
		else
			add_row(layout, LAYOUT_LOG, vertex, i);
	}
	return rest > 0;
}

/* How many rows logs will really take, few lines having been said so far. */
static size_t used_by_logs(const struct model *model, const struct shares *shares)
{
	size_t used = 0, rest = shares->log_rest;

	for (size_t i = 0; i < model->started_count; i++) {
		size_t have = is_running(model->started[i]) ? log_rows_of(model->started[i]) : 0;

		if (have == 0)
			continue;
		used += least(have, shares->log_rows + (rest > 0));
		rest -= rest > 0;
	}
	return used;
}

static void add_vertex_rows(struct layout *layout, const struct model_vertex *vertex,
			    struct shares *left, const struct history_row *history, size_t chosen)
{
	if (is_running(vertex) || is_chosen(history, chosen, LAYOUT_VERTEX, vertex, 0))
		add_row(layout, LAYOUT_VERTEX, vertex, 0);
	for (size_t i = 0; i < vertex->status_count; i++) {
		if (is_running(vertex) && !vertex->statuses[i].complete) {
			if (left->statuses == 0)
				continue;
			left->statuses--;
		} else if (!is_chosen(history, chosen, LAYOUT_STATUS, vertex, i)) {
			continue;
		}
		add_row(layout, LAYOUT_STATUS, vertex, i);
	}
	for (size_t i = 0; i < vertex->warnings.count; i++) {
		if (is_chosen(history, chosen, LAYOUT_WARNING, vertex, i))
			add_row(layout, LAYOUT_WARNING, vertex, i);
	}
	if (is_running(vertex))
		left->log_rest -= add_log_rows(layout, vertex, left, left->log_rest);
}

static bool has_failed(const struct model_vertex *vertex)
{
	return !is_running(vertex) && vertex->outcome == EVENT_FAILED;
}

/*
 * More runs than fits: the first of it, which have run longest, and how many more there are. A
 * fourth of the rows is for what they say, a line each, and another for the last failures.
 */
static void add_crowd(struct layout *layout, const struct model *model, size_t room, size_t running,
		      bool logs)
{
	const struct shares line = { .log_rows = 1 };
	size_t part = room / 4, left = room > 0 ? room - 1 : 0;
	size_t shown = 0, log_left = logs ? part : 0, failed = 0, passed = 0;

	for (size_t i = 0; i < model->started_count; i++)
		failed += has_failed(model->started[i]);
	left -= least(failed, part);
	for (size_t i = 0; i < model->started_count; i++) {
		const struct model_vertex *vertex = model->started[i];

		if (has_failed(vertex) && failed - passed++ <= part)
			add_row(layout, LAYOUT_VERTEX, vertex, 0);
		if (!is_running(vertex) || left == 0)
			continue;
		add_row(layout, LAYOUT_VERTEX, vertex, 0);
		shown++;
		left--;
		if (left == 0 || log_left == 0 || log_rows_of(vertex) == 0)
			continue;
		(void)add_log_rows(layout, vertex, &line, 0);
		left--;
		log_left--;
	}
	if (room > 0)
		add_row(layout, LAYOUT_MORE, NULL, running - shown);
}

static void add_everything(struct layout *layout, const struct model *model)
{
	for (size_t i = 0; i < model->started_count; i++) {
		const struct model_vertex *vertex = model->started[i];

		add_row(layout, LAYOUT_VERTEX, vertex, 0);
		for (size_t j = 0; j < vertex->status_count; j++)
			add_row(layout, LAYOUT_STATUS, vertex, j);
		for (size_t j = 0; j < vertex->warnings.count; j++)
			add_row(layout, LAYOUT_WARNING, vertex, j);
	}
}

void layout_make(struct layout *layout, const struct model *model, size_t room, size_t log_lines,
		 bool everything)
{
	cleanup_free struct history_row *history = NULL;
	struct census census;
	struct shares shares;
	size_t chosen;

	layout->count = 0;
	if (everything) {
		add_everything(layout, model);
		return;
	}
	take_census(model, &census);
	if (census.running > room) {
		add_crowd(layout, model, room, census.running, log_lines > 0);
		return;
	}
	shares = share_room(&census, room - census.running, log_lines);
	history = choose_history(model, &census, shares.history - used_by_logs(model, &shares),
				 &chosen);
	qsort(history, chosen, sizeof *history, compare_place);
	for (size_t i = 0; i < model->started_count; i++)
		add_vertex_rows(layout, model->started[i], &shares, history, chosen);
}

void layout_release(struct layout *layout)
{
	free(layout->rows);
	*layout = (struct layout){ 0 };
}
