/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/expand.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

struct fixture {
	struct strings env, found, missing;
	struct expander expander;
	struct buf result;
	struct error err;
};

static const char *expand(struct fixture *f, const char *word)
{
	buf_clear(&f->result);
	assert_ok(expand_word(&f->expander, word, &f->result, &f->err), f->err);
	return buf_string(&f->result);
}

static const char *refuse(struct fixture *f, const char *word)
{
	buf_clear(&f->result);
	assert_int_equal(expand_word(&f->expander, word, &f->result, &f->err), -EINVAL);
	assert_int_equal(f->result.length, 0);
	return f->err.text;
}

static void test_V09_plain_forms(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expand(f, "$v-${v}.$v_x|$none|${empty}"), "value-value.||");
	assert_string_equal(expand(f, "'$v' \"$v '\" \\$v \\\\ \"\\$v \\x\""),
			    "$v value ' $v \\ $v \\x");
	assert_string_equal(expand(f, "$1$12$@$*$#$?$-$$$!$0."), ".");
	assert_string_equal(expand(f, "$ $. a$"), "$ $. a$");
}

static void test_V09_conditions(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expand(f, "${v:-x}${empty:-x}${none:-x}"), "valuexx");
	assert_string_equal(expand(f, "${v-x}${empty-x}${none-x}"), "valuex");
	assert_string_equal(expand(f, "${v:+x}${empty:+x}${none:+x}"), "x");
	assert_string_equal(expand(f, "${v+x}${empty+x}${none+x}"), "xx");
	assert_string_equal(expand(f, "${v:?x}${empty?x}"), "value");
	assert_string_equal(refuse(f, "a${empty:?no $v}b"),
			    "failed to process \"a${empty:?no $v}b\": empty: no value");
	assert_non_null(strstr(refuse(f, "${none?} "), "none: is not allowed to be unset"));
	assert_non_null(strstr(refuse(f, "${empty:?} "), "empty: is not allowed to be empty"));
}

static void test_V09_words_are_expanded_in_turn(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expand(f, "${none:-a${empty:-b${none:-$v}}c}"), "abvaluec");
	assert_string_equal(expand(f, "${none:-\"}\"'}'\\}}"), "}}}");
	assert_string_equal(expand(f, "\"${none:-\"x y\"}\""), "x y");
}

static void test_V09_patterns(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expand(f, "${file#*/}|${file##*/}|${file%.*}|${file%%.*}"),
			    "a/b/c.tar.gz|c.tar.gz|/a/b/c.tar|/a/b/c");
	assert_string_equal(expand(f, "${file/a/X}|${file//[ac]/X}|${file//?.*/X}"),
			    "/X/b/c.tar.gz|/a/b/c.tar.gz|/a/b/X");
	assert_string_equal(expand(f, "${v%$v}|${v##}|${none#x}"), "|value|");
}

static void test_V09_what_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "${", "syntax error: missing '}'" },
		{ "${v", "syntax error: missing '}'" },
		{ "${v:", "syntax error: missing '}'" },
		{ "${v:-x", "syntax error: missing '}'" },
		{ "${v/x", "syntax error: missing '/' in ${}" },
		{ "${v/x/y", "syntax error: missing '}'" },
		{ "${}", "syntax error: bad substitution" },
		{ "${:-x}", "syntax error: bad substitution" },
		{ "${{v}", "syntax error: bad substitution" },
		{ "${v:#x} ", "unsupported modifier (:#) in substitution" },
		{ "${v:%x} ", "unsupported modifier (:%) in substitution" },
		{ "${v=x} ", "unsupported modifier (=) in substitution" },
		{ "${v\xe2\x98\x83} ", "unsupported modifier (\xe2\x98\x83) in substitution" },
		{ "${v#\\x} ", "invalid pattern (\\x) in substitution: invalid escape '\\x'" },
		{ "'v", "unexpected end of statement while looking for matching single-quote" },
		{ "\"v", "unexpected end of statement while looking for matching double-quote" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *words = refuse(f, cases[i][0]);
		const char *reason = words + strlen(words) - strlen(cases[i][1]);

		assert_string_equal(reason, cases[i][1]);
	}
}

static void test_names_have_letters_of_any_script(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expand(f, "$\xed\x95\x9c\xea\xb5\xad-${\xed\x95\x9c\xea\xb5\xad}"),
			    "hangul-hangul");
	assert_string_equal(expand(f, "$v\xe2\x98\x83$v\xc3\xa9"), "value\xe2\x98\x83");
}

static void test_bytes_that_are_no_text_go_through(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(expand(f, "\xff\"\xfe\"'\xfd'\\\xfc$v\xfb"),
			    "\xff\xfe\xfd\xfcvalue\xfb");
	assert_string_equal(expand(f, "${bytes#?}|${bytes%?}|${bytes/?/x}"),
			    "\xe4\xb8|\xff\xe4|x\xe4\xb8");
}

static void test_the_escape_directive_is_obeyed(void **state)
{
	struct fixture *f = *state;

	f->expander.escape = '`';
	assert_string_equal(expand(f, "`$v C:\\x\\$v \"`\"\" ``"), "$v C:\\x\\value \" `");
}

static void test_H12_bodies_keep_their_quotes(void **state)
{
	struct fixture *f = *state;

	f->expander.flags = EXPAND_NO_QUOTES;
	assert_string_equal(expand(f, "\"$v\" '$v' it's \\$host \\\\ \\a <<x\n"),
			    "\"value\" 'value' it's $host \\ a <<x\n");
}

