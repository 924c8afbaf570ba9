/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/strings.h"
#include "tests/lib/unit.h"
#include "tools/progress/colors.h"

static void test_the_usual_colours_are_buildkits(void **state)
{
	struct progress_colors colors;
	struct strings complaints = { 0 };

	(void)state;
	progress_colors_init(&colors, true, NULL, &complaints);
	assert_string_equal(colors.done, "\033[34m");
	assert_string_equal(colors.failed, "\033[31m");
	assert_string_equal(colors.canceled, "\033[33m");
	assert_int_equal(complaints.count, 0);
}

static void test_a_definition_changes_some(void **state)
{
	struct progress_colors colors;
	struct strings complaints = { 0 };

	(void)state;
	progress_colors_init(&colors, true, "run=Green:error=255,0,0:WARNING=light-blue",
			     &complaints);
	assert_string_equal(colors.done, "\033[32m");
	assert_string_equal(colors.failed, "\033[38;5;196m");
	assert_string_equal(colors.warning, "\033[94m");
	assert_string_equal(colors.canceled, "\033[33m");
	assert_int_equal(complaints.count, 0);
}

static void test_nonsense_is_named_and_left_aside(void **state)
{
	static const char *const bad[] = { "run",         "run=purple", "fly=red",   "run=1,2",
					   "run=1,2,256", "run=1,2,x",  "run=red=x", "run=" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct progress_colors colors;
		struct strings complaints = { 0 };

		progress_colors_init(&colors, true, bad[i], &complaints);
		assert_int_equal(complaints.count, 1);
		assert_string_equal(colors.done, "\033[34m");
		strings_release(&complaints);
	}
}

static void test_without_colours_there_are_no_sequences_at_all(void **state)
{
	struct progress_colors colors;
	struct strings complaints = { 0 };

	(void)state;
	progress_colors_init(&colors, false, "run=green:nonsense", &complaints);
	assert_string_equal(colors.done, "");
	assert_string_equal(colors.log, "");
	assert_string_equal(progress_color_end(&colors), "");
	assert_int_equal(complaints.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_usual_colours_are_buildkits),
		cmocka_unit_test(test_a_definition_changes_some),
		cmocka_unit_test(test_nonsense_is_named_and_left_aside),
		cmocka_unit_test(test_without_colours_there_are_no_sequences_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
