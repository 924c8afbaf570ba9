/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/suggest.h"
#include "tests/lib/unit.h"

static const char *const WORDS[] = { "mount", "network", "security", "device" };

static const char *of(const char *word)
{
	return suggest(word, WORDS, 4);
}

static void test_up_to_two_changes_are_bridged(void **state)
{
	(void)state;
	assert_string_equal(of("mont"), "mount");
	assert_string_equal(of("mouunt"), "mount");
	assert_string_equal(of("moxnt"), "mount");
	assert_string_equal(of("nwtwork"), "network");
	assert_string_equal(of("devis"), "device");
	assert_null(of("devil22"));
	assert_null(of("muont1"));
	assert_null(of(""));
}

static void test_a_known_word_needs_no_suggestion(void **state)
{
	(void)state;
	assert_null(of("mount"));
	assert_string_equal(of("Mount"), "mount");
}

static void test_the_nearest_wins_then_the_first(void **state)
{
	static const char *const near[] = { "abxx", "abcx", "abcy" };

	(void)state;
	assert_string_equal(suggest("abc", near, 3), "abcx");
}

static void test_the_words_of_a_suggestion(void **state)
{
	char text[SUGGESTION_SIZE];

	(void)state;
	assert_string_equal(suggestion("mont", WORDS, 4, text), " (did you mean mount?)");
	assert_string_equal(suggestion("xyz", WORDS, 4, text), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_to_two_changes_are_bridged),
		cmocka_unit_test(test_a_known_word_needs_no_suggestion),
		cmocka_unit_test(test_the_nearest_wins_then_the_first),
		cmocka_unit_test(test_the_words_of_a_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
