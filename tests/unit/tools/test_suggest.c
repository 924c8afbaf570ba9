/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"
#include "tools/suggest.h"

static const char *nearest(const char *typed)
{
	static const char *const words[] = { "build",    "states", "store",
					     "snapshot", "umount", "mount" };
	struct suggestion best;

	suggestion_begin(&best, typed, strlen(typed));
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		suggestion_offer(&best, words[i]);
	return best.word ? best.word : "";
}

static void test_one_or_two_wrong_letters_are_forgiven(void **state)
{
	(void)state;
	assert_string_equal(nearest("biuld"), "build");
	assert_string_equal(nearest("buid"), "build");
	assert_string_equal(nearest("bulid"), "build");
	assert_string_equal(nearest("snaphsot"), "snapshot");
	assert_string_equal(nearest("mout"), "mount");
}

static void test_a_beginning_counts_as_one_letter(void **state)
{
	(void)state;
	assert_string_equal(nearest("snap"), "snapshot");
	assert_string_equal(nearest("stat"), "states");
}

static void test_what_is_too_far_off_gets_no_answer(void **state)
{
	(void)state;
	assert_string_equal(nearest("xyz"), "");
	assert_string_equal(nearest("compose"), "");
	assert_string_equal(nearest(""), "");
	assert_string_equal(
		nearest("a-word-that-is-much-longer-than-any-option-or-verb-could-ever-be-here"),
		"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_or_two_wrong_letters_are_forgiven),
		cmocka_unit_test(test_a_beginning_counts_as_one_letter),
		cmocka_unit_test(test_what_is_too_far_off_gets_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
