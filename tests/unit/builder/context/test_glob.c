/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/context/glob.h"
#include "tests/lib/unit.h"

static void test_K01_names_that_match(void **state)
{
	static const char *const cases[][2] = {
		{ "abc", "abc" },
		{ "*", "abc" },
		{ "*c", "abc" },
		{ "a*", "a" },
		{ "a*", "abc" },
		{ "a*/b", "abc/b" },
		{ "a*b*c*d*e*/f", "axbxcxdxe/f" },
		{ "a*b?c*x", "abxbbxdbxebxczzx" },
		{ "ab[c]", "abc" },
		{ "ab[b-d]", "abc" },
		{ "ab[^e-g]", "abc" },
		{ "a\\*b", "a*b" },
		{ "a?b", "a\xe2\x98\xba"
			 "b" },
		{ "a[^a]b", "a\xe2\x98\xba"
			    "b" },
		{ "[a-\xce\xb6]*", "\xce\xb1" },
		{ "[\\]a]", "]" },
		{ "[\\-]", "-" },
		{ "[x\\-]", "x" },
		{ "*x", "xxx" },
		{ "", "" },
		{ "a[!b]", "a!" },
		{ "[^b]", "/" },
		{ "*/*", "a/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(glob_match(cases[i][0], cases[i][1]), 1);
}

static void test_K01_names_that_do_not(void **state)
{
	static const char *const cases[][2] = {
		{ "a", "ab" },
		{ "a*", "ab/c" },
		{ "a*/b", "a/c/b" },
		{ "a*b*c*d*e*/f", "axbxcxdxexxx/fff" },
		{ "a*b?c*x", "abxbbxdbxebxczzy" },
		{ "ab[e-g]", "abc" },
		{ "ab[^c]", "abc" },
		{ "a\\*b", "ab" },
		{ "a?b", "a/b" },
		{ "a*b", "a/b" },
		{ "*[a-\xce\xb6]", "A" },
		{ "", "a" },
		{ "a???b", "a\xe2\x98\xba"
			   "b" },
		{ "**", "a/b" },
		{ "a", "" },
		{ "[a]", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(glob_match(cases[i][0], cases[i][1]), 0);
}

static void test_malformed_patterns_are_refused(void **state)
{
	static const char *const patterns[] = { "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]",
						"[",    "[^",  "[^bc", "a[",   "a\\",
						"x[",   "*[",  "\\",   "[a-]", "[]" };

	(void)state;
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
		assert_int_equal(glob_match(patterns[i], "a"), -EINVAL);
		assert_int_equal(glob_match(patterns[i], "nowhere/near"), -EINVAL);
	}
	/* Behind what does not match, nobody looks. */
	assert_int_equal(glob_match("x*y[", "a"), 0);
	assert_int_equal(glob_match("x*y[", "xy"), -EINVAL);
}

static void test_stars_do_not_take_the_square(void **state)
{
	char pattern[2001], name[20001];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memset(name, 'a', sizeof name);
	pattern[2000] = name[20000] = '\0';
	assert_int_equal(glob_match(pattern, name), 1);
	pattern[1999] = 'b';
	assert_int_equal(glob_match(pattern, name), 0);
}

static void test_wildcards_are_known(void **state)
{
	(void)state;
	assert_true(glob_has_wildcards("a*"));
	assert_true(glob_has_wildcards("a?"));
	assert_true(glob_has_wildcards("[a"));
	assert_true(glob_has_wildcards("\\\\*"));
	assert_false(glob_has_wildcards("a]"));
	assert_false(glob_has_wildcards("a\\*\\["));
	assert_false(glob_has_wildcards("a\\"));
	assert_false(glob_has_wildcards(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_K01_names_that_match),
		cmocka_unit_test(test_K01_names_that_do_not),
		cmocka_unit_test(test_malformed_patterns_are_refused),
		cmocka_unit_test(test_stars_do_not_take_the_square),
		cmocka_unit_test(test_wildcards_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
