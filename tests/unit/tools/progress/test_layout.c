/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/event_fixture.h"
#include "tests/lib/unit.h"
#include "tools/progress/layout.h"
#include "tools/progress/model.h"
#include "tools/progress/screen.h"

static void apply(struct model *model, struct event event)
{
	struct model_vertex *vertex = model_apply(model, &event);

	if (event.type == EVENT_LOG) {
		if (!vertex->screen)
			vertex->screen = screen_new(7, 80, false);
		screen_write(vertex->screen, event.data, event.size);
	}
}

/* A build of `ended` vertices, numbered from 1, and behind them `running` ones. */
static void make_build(struct model *model, unsigned ended, unsigned running)
{
	for (unsigned i = 1; i <= ended + running; i++) {
		apply(model, vertex_event(i, "name"));
		apply(model, started_event(i, i));
		if (i <= ended)
			apply(model, done_event(i, 1000 + i, EVENT_OK));
	}
}

/* The layout in short: numbers of vertices, s, w and l for their parts, + for the crowd. */
static const char *shown(const struct model *model, size_t room, size_t log_lines)
{
	static char text[512];
	struct layout layout = { 0 };
	size_t used = 0;

	layout_make(&layout, model, room, log_lines, false);
	assert_true(layout.count <= room);
	text[0] = '\0';
	for (size_t i = 0; i < layout.count; i++) {
		const struct layout_row *row = &layout.rows[i];
		static const char letters[] = {
			[LAYOUT_STATUS] = 's', [LAYOUT_WARNING] = 'w', [LAYOUT_LOG] = 'l'
		};

		if (row->kind == LAYOUT_VERTEX)
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%u",
						 i > 0 ? " " : "", row->vertex->number);
		else if (row->kind == LAYOUT_MORE)
			used += (size_t)snprintf(text + used, sizeof text - used, " +%zu",
						 row->index);
		else
			used += (size_t)snprintf(text + used, sizeof text - used, "%c",
						 letters[row->kind]);
	}
	layout_release(&layout);
	return text;
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct model));
	return 0;
}

static int teardown(void **state)
{
	model_release(*state);
	free(*state);
	return 0;
}

static void test_everything_is_shown_where_it_fits(void **state)
{
	struct model *model = *state;

	make_build(model, 3, 2);
	apply(model, status_event(1, 5, "a", 1, true));
	apply(model, status_event(4, 5, "b", 1, false));
	assert_string_equal(shown(model, 20, 6), "1s 2 3 4s 5");
}

static void test_what_ended_last_stays_longest(void **state)
{
	struct model *model = *state;

	make_build(model, 5, 2);
	assert_string_equal(shown(model, 4, 6), "4 5 6 7");
	assert_string_equal(shown(model, 2, 6), "6 7");
}

static void test_a_failure_outlives_other_ends(void **state)
{
	struct model *model = *state;

	make_build(model, 5, 2);
	model->started[0]->outcome = EVENT_FAILED;
	assert_string_equal(shown(model, 4, 6), "1 5 6 7");
}

static void test_parts_of_what_ended_go_first(void **state)
{
	struct model *model = *state;

	make_build(model, 2, 1);
	apply(model, status_event(1, 5, "a", 1, true));
	apply(model, status_event(2, 5, "b", 1, true));
	apply(model, status_event(3, 5, "c", 1, true));
	assert_string_equal(shown(model, 4, 6), "1 2 3s");
	assert_string_equal(shown(model, 5, 6), "1 2s 3s");
}

static void test_more_running_than_rows_is_counted(void **state)
{
	struct model *model = *state;

	make_build(model, 3, 10);
	assert_string_equal(shown(model, 4, 6), "4 5 6 +7");
	assert_string_equal(shown(model, 1, 6), " +10");
	assert_string_equal(shown(model, 0, 6), "");
}

static void test_some_of_a_crowd_show_their_last_line(void **state)
{
	struct model *model = *state;

	make_build(model, 1, 12);
	for (unsigned i = 3; i <= 13; i++)
		apply(model, log_event(i, 6, "1\n2\n"));
	assert_string_equal(shown(model, 8, 6), "2 3l 4l 5 6 +7");
	assert_string_equal(shown(model, 8, 0), "2 3 4 5 6 7 8 +5");
	assert_string_equal(shown(model, 3, 6), "2 3 +10");
}

static void test_failures_are_seen_in_a_crowd(void **state)
{
	struct model *model = *state;

	make_build(model, 4, 12);
	for (unsigned i = 0; i < 3; i++)
		model->started[i]->outcome = EVENT_FAILED;
	assert_string_equal(shown(model, 8, 6), "2 3 5 6 7 8 9 +7");
	assert_string_equal(shown(model, 3, 6), "5 6 +10");
}

static void test_logs_share_what_is_left_and_leave_some_history(void **state)
{
	struct model *model = *state;

	make_build(model, 10, 2);
	apply(model, log_event(11, 5, "1\n2\n3\n4\n5\n6\n7\n8\n"));
	apply(model, log_event(12, 5, "1\n2\n3\n4\n5\n6\n7\n8\n"));
	/* 22 rows, 2 of them running, 3 kept for what has ended: 8 for each log, of 6. */
	assert_string_equal(shown(model, 22, 6), "3 4 5 6 7 8 9 10 11llllll 12llllll");
	/* 10 rows: 2 running, 3 history, 5 for two logs. */
	assert_string_equal(shown(model, 10, 6), "8 9 10 11lll 12ll");
	assert_string_equal(shown(model, 10, 1), "5 6 7 8 9 10 11l 12l");
	assert_string_equal(shown(model, 3, 6), "10 11 12");
}

static void test_running_transfers_come_before_logs(void **state)
{
	struct model *model = *state;

	make_build(model, 0, 1);
	apply(model, status_event(1, 5, "a", 1, false));
	apply(model, status_event(1, 5, "b", 1, false));
	apply(model, status_event(1, 5, "c", 1, false));
	apply(model, log_event(1, 5, "text\n"));
	assert_string_equal(shown(model, 3, 6), "1ss");
	assert_string_equal(shown(model, 5, 6), "1sssl");
}

static void test_every_room_is_kept_for_any_build(void **state)
{
	(void)state;
	for (unsigned ended = 0; ended < 12; ended += 3) {
		for (unsigned running = 0; running < 9; running += 2) {
			struct model model = { 0 };

			make_build(&model, ended, running);
			for (unsigned i = 1; i <= ended + running; i++) {
				apply(&model, status_event(i, 5, "a", 1, i % 2));
				if (i > ended && i % 3)
					apply(&model, log_event(i, 6, "1\n2\n3\n"));
			}
			for (size_t room = 0; room < 40; room++)
				(void)shown(&model, room, 6);
			model_release(&model);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_is_shown_where_it_fits),
		TEST(test_what_ended_last_stays_longest),
		TEST(test_a_failure_outlives_other_ends),
		TEST(test_parts_of_what_ended_go_first),
		TEST(test_more_running_than_rows_is_counted),
		TEST(test_some_of_a_crowd_show_their_last_line),
		TEST(test_failures_are_seen_in_a_crowd),
		TEST(test_logs_share_what_is_left_and_leave_some_history),
		TEST(test_running_transfers_come_before_logs),
		TEST(test_every_room_is_kept_for_any_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
