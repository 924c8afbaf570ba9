/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "builder/context/pattern.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static struct patterns *patterns;
static struct error err;

/* Patterns with blanks between them. */
static int compile(const char *list)
{
	cleanup_with(strings_release) struct strings items = { 0 };

	patterns_free(patterns);
	patterns = NULL;
	while (*list) {
		size_t length = strcspn(list, " ");

		strings_add_range(&items, list, length);
		list += length + (list[length] == ' ');
	}
	return patterns_compile((const char *const *)items.items, items.count, &patterns, &err);
}

static int match(const char *list, const char *path)
{
	assert_ok(compile(list), err);
	return patterns_match(patterns, path, &err);
}

/* The same, asking about every directory on the way. */
static int walk(const char *list, const char *path)
{
	cleanup_with(pattern_state_release) struct pattern_state parent = { 0 };

	assert_ok(compile(list), err);
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		cleanup_free char *directory = strndup(path, (size_t)(slash - path));
		struct pattern_state state = { 0 };

		assert_true(patterns_match_in(patterns, directory, &parent, &state, &err) >= 0);
		pattern_state_release(&parent);
		parent = state;
	}
	return patterns_match_in(patterns, path, &parent, NULL, &err);
}

static void test_X06_stars(void **state)
{
	(void)state;
	assert_int_equal(match("*", "a"), 1);
	assert_int_equal(match("*.c", "a.c"), 1);
	assert_int_equal(match("*.c", "a/b.c"), 0);
	assert_int_equal(match("**/*.c", "b.c"), 1);
	assert_int_equal(match("**/*.c", "a/d/b.c"), 1);
	assert_int_equal(match("a/**/b", "a/b"), 1);
	assert_int_equal(match("a/**/b", "a/x/y/b"), 1);
	assert_int_equal(match("a/**/b", "a/xb"), 0);
	assert_int_equal(match("a/**", "a"), 0);
	assert_int_equal(match("a/**", "a/b/c"), 1);
	assert_int_equal(match("**/a", "xa"), 0);
	assert_int_equal(match("**a", "x/ya"), 1);
	assert_int_equal(match("a?c", "a/c"), 0);
	assert_int_equal(match("a**b", "a/x/b"), 1);
	assert_int_equal(match("a**b", "axb"), 0);
}

static void test_X06_a_directory_that_matches_takes_what_is_below(void **state)
{
	(void)state;
	assert_int_equal(match("a", "a/b/c"), 1);
	assert_int_equal(match("*/b", "a/b/c"), 1);
	assert_int_equal(match("b", "a/b"), 0);
	assert_int_equal(match("a", "ab"), 0);
	assert_int_equal(walk("a", "a/b/c"), 1);
	assert_int_equal(walk("a/b", "a/b/c"), 1);
	assert_int_equal(walk("b", "a/b"), 0);
}

static void test_X06_the_last_pattern_decides(void **state)
{
	(void)state;
	assert_int_equal(match("* !a", "a"), 0);
	assert_int_equal(match("* !a", "b"), 1);
	assert_int_equal(match("!a *", "a"), 1);
	assert_int_equal(match("* !a a/b", "a/b/c"), 1);
	assert_int_equal(match("* !a a/b", "a/c"), 0);
	assert_int_equal(walk("* !a a/b", "a/b/c"), 1);
	assert_int_equal(walk("* !a a/b", "a/c"), 0);
	assert_int_equal(walk("a !a/b/*.c", "a/b/x.c"), 0);
	assert_int_equal(walk("a !a/b/*.c", "a/b/x.h"), 1);
	assert_int_equal(walk("** !**/*.c", "a/b/x.c"), 0);
}

static void test_a_walk_differs_where_that_of_docker_does(void **state)
{
	(void)state;
	/* The exception is not asked about directory a, which nothing had matched. */
	assert_int_equal(match("a/x !a", "a/x"), 0);
	assert_int_equal(walk("a/x !a", "a/x"), 1);
}

static void test_patterns_are_cleaned(void **state)
{
	bool exception;

	(void)state;
	assert_ok(compile("a//b/../c/ !d/"), err);
	assert_int_equal(patterns_count(patterns), 2);
	assert_string_equal(patterns_item(patterns, 0, &exception), "a/c");
	assert_false(exception);
	assert_string_equal(patterns_item(patterns, 1, &exception), "d");
	assert_true(exception);
	assert_true(patterns_have_exceptions(patterns));
	assert_ok(compile("a"), err);
	assert_false(patterns_have_exceptions(patterns));
	assert_ok(compile(" "), err);
	assert_int_equal(patterns_count(patterns), 0);
	assert_int_equal(patterns_match(patterns, "a", &err), 0);
}

static void test_X06_a_lone_exclamation_mark_is_refused(void **state)
{
	(void)state;
	assert_int_equal(compile("!"), -EINVAL);
	assert_string_equal(err.text, "illegal exclusion pattern: \"!\"");
	assert_int_equal(compile("a ["), -EINVAL);
	assert_string_equal(err.text, "syntax error in pattern '['");
}

