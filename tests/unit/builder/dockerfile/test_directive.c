/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/directive.h"
#include "fs/base/arena.h"
#include "tests/lib/unit.h"

struct fixture {
	struct arena arena;
	struct directive found;
};

static const char *find(struct fixture *f, enum directive_kind kind, const char *source)
{
	f->found = (struct directive){ 0 };
	return directive_find(kind, span_of(source), &f->arena, &f->found) ? f->found.value : NULL;
}

static void assert_line(const char *line, enum directive_kind kind, const char *value)
{
	struct span got = { 0 };

	assert_int_equal(directive_of_line(span_of(line), "#", &got), kind);
	if (kind != DIRECTIVE_NONE)
		assert_true(span_is(got, value));
}

static void test_L08_a_line_is_comment_key_equals_value(void **state)
{
	(void)state;
	assert_line("# syntax=a/b:c", DIRECTIVE_SYNTAX, "a/b:c");
	assert_line("#syntax=a", DIRECTIVE_SYNTAX, "a");
	assert_line("#  \t SynTax \t= a b  ", DIRECTIVE_SYNTAX, "a b");
	assert_line("# escape=`", DIRECTIVE_ESCAPE, "`");
	assert_line("# check=skip=all;error=true", DIRECTIVE_CHECK, "skip=all;error=true");
	assert_line("# escape= ", DIRECTIVE_ESCAPE, " ");
	assert_line("# escape=", DIRECTIVE_NONE, NULL);
	assert_line("# escape", DIRECTIVE_NONE, NULL);
	assert_line("# other=x", DIRECTIVE_NONE, NULL);
	assert_line("# syntaxes=x", DIRECTIVE_NONE, NULL);
	assert_line("syntax=x", DIRECTIVE_NONE, NULL);
	assert_line(" # syntax=x", DIRECTIVE_NONE, NULL);
	assert_line("#", DIRECTIVE_NONE, NULL);
}

static void test_L10_syntax_is_found_behind_a_first_line_for_the_kernel(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "# syntax = a:b // c\nFROM x\n"), "a:b");
	assert_string_equal(f->found.text, "a:b // c");
	assert_int_equal(f->found.line, 1);
	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "#!/bin/sh\n# syntax=a\r\nFROM x\n"), "a");
	assert_int_equal(f->found.line, 2);
	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "\xef\xbb\xbf# syntax=a\n"), "a");
	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "# escape=`\n# syntax=a"), "a");
	assert_int_equal(f->found.line, 2);
	assert_null(find(f, DIRECTIVE_SYNTAX, "#!/bin/sh\n\n# syntax=a\n"));
	assert_null(find(f, DIRECTIVE_SYNTAX, "# words\n# syntax=a\n"));
	assert_null(find(f, DIRECTIVE_SYNTAX, " # syntax=a\n"));
	assert_null(find(f, DIRECTIVE_SYNTAX, "FROM x\n"));
	assert_null(find(f, DIRECTIVE_SYNTAX, ""));
}

static void test_L10_syntax_in_other_formats(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "//syntax=foo\n//key=value"), "foo");
	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "#!/bin/sh\n// syntax=x"), "x");
	assert_string_equal(find(f, DIRECTIVE_SYNTAX, "{\"syntax\": \"foo\", \"bar\": [{}]}"),
			    "foo");
	assert_null(find(f, DIRECTIVE_SYNTAX, "{\"syntax\": \"foo\""));
	assert_null(find(f, DIRECTIVE_SYNTAX, "{\"syntax\": 1}"));
	assert_null(find(f, DIRECTIVE_SYNTAX, "{\"syntax\": \"foo\"}\n# syntax=bar"));
	assert_null(find(f, DIRECTIVE_CHECK, "//check=skip=all\n"));
}

static void test_L11_check_is_found_as_syntax_is(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(find(f, DIRECTIVE_CHECK, "#check = skip=all // opts\n"), "skip=all");
	assert_string_equal(find(f, DIRECTIVE_CHECK, "# syntax=x\n# check=error=true\n"),
			    "error=true");
}

static void test_L08_a_second_one_is_an_error(void **state)
{
	struct directive_block block = { 0 };
	enum directive_kind kind;
	struct span value;

	(void)state;
	assert_int_equal(directive_block_next(&block, span_of("#syntax=a"), "#", &kind, &value), 1);
	assert_int_equal(directive_block_next(&block, span_of("#check=a"), "#", &kind, &value), 1);
	assert_int_equal(directive_block_next(&block, span_of("#SYNTAX=a"), "#", &kind, &value),
			 -EEXIST);
	assert_int_equal(kind, DIRECTIVE_SYNTAX);
}

static void test_L08_the_first_other_line_ends_the_block(void **state)
{
	struct directive_block block = { 0 };
	enum directive_kind kind;
	struct span value;

	(void)state;
	assert_int_equal(directive_block_next(&block, span_of("# a=b"), "#", &kind, &value), 0);
	assert_int_equal(directive_block_next(&block, span_of("#escape=`"), "#", &kind, &value), 0);
}

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_release(&f->arena);
	free(f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_L08_a_line_is_comment_key_equals_value),
		cmocka_unit_test(test_L10_syntax_is_found_behind_a_first_line_for_the_kernel),
		cmocka_unit_test(test_L10_syntax_in_other_formats),
		cmocka_unit_test(test_L11_check_is_found_as_syntax_is),
		cmocka_unit_test(test_L08_a_second_one_is_an_error),
		cmocka_unit_test(test_L08_the_first_other_line_ends_the_block),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
