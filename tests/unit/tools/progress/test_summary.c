/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/strings.h"
#include "tests/lib/event_fixture.h"
#include "tests/lib/unit.h"
#include "tools/progress/colors.h"
#include "tools/progress/model.h"
#include "tools/progress/summary.h"

static const char *safe_line(const char *line)
{
	static char text[256];
	struct buf buf = { 0 };

	summary_add_safe_line(&buf, line, strlen(line));
	snprintf(text, sizeof text, "%s", buf_string(&buf));
	buf_release(&buf);
	return text;
}

static void test_a_safe_line_keeps_colours_and_nothing_else(void **state)
{
	(void)state;
	assert_string_equal(safe_line("plain\ttext"), "plain\ttext");
	assert_string_equal(safe_line("\033[31mred\033[0m"), "\033[31mred\033[0m\033[0m");
	assert_string_equal(safe_line("\033[2J\033[Hx\033[?25ly\033[>4mz"), "xyz");
	assert_string_equal(safe_line("\033]0;title\007x\033]8;;u\033\\y\033(Bz\033c"), "xyz");
	assert_string_equal(safe_line("10%\r50%\r100%\r"), "100%");
	assert_string_equal(safe_line("a\x07\x08\xc2\x9b"
				      "b"),
			    "ab");
	assert_string_equal(safe_line("cut \033[3"), "cut ");
	assert_string_equal(safe_line("cut \033"), "cut ");
	assert_string_equal(safe_line("\033[\033]\033P"), "");
}

static void apply(struct model *model, struct event event)
{
	model_apply(model, &event);
}

static void test_only_the_last_lines_of_a_failure_are_repeated(void **state)
{
	struct model model = { .log_limit = 10000 };
	struct buf text = { 0 };

	(void)state;
	apply(&model, vertex_event(1, "[1/1] RUN x"));
	apply(&model, started_event(1, 0));
	apply(&model, log_event(1, 0, "a\nb\nc\nd"));
	apply(&model, done_event(1, 1, EVENT_FAILED));
	summary_add_failures(&text, &model, 2, false);
	assert_string_equal(buf_string(&text),
			    "------\n > [1/1] RUN x:\n0.000 c\n0.000 d\n------\n");
	buf_clear(&text);
	summary_add_failures(&text, &model, 4, false);
	summary_add_failures(&text, &model, 0, false);
	assert_string_equal(
		buf_string(&text),
		"------\n > [1/1] RUN x:\n0.000 a\n0.000 b\n0.000 c\n0.000 d\n------\n"
		"------\n > [1/1] RUN x:\n0.000 a\n0.000 b\n0.000 c\n0.000 d\n------\n");
	buf_release(&text);
	model_release(&model);
}

static void test_a_failure_without_output_has_two_dashed_lines(void **state)
{
	struct model model = { .log_limit = 100 };
	struct buf text = { 0 };

	(void)state;
	apply(&model, vertex_event(1, "RUN\nfalse"));
	apply(&model, done_event(1, 1, EVENT_FAILED));
	apply(&model, vertex_event(2, "RUN true"));
	apply(&model, done_event(2, 1, EVENT_OK));
	summary_add_failures(&text, &model, 10, true);
	assert_string_equal(buf_string(&text), "------\n > RUN false:\n------\n");
	buf_release(&text);
	model_release(&model);
}

static void test_what_is_left_out_is_counted(void **state)
{
	struct model model = { .log_limit = 20 };
	struct buf text = { 0 };

	(void)state;
	apply(&model, vertex_event(1, "RUN x"));
	apply(&model, started_event(1, 0));
	for (int i = 0; i < 8; i++)
		apply(&model, log_event(1, 0, "abcdef\n"));
	apply(&model, done_event(1, 1, EVENT_FAILED));
	summary_add_failures(&text, &model, 0, true);
	assert_non_null(strstr(buf_string(&text), "earlier lines left out]\n0.000 abcdef\n"));
	buf_release(&text);
	model_release(&model);
}

static void test_warnings_are_counted_listed_and_expanded(void **state)
{
	struct progress_colors colors;
	struct model model = { 0 };
	struct buf text = { 0 };
	struct event event = { .type = EVENT_WARNING, .rule = "R", .text = "one" };

	(void)state;
	progress_colors_init(&colors, false, NULL, NULL);
	summary_add_warnings(&text, &model, &colors, false);
	assert_int_equal(text.length, 0);
	apply(&model, event);
	summary_add_warnings(&text, &model, &colors, false);
	assert_string_equal(buf_string(&text),
			    "\n 1 warning found (use --debug to expand):\n - R: one\n");
	buf_clear(&text);
	event.detail = "Detail";
	event.url = "https://x";
	event.excerpt = "Dockerfile:1\n";
	apply(&model, event);
	summary_add_warnings(&text, &model, &colors, true);
	assert_string_equal(buf_string(&text), "\n 2 warnings found:\n - R: one\n\n - R: one\n"
					       "Detail\nMore info: https://x\nDockerfile:1\n\n");
	buf_release(&text);
	model_release(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_safe_line_keeps_colours_and_nothing_else),
		cmocka_unit_test(test_only_the_last_lines_of_a_failure_are_repeated),
		cmocka_unit_test(test_a_failure_without_output_has_two_dashed_lines),
		cmocka_unit_test(test_what_is_left_out_is_counted),
		cmocka_unit_test(test_warnings_are_counted_listed_and_expanded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