static void test_characters_of_expressions_are_letters(void **state)
{
	(void)state;
	assert_int_equal(match("a.b*", "axb"), 0);
	assert_int_equal(match("a.)$(}+{bc?", "a.)$(}+{bcd"), 1);
	assert_int_equal(match("a^b", "a^b"), 1);
	assert_int_equal(match("a^b*", "a^b"), 0); /* in an expression it is the start */
	assert_int_equal(match("^a*", "ab"), 1);
	assert_int_equal(match("]*", "]x"), 1);
}

static void test_letters_that_docker_forgets(void **state)
{
	(void)state;
	/* In an expression, the start of one thing or the end of another. */
	assert_int_equal(match("a|*.b", "ax"), 1);
	assert_int_equal(match("a|*.b", "x.b"), 1);
	assert_int_equal(match("a|*.b", "xa"), 0);
	assert_int_equal(match("a|b", "a|b"), 1);
	assert_int_equal(match("a|b", "a"), 0);
	assert_int_equal(match("?||x", "any"), 1);
	assert_int_equal(match("?a{2}", "xaa"), 1);
	assert_int_equal(match("?a{2}", "xa"), 0);
	assert_int_equal(match("?a{2}", "xa{2}"), 0);
	assert_int_equal(match("[ab]{2,}c", "abbac"), 1);
	assert_int_equal(match("[ab]{2,}c", "ac"), 0);
	assert_int_equal(match("[ab]{0,1}c", "c"), 1);
	assert_int_equal(match("*.{js,ts}", "a.js"), 0);
	assert_int_equal(match("*.{js,ts}", "a.{js,ts}"), 1);
	assert_int_equal(match("?{", "a{"), 1);
	assert_int_equal(match("?a{02}", "xa{02}"), 1);
	assert_int_equal(match("{0}*b", "ab"), 1);
	assert_int_equal(match("*{2}", "a"), -EINVAL);
	assert_int_equal(match("?a{2}{2}", "a"), -EINVAL);
	assert_int_equal(match("?|{2}", "a/"), -EINVAL);
	assert_int_equal(match("?a{3,2}", "a"), -EINVAL);
	assert_int_equal(match("?a{1001}", "a"), -EINVAL);
	assert_int_equal(match("?a{999}b{999}", "a"), -E2BIG);
}

static void test_a_backslash_at_the_end_takes_the_end_off(void **state)
{
	(void)state;
	assert_int_equal(match("*a\\\\", "xa\\"), 1);
	assert_int_equal(match("b*a\\", "ba$x"), 1);
}

static void test_brackets(void **state)
{
	(void)state;
	assert_int_equal(match("[a-c]x", "bx"), 1);
	assert_int_equal(match("[^a-c]x", "dx"), 1);
	assert_int_equal(match("[^a-c]x", "bx"), 0);
	assert_int_equal(match("[!a]x", "!x"), 1);
	assert_int_equal(match("[\xce\xb1-\xce\xb6]", "\xce\xb3"), 1);
	assert_int_equal(match("[[:alpha:]]", "q"), 1);
	assert_int_equal(match("[[:^alpha:]_]", "q"), 0);
	assert_int_equal(match("[[:^alpha:]_]", "1"), 1);
	assert_int_equal(match("[\\d]x", "7x"), 1);
	assert_int_equal(match("[\\D]x", "7x"), 0);
	assert_int_equal(match("[\\]]", "]"), 1);
	assert_int_equal(match("[a\\-c]", "-"), 1);
	assert_int_equal(match("[*]", "a]"), 0);
	assert_int_equal(match("[*]", "^^/[]"), 1);
	assert_int_equal(match("[?]", "[]"), 1);
}

static void test_escapes_mean_what_they_do_in_expressions(void **state)
{
	(void)state;
	assert_int_equal(match("a\\*b", "a*b"), 1);
	assert_int_equal(match("a\\*b", "axb"), 0);
	assert_int_equal(match("\\d\\D\\w\\W\\s\\S*", "1a_- x"), 1);
	assert_int_equal(match("\\x41\\101\\t", "AA\t"), 1);
	assert_int_equal(match("\\x{2603}\\x{61}", "\xe2\x98\x83"
						   "a"),
			 1);
	assert_int_equal(match("\\Aa\\b\\z", "a"), 1);
	assert_int_equal(match("a\\Bb*", "ab"), 1);
	assert_int_equal(match("a\\bb*", "ab"), 0);
	assert_int_equal(match("\\#a", "#a"), 1);
}

static void test_patterns_that_break_only_when_asked(void **state)
{
	static const char *const broken[] = {
		"[z-a]", "\\y",       "\\8",   "\\1",        "\\x4",
		"\\xgg", "[[:foo:]]", "[\\y]", "\\\xc3\xa9", "x\\e*"
	};

	(void)state;
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		assert_int_equal(match(broken[i], "a"), -EINVAL);
	assert_int_equal(match("* [z-a]", "a"), 1); /* not asked */
	assert_int_equal(match("\\pL", "a"), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "write 'p' without the backslash"));
}