static void test_raw_modes_keep_what_they_obey(void **state)
{
	struct fixture *f = *state;

	f->expander.flags = EXPAND_RAW_QUOTES;
	assert_string_equal(expand(f, "\"$v\"'$v'\\'"), "\"value\"'$v''");
	f->expander.flags = EXPAND_RAW_QUOTES | EXPAND_RAW_ESCAPES;
	assert_string_equal(expand(f, "\"\\$v\"\\'"), "\"\\$v\"\\'");
	f->expander.flags = EXPAND_KEEP_UNSET;
	assert_string_equal(expand(f, "$v $none ${none} ${none:-$v} ${none/a/$v} ${none##x}"),
			    "value $none ${none} ${none:-value} ${none/a/value} ${none##x}");
}

static void test_names_are_reported_once_and_sorted(void **state)
{
	struct fixture *f = *state;

	f->expander.found = &f->found;
	f->expander.missing = &f->missing;
	expand(f, "$v ${none:-$other} $empty $v ${none+x} \"$v\" '$quoted'");
	assert_int_equal(f->found.count, 2);
	assert_string_equal(f->found.items[0], "empty");
	assert_string_equal(f->found.items[1], "v");
	assert_int_equal(f->missing.count, 2);
	assert_string_equal(f->missing.items[0], "none");
	assert_string_equal(f->missing.items[1], "other");
	expand(f, "$another $v");
	assert_int_equal(f->missing.count, 3);
	assert_string_equal(f->missing.items[0], "another");
	assert_null(f->missing.items[3]);
}

static void assert_words(struct fixture *f, const char *text, const char *joined)
{
	cleanup_with(strings_release) struct strings words = { 0 };
	cleanup_free char *got = NULL;

	assert_ok(expand_words(&f->expander, text, &words, &f->err), f->err);
	got = strings_join(&words, "|");
	assert_string_equal(got, joined);
}

static void test_words_are_cut_at_space(void **state)
{
	struct fixture *f = *state;

	assert_words(f, " a  b\tc\n", "a|b|c");
	assert_words(f, "", "");
	assert_words(f, "\"\"", "");
	assert_words(f, "a\\ b 'c d'\"e f\"g", "a b|c de fg");
	assert_words(f, "x$spaces\"$spaces\"y", "x|a|b| a b y");
	assert_words(f, "x${none:-a b}y ${none:-}z", "xa|by|z");
	assert_words(f, "<< a <<\tb", "<< a|<<\tb");
}

static void test_nesting_has_a_limit(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct fixture *f = *state;

	for (int i = 0; i < EXPAND_DEPTH_MAX; i++)
		buf_add_string(&text, "${none:-");
	buf_add_char(&text, 'x');
	for (int i = 0; i < EXPAND_DEPTH_MAX; i++)
		buf_add_char(&text, '}');
	assert_string_equal(expand(f, text.data), "x");
	buf_clear(&text);
	for (int i = 0; i < 100000; i++)
		buf_add_string(&text, "${none:-");
	assert_int_equal(expand_word(&f->expander, text.data, &f->result, &f->err), -E2BIG);
	assert_non_null(strstr(f->err.text, "more than 100 levels of ${} and quotes"));
}

static void test_results_have_a_limit(void **state)
{
	cleanup_with(buf_release) struct buf word = { 0 };
	cleanup_free char *value = malloc((1 << 20) + 5);
	struct fixture *f = *state;

	assert_non_null(value);
	memset(value, 'x', 1 << 20);
	memcpy(value, "big=", 4);
	value[1 << 20] = '\0';
	strings_add(&f->env, value);
	for (int i = 0; i < 70; i++)
		buf_add_string(&word, "$big");
	assert_int_equal(expand_word(&f->expander, word.data, &f->result, &f->err), -E2BIG);
	assert_int_equal(expand_word(&f->expander, "${big//x/$big}", &f->result, &f->err), -E2BIG);
	assert_int_equal(f->result.length, 0);
}

static void test_long_words_are_cut_in_messages(void **state)
{
	cleanup_with(buf_release) struct buf word = { 0 };
	struct fixture *f = *state;

	for (int i = 0; i < 5000; i++)
		buf_add_char(&word, 'x');
	buf_add_string(&word, "${none?why}");
	assert_non_null(strstr(refuse(f, word.data), "...: none: why"));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strings_add(&f->env, "v=value");
	strings_add(&f->env, "empty=");
	strings_add(&f->env, "spaces= a b ");
	strings_add(&f->env, "file=/a/b/c.tar.gz");
	strings_add(&f->env, "bytes=\xff\xe4\xb8");
	strings_add(&f->env, "\xed\x95\x9c\xea\xb5\xad=hangul");
	f->expander.escape = '\\';
	f->expander.env = expand_env_of(&f->env);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	strings_release(&f->env);
	strings_release(&f->found);
	strings_release(&f->missing);
	buf_release(&f->result);
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_V09_plain_forms),
		TEST(test_V09_conditions),
		TEST(test_V09_words_are_expanded_in_turn),
		TEST(test_V09_patterns),
		TEST(test_V09_what_is_refused),
		TEST(test_names_have_letters_of_any_script),
		TEST(test_bytes_that_are_no_text_go_through),
		TEST(test_the_escape_directive_is_obeyed),
		TEST(test_H12_bodies_keep_their_quotes),
		TEST(test_raw_modes_keep_what_they_obey),
		TEST(test_names_are_reported_once_and_sorted),
		TEST(test_words_are_cut_at_space),
		TEST(test_nesting_has_a_limit),
		TEST(test_results_have_a_limit),
		TEST(test_long_words_are_cut_in_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
