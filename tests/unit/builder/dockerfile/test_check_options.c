/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/check_options.h"
#include "tests/unit/builder/dockerfile/parsing.h"

static void test_L11_options_in_any_order(void **state)
{
	cleanup_with(check_options_release) struct check_options options = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(
		check_options_parse(" error=true; skip = A , B ;experimental=all", &options, &err),
		err);
	assert_true(options.error);
	assert_int_equal(options.skip.count, 2);
	assert_string_equal(options.skip.items[1], "B");
	assert_false(options.skip_all);
	assert_true(options.experimental_all);
}

static void test_L11_nothing_is_fine(void **state)
{
	cleanup_with(check_options_release) struct check_options options = { 0 };

	(void)state;
	assert_int_equal(check_options_parse(" ", &options, NULL), 0);
	assert_false(options.error || options.skip_all || options.skip.count);
}

static void test_L11_what_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "skip", "invalid check option \"skip\"" },
		{ "foo=bar", "invalid check option \"foo\"" },
		{ "error=maybe", "invalid check option \"error=maybe\"" },
		{ "skip=all;", "invalid check option \"\"" },
		{ "skip=A;error=1;error=1;error=1", "invalid check option \"error=1;error=1\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct check_options options = { 0 };
		struct error err = { 0 };

		assert_int_equal(check_options_parse(cases[i][0], &options, &err), -EINVAL);
		assert_string_equal(err.text, cases[i][1]);
	}
}

static void test_L11_a_comment_above_an_instruction(void **state)
{
	cleanup_with(check_options_release) struct check_options options = { 0 };
	cleanup_with(parsed_release) struct parsed p = { 0 };
	const struct statement *s = parse_file(
		&p,
		"FROM a\n# about it\n# check=skip=JSONArgsRecommended words\nCMD a\n# check=x\nCMD b\n");

	(void)state;
	assert_int_equal(check_options_of(&s[0], &options), 0);
	assert_int_equal(check_options_of(&s[1], &options), 1);
	assert_string_equal(options.skip.items[0], "JSONArgsRecommended");
	assert_int_equal(check_options_of(&s[2], &options), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_L11_options_in_any_order),
		cmocka_unit_test(test_L11_nothing_is_fine),
		cmocka_unit_test(test_L11_what_is_refused),
		cmocka_unit_test(test_L11_a_comment_above_an_instruction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
