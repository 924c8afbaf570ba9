/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/diagnostic.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static const char SOURCE[] =
	"FROM alpine\n\nRUN false\n# 4\n# 5\n# 6\n# 7\nRUN a \\\n  b\n# 10\n# 11";

static char *excerpt(uint32_t first, uint32_t last)
{
	struct location where = { .first_line = first, .last_line = last };
	struct buf buf = { 0 };

	diagnostic_excerpt("Dockerfile", SOURCE, strlen(SOURCE), where, &buf);
	return buf_take(&buf);
}

static void test_an_excerpt_of_one_line_has_two_on_each_side(void **state)
{
	cleanup_free char *got = excerpt(5, 5);

	(void)state;
	assert_string_equal(got, "Dockerfile:5\n"
				 "--------------------\n"
				 "   3 |     RUN false\n"
				 "   4 |     # 4\n"
				 "   5 | >>> # 5\n"
				 "   6 |     # 6\n"
				 "   7 |     # 7\n"
				 "--------------------\n");
}

static void test_an_excerpt_of_several_lines_has_one_on_each_side(void **state)
{
	cleanup_free char *got = excerpt(8, 9);

	(void)state;
	assert_string_equal(got, "Dockerfile:8\n"
				 "--------------------\n"
				 "   7 |     # 7\n"
				 "   8 | >>> RUN a \\\n"
				 "   9 | >>>   b\n"
				 "  10 |     # 10\n"
				 "--------------------\n");
}

static void test_at_the_start_and_the_end_the_other_side_has_more(void **state)
{
	cleanup_free char *start = excerpt(1, 1), *end = excerpt(11, 11);

	(void)state;
	assert_string_equal(start, "Dockerfile:1\n"
				   "--------------------\n"
				   "   1 | >>> FROM alpine\n"
				   "   2 |     \n"
				   "   3 |     RUN false\n"
				   "--------------------\n");
	assert_non_null(strstr(end, "   9 |       b\n  10 |     # 10\n  11 | >>> # 11\n---"));
}

static void test_nowhere_has_no_excerpt(void **state)
{
	cleanup_free char *nowhere = excerpt(0, 0), *behind = excerpt(12, 12);
	cleanup_free char *too_far = excerpt(11, 99);

	(void)state;
	assert_string_equal(nowhere, "");
	assert_string_equal(behind, "");
	assert_non_null(strstr(too_far, ">>> # 11\n"));
}

static void test_carriage_returns_are_not_shown(void **state)
{
	struct location where = { .first_line = 1, .last_line = 1 };
	cleanup_with(buf_release) struct buf buf = { 0 };

	(void)state;
	diagnostic_excerpt("x", "a\r\nb\r\n", 6, where, &buf);
	assert_null(strchr(buf.data, '\r'));
}

static void test_formatting_leaves_out_what_is_not_known(void **state)
{
	struct location where = { .first_line = 3, .last_line = 4 };
	cleanup_with(buf_release) struct buf buf = { 0 };
	struct diagnostic diag = { 0 };

	(void)state;
	assert_int_equal(diagnostic_set(&diag, -EINVAL, where, "bad %s", "thing"), -EINVAL);
	diagnostic_format(&diag, &buf);
	assert_string_equal(buf.data, "bad thing");
	buf_clear(&buf);
	diagnostic_file(&diag, "Dockerfile");
	diagnostic_format(&diag, &buf);
	assert_string_equal(buf.data, "Dockerfile:3: bad thing");
	buf_clear(&buf);
	diagnostic_point(&diag, 4, 7);
	diagnostic_format(&diag, &buf);
	assert_string_equal(buf.data, "Dockerfile:4:7: bad thing");
	assert_int_equal(diag.where.first_line, 3);
}

static void test_long_file_names_lose_their_front(void **state)
{
	struct diagnostic diag = { 0 };
	char name[400];

	(void)state;
	memset(name, 'x', sizeof name);
	memcpy(name + sizeof name - 11, "Dockerfile", 11);
	diagnostic_file(&diag, name);
	assert_int_equal(strlen(diag.file), sizeof diag.file - 1);
	assert_string_equal(diag.file + strlen(diag.file) - 10, "Dockerfile");
}

static void test_null_is_welcome(void **state)
{
	struct location nowhere = { 0 };

	(void)state;
	assert_int_equal(diagnostic_set(NULL, -EINVAL, nowhere, "x"), -EINVAL);
	diagnostic_point(NULL, 1, 1);
	diagnostic_file(NULL, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_excerpt_of_one_line_has_two_on_each_side),
		cmocka_unit_test(test_an_excerpt_of_several_lines_has_one_on_each_side),
		cmocka_unit_test(test_at_the_start_and_the_end_the_other_side_has_more),
		cmocka_unit_test(test_nowhere_has_no_excerpt),
		cmocka_unit_test(test_carriage_returns_are_not_shown),
		cmocka_unit_test(test_formatting_leaves_out_what_is_not_known),
		cmocka_unit_test(test_long_file_names_lose_their_front),
		cmocka_unit_test(test_null_is_welcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