static void test_a_line_break_is_no_part_of_two_stars(void **state)
{
	(void)state;
	assert_int_equal(match("**/x*", "a\nb/x"), 0);
	assert_int_equal(match("**/x", "a\nb/x"), 1);
	assert_int_equal(match("*x", "a\nx"), 1);
}

static void test_long_patterns(void **state)
{
	char text[PATH_MAX];

	(void)state;
	memset(text, 'a', 1000);
	memcpy(text + 990, "*", 1);
	text[1000] = '\0';
	assert_ok(compile(text), err);
	memcpy(text + 990, "a", 1);
	assert_int_equal(patterns_match(patterns, text, &err), 1);
	text[5] = 'b';
	assert_int_equal(patterns_match(patterns, text, &err), 0);
	memset(text, '*', 1);
	memset(text + 1, 'a', 1000);
	text[1001] = '\0';
	assert_int_equal(compile(text), -E2BIG);
}

static bool may(const char *list, const char *directory, bool exceptions)
{
	assert_ok(compile(list), err);
	return patterns_may_match_below(patterns, directory, exceptions);
}

static void test_directories_that_need_not_be_walked(void **state)
{
	(void)state;
	assert_false(may("a", "a", true));
	assert_true(may("* !a/b/c", "a", true));
	assert_true(may("* !a/b/c", "a/b", true));
	assert_false(may("* !a/b/c", "a/b/c", true));
	assert_false(may("* !a/b/c", "b", true));
	assert_false(may("* !a/b/c", "a/bb", true));
	assert_true(may("* !**/c", "x/y", true));
	assert_true(may("* !a/**", "a/x", true));
	assert_false(may("* !a/**", "b", true));
	assert_true(may("* !a/*/c", "a/x", true));
	assert_false(may("* !a/*/c", "a/x/y", true));
	assert_false(may("* !a/*.c", "b", true));
	assert_true(may("* !a/*.c", "", true));
	assert_true(may("a/b", "a", false));
	assert_false(may("a/b", "b", false));
	assert_true(may("a*/x", "ab", false));
	assert_false(may("!a/b", "a", false));
}

static void assert_ignores(const char *text, const char *joined)
{
	cleanup_with(strings_release) struct strings items = { 0 };
	cleanup_free char *got = NULL;

	assert_ok(ignore_file_parse(text, strlen(text), &items, &err), err);
	got = strings_join(&items, "|");
	assert_string_equal(got, joined);
}

static void test_X06_ignore_files(void **state)
{
	(void)state;
	assert_ignores("", "");
	assert_ignores("a\n/b\n/c/d/\n\n# e\n #f\n  g/../h \r\n! /i//j\n!\n! \n!#k",
		       "a|b|c/d|#f|h|!i/j|!|!|!#k");
	assert_ignores("\xef\xbb\xbf# a\nb", "b");
	assert_ignores("/\n//\n.\n./", "/|/|.|.");
	assert_ignores("\xc2\xa0 a\xc2\xa0\n", "a");
}

static void test_limits_of_ignore_files(void **state)
{
	cleanup_with(strings_release) struct strings items = { 0 };
	cleanup_free char *line = malloc(IGNORE_LINE_MAX + 2);

	(void)state;
	assert_int_equal(ignore_file_parse("a\0b", 3, &items, &err), -EINVAL);
	assert_non_null(line);
	memset(line, 'a', IGNORE_LINE_MAX + 1);
	memcpy(line, "x\n", 2);
	assert_int_equal(ignore_file_parse(line, IGNORE_LINE_MAX + 1, &items, &err), 0);
	line[1] = 'a';
	assert_int_equal(ignore_file_parse(line, IGNORE_LINE_MAX + 1, &items, &err), -E2BIG);
	assert_string_equal(err.text, "line 1 of the ignore file is longer than 65535 bytes");
	assert_int_equal(ignore_file_parse(line, IGNORE_FILE_MAX + 1, &items, &err), -E2BIG);
}

static int tear_down(void **state)
{
	(void)state;
	patterns_free(patterns);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_X06_stars),
		cmocka_unit_test(test_X06_a_directory_that_matches_takes_what_is_below),
		cmocka_unit_test(test_X06_the_last_pattern_decides),
		cmocka_unit_test(test_a_walk_differs_where_that_of_docker_does),
		cmocka_unit_test(test_patterns_are_cleaned),
		cmocka_unit_test(test_X06_a_lone_exclamation_mark_is_refused),
		cmocka_unit_test(test_characters_of_expressions_are_letters),
		cmocka_unit_test(test_letters_that_docker_forgets),
		cmocka_unit_test(test_a_backslash_at_the_end_takes_the_end_off),
		cmocka_unit_test(test_brackets),
		cmocka_unit_test(test_escapes_mean_what_they_do_in_expressions),
		cmocka_unit_test(test_patterns_that_break_only_when_asked),
		cmocka_unit_test(test_a_line_break_is_no_part_of_two_stars),
		cmocka_unit_test(test_long_patterns),
		cmocka_unit_test(test_directories_that_need_not_be_walked),
		cmocka_unit_test(test_X06_ignore_files),
		cmocka_unit_test(test_limits_of_ignore_files),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
