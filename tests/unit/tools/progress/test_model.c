/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/event_fixture.h"
#include "tests/lib/unit.h"
#include "tools/progress/model.h"

static int setup(void **state)
{
	struct model *model = calloc(1, sizeof *model);

	model->log_limit = 64;
	*state = model;
	return 0;
}

static int teardown(void **state)
{
	model_release(*state);
	free(*state);
	return 0;
}

#define APPLY(model, ...) model_apply(model, &(struct event[]){ __VA_ARGS__ }[0])

static void test_vertices_are_found_by_number_and_may_be_renamed(void **state)
{
	struct model *model = *state;
	struct model_vertex *vertex = APPLY(model, vertex_event(40, "one"));

	assert_ptr_equal(APPLY(model, vertex_event(40, "better")), vertex);
	assert_string_equal(vertex->name, "better");
	assert_int_equal(model->known, 1);
	assert_null(APPLY(model, started_event(41, 1)));
	assert_null(APPLY(model, started_event(0, 1)));
	assert_null(APPLY(model, vertex_event(4000000000u, "far out")));
}

static void test_times_of_several_runs_add_up(void **state)
{
	struct model *model = *state;
	struct model_vertex *vertex = APPLY(model, vertex_event(1, "a"));

	APPLY(model, started_event(1, 1000));
	assert_int_equal(model_vertex_ns(vertex, 1500 * MS) / MS, 500);
	APPLY(model, done_event(1, 3000, EVENT_OK));
	assert_int_equal(model_vertex_ns(vertex, 9000 * MS) / MS, 2000);
	assert_int_equal(model->ended, 1);
	APPLY(model, started_event(1, 10000));
	assert_int_equal(model->ended, 0);
	assert_int_equal(model_vertex_ns(vertex, 11000 * MS) / MS, 3000);
	APPLY(model, done_event(1, 12000, EVENT_OK));
	assert_int_equal(model_vertex_ns(vertex, 0) / MS, 4000);
	assert_int_equal(model->started_count, 1);
}

static void test_a_cached_vertex_needs_no_start_a_cancelled_one_stays_out(void **state)
{
	struct model *model = *state;

	APPLY(model, vertex_event(1, "a"));
	APPLY(model, vertex_event(2, "b"));
	APPLY(model, done_event(1, 5, EVENT_CACHED));
	APPLY(model, done_event(2, 5, EVENT_CANCELED));
	assert_int_equal(model->started_count, 1);
	assert_int_equal(model->ended, 1);
}

static void test_only_the_end_of_the_output_is_kept_in_whole_lines(void **state)
{
	struct model *model = *state;
	struct model_vertex *vertex = APPLY(model, vertex_event(1, "a"));

	APPLY(model, started_event(1, 0));
	for (int i = 0; i < 50; i++)
		APPLY(model, log_event(1, 100, i % 2 ? "odd\n" : "even\n"));
	assert_true(vertex->log.text.length <= 2 * 64);
	assert_true(vertex->log.dropped > 30);
	assert_int_equal(memcmp(vertex->log.text.data, "0.100 ", 6), 0);
	APPLY(model, done_event(1, 200, EVENT_OK));
	assert_int_equal(vertex->log.text.length, 0);
}

static void test_pieces_of_a_line_share_its_time(void **state)
{
	struct model *model = *state;
	struct model_vertex *vertex = APPLY(model, vertex_event(1, "a"));

	APPLY(model, started_event(1, 0));
	APPLY(model, log_event(1, 1, "one"));
	APPLY(model, log_event(1, 2, " line\nnext"));
	assert_string_equal(buf_string(&vertex->log.text), "0.001 one line\n0.002 next");
}

static void test_log_times_have_four_digits_or_more(void **state)
{
	struct model_vertex vertex = { .started = true, .started_ns = 1000 * MS };
	struct buf text = { 0 };

	(void)state;
	model_add_log_time(&text, &vertex, 1092 * MS);
	model_add_log_time(&text, &vertex, 12340 * MS);
	model_add_log_time(&text, &vertex, 124450 * MS);
	model_add_log_time(&text, &vertex, 0);
	assert_string_equal(buf_string(&text), "0.092 11.34 123.5 0.000 ");
	buf_release(&text);
}

static void test_warnings_name_rule_and_line(void **state)
{
	struct model *model = *state;
	struct event event = { .type = EVENT_WARNING,
			       .rule = "SomeRule",
			       .text = "something",
			       .location = { "Dockerfile", 3, 4 } };

	APPLY(model, event);
	event.rule = NULL;
	event.location.first_line = 0;
	APPLY(model, event);
	assert_int_equal(model->warning_count, 2);
	assert_string_equal(model->warnings[0].summary, "SomeRule: something (line 3)");
	assert_string_equal(model->warnings[1].summary, "something");
}

static void test_amounts_are_bytes_or_numbers(void **state)
{
	struct model_status status = { .current = 1500, .total = 3000000, .bytes = true };
	struct buf text = { 0 };

	(void)state;
	model_add_status_amount(&text, &status);
	status.bytes = false;
	model_add_status_amount(&text, &status);
	status.total = 0;
	model_add_status_amount(&text, &status);
	status.current = 0;
	model_add_status_amount(&text, &status);
	assert_string_equal(buf_string(&text), " 1.50kB / 3.00MB 1500 / 3000000 1500");
	buf_release(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_vertices_are_found_by_number_and_may_be_renamed),
		TEST(test_times_of_several_runs_add_up),
		TEST(test_a_cached_vertex_needs_no_start_a_cancelled_one_stays_out),
		TEST(test_only_the_end_of_the_output_is_kept_in_whole_lines),
		TEST(test_pieces_of_a_line_share_its_time),
		TEST(test_log_times_have_four_digits_or_more),
		TEST(test_warnings_name_rule_and_line),
		TEST(test_amounts_are_bytes_or_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
