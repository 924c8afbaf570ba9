/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand/glob.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static struct buf result;
static struct error err;

static const char *trim(const char *value, const char *op, const char *pattern)
{
	buf_clear(&result);
	assert_ok(expand_glob_trim(pattern, value, *op == '%', op[1] != '\0', &result, &err), err);
	return buf_string(&result);
}

static const char *replace(const char *value, const char *op, const char *pattern, const char *with)
{
	buf_clear(&result);
	assert_ok(expand_glob_replace(pattern, value, with, op[1] != '\0', &result, &err), err);
	return buf_string(&result);
}

static void test_the_front_is_cut_short_or_long(void **state)
{
	(void)state;
	assert_string_equal(trim("a/b/c", "#", "*/"), "b/c");
	assert_string_equal(trim("a/b/c", "##", "*/"), "c");
	assert_string_equal(trim("abc", "#", "x"), "abc");
	assert_string_equal(trim("abc", "#", ""), "abc");
	assert_string_equal(trim("abc", "#", "*"), "abc");
	assert_string_equal(trim("abc", "##", "*"), "");
	assert_string_equal(trim("abc", "#", "?b"), "c");
	assert_string_equal(trim("xxyy", "##", "*x*y"), "");
	assert_string_equal(trim("xxyy", "#", "*x*y"), "y");
}

static void test_the_end_is_cut_short_or_long(void **state)
{
	(void)state;
	assert_string_equal(trim("a.b.c", "%", ".*"), "a.b");
	assert_string_equal(trim("a.b.c", "%%", ".*"), "a");
	assert_string_equal(trim("a**b", "%", "\\**"), "a*");
	assert_string_equal(trim("a**b", "%%", "\\**"), "a");
	assert_string_equal(trim("\xe2\x98\x83\xe2\x98\x83", "%", "?"), "\xe2\x98\x83");
}

static void test_a_line_break_is_neither_star_nor_mark(void **state)
{
	(void)state;
	assert_string_equal(trim("a\nb", "##", "*"), "\nb");
	assert_string_equal(trim("a\nb", "#", "a?"), "a\nb");
	assert_string_equal(trim("a\nb", "#", "a\n"), "b");
	assert_string_equal(replace("a\nb", "//", "*", "x"), "x\nx");
}

static void test_replacing_takes_the_longest_at_the_first_place(void **state)
{
	(void)state;
	assert_string_equal(replace("aXbXc", "/", "X*", "-"), "a-");
	assert_string_equal(replace("aXbXc", "/", "X", "-"), "a-bXc");
	assert_string_equal(replace("aXbXc", "//", "X", "-"), "a-b-c");
	assert_string_equal(replace("aaa", "//", "aa", "b"), "ba");
	assert_string_equal(replace("abc", "//", "?", "$0"), "$0$0$0");
	assert_string_equal(replace("abc", "/", "x", "y"), "abc");
	assert_string_equal(replace("", "/", "x", "y"), "");
}

static void test_empty_matches(void **state)
{
	(void)state;
	assert_string_equal(replace("ab", "/", "", "x"), "xab");
	assert_string_equal(replace("ab", "//", "", "x"), "xaxbx");
	assert_string_equal(replace("ab", "//", "*", "x"), "x");
	assert_string_equal(replace("", "//", "*", "x"), "x");
	assert_string_equal(replace("bab", "//", "a", "x"), "bxb");
}

static void test_escapes(void **state)
{
	(void)state;
	assert_string_equal(trim("a*b", "#", "a\\*"), "b");
	assert_string_equal(trim("a?b", "#", "a\\?"), "b");
	assert_string_equal(trim("a\\b", "#", "a\\\\"), "b");
	assert_string_equal(trim("a}/b", "#", "a\\}\\/"), "b");
	assert_int_equal(expand_glob_trim("a\\b", "x", false, false, &result, &err), -EINVAL);
	assert_string_equal(err.text,
			    "invalid pattern (a\\b) in substitution: invalid escape '\\b'");
	assert_int_equal(expand_glob_trim("a\\", "x", false, false, &result, &err), -EINVAL);
}

static void test_work_has_a_limit(void **state)
{
	cleanup_free char *value = malloc((1 << 20) + 1), *pattern = malloc(4097);

	(void)state;
	assert_non_null(value);
	assert_non_null(pattern);
	memset(value, 'a', 1 << 20);
	memset(pattern, '*', 4096);
	value[1 << 20] = pattern[4096] = '\0';
	assert_int_equal(expand_glob_trim(pattern, value, false, false, &result, &err), -E2BIG);
}

static int tear_down(void **state)
{
	(void)state;
	buf_release(&result);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_front_is_cut_short_or_long),
		cmocka_unit_test(test_the_end_is_cut_short_or_long),
		cmocka_unit_test(test_a_line_break_is_neither_star_nor_mark),
		cmocka_unit_test(test_replacing_takes_the_longest_at_the_first_place),
		cmocka_unit_test(test_empty_matches),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_work_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
