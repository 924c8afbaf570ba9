/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/path.h"
#include "tests/lib/unit.h"

static void test_cleaning(void **state)
{
	static const char *const cases[][2] = {
		{ "", "." },           { "/", "/" },
		{ "//a//b/", "/a/b" }, { "a/./b/../c", "a/c" },
		{ "../x", "../x" },    { "a/../../x", "../x" },
		{ "/../x", "/x" },     { "/a/..", "/" },
		{ "a/..", "." },       { "../..", "../.." },
		{ "./", "." },         { "/a/b/../../..", "/" },
		{ "..a/b", "..a/b" },  { "a/...", "a/..." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *clean = path_clean(cases[i][0]);

		assert_string_equal(clean, cases[i][1]);
		free(clean);
	}
}

static void test_an_absolute_path_replaces_the_base(void **state)
{
	char *a = path_join("/w", "x/../y"), *b = path_join("/w", "/etc/");

	(void)state;
	assert_string_equal(a, "/w/y");
	assert_string_equal(b, "/etc");
	free(a);
	free(b);
}

static void test_names_that_cannot_stand_in_a_directory(void **state)
{
	char too_long[257];

	(void)state;
	memset(too_long, 'x', sizeof too_long);
	assert_true(path_name_valid("a", 1));
	assert_true(path_name_valid(too_long, 255));
	assert_false(path_name_valid(too_long, 256));
	assert_false(path_name_valid("", 0));
	assert_false(path_name_valid(".", 1));
	assert_false(path_name_valid("..", 2));
	assert_false(path_name_valid("a/b", 3));
	assert_false(path_name_valid("a\0b", 3));
}

static void test_the_base_and_what_is_below(void **state)
{
	(void)state;
	assert_string_equal(path_base("/a/bc"), "bc");
	assert_string_equal(path_base("bc"), "bc");
	assert_string_equal(path_base("a/bc/"), "bc/");
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_false(path_is_below("/ab", "/a"));
	assert_true(path_is_below("/ab", "/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cleaning),
		cmocka_unit_test(test_an_absolute_path_replaces_the_base),
		cmocka_unit_test(test_names_that_cannot_stand_in_a_directory),
		cmocka_unit_test(test_the_base_and_what_is_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
