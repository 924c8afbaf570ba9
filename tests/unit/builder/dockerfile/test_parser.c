/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/dockerfile/parsing.h"

static struct parsed p;

static void assert_args(const struct statement *statement, const char *joined)
{
	assert_words(&statement->args, joined);
}

static void test_L01_a_byte_order_mark_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(parse_file(&p, "\xef\xbb\xbf"
					"FROM a\n")[0]
				 .keyword,
			 KEYWORD_FROM);
	assert_int_equal(p.diag.error.code, 0);
}

static char *line_of(size_t length)
{
	char *text = malloc(length + 16);

	assert_non_null(text);
	memcpy(text, "FROM a\nRUN ", 11);
	memset(text + 11, 'x', length - 4);
	text[7 + length] = '\0';
	return text;
}

static void test_L02_a_line_has_a_longest_length(void **state)
{
	cleanup_free char *fits = line_of(65535), *too_long = line_of(65536);

	(void)state;
	assert_int_equal(strlen(parse_file(&p, fits)[1].text), 65535);
	assert_string_equal(refuse_file(&p, too_long),
			    "dockerfile line greater than max allowed size of 65535");
	assert_int_equal(p.diag.error.code, -E2BIG);
	assert_int_equal(p.diag.line, 2);
}

static void test_L02_joined_lines_may_be_longer(void **state)
{
	cleanup_free char *line = line_of(65000);
	cleanup_free char *text = NULL;

	(void)state;
	assert_true(asprintf(&text, "%s\\\n%s", line, line + 11) > 0);
	assert_int_equal(strlen(parse_file(&p, text)[1].text), 65000 + 65000 - 4);
}

static void test_L03_keywords_have_any_case_and_the_rest_is_kept(void **state)
{
	const struct statement *s = parse_file(&p, "from  a\n  rUn  echo   a  \n");

	(void)state;
	assert_int_equal(s[1].keyword, KEYWORD_RUN);
	assert_string_equal(s[1].name, "rUn");
	assert_args(&s[1], "echo   a");
	assert_string_equal(s[1].text, "rUn  echo   a");
}

static void test_L04_comments_between_joined_lines_are_dropped(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\nRUN a \\\n# c\n\t# d \\\nb # e\n");

	(void)state;
	assert_args(&s[1], "a b # e");
	assert_int_equal(s[1].where.first_line, 2);
	assert_int_equal(s[1].where.last_line, 5);
}

static void test_L05_an_escape_at_the_end_joins_two_do_not(void **state)
{
	const struct statement *s =
		parse_file(&p, "FROM a\nRUN a\\ \t\n  b\\\\\nRUN c\\\\ \nRUN \\\n\\\n d\n");

	(void)state;
	assert_args(&s[1], "a  b\\\\");
	assert_args(&s[2], "c\\\\");
	assert_args(&s[3], "d");
	assert_int_equal(p.file->statement_count, 4);
}

static void test_L06_empty_lines_between_joined_lines_are_remarked(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\nRUN a \\\n \n\n b\nRUN c \\\n d\n");

	(void)state;
	assert_args(&s[1], "a  b");
	assert_true(s[1].empty_continuation);
	assert_int_equal(s[1].text_last_line, 5);
	assert_false(s[2].empty_continuation);
}

static void test_L07_an_escape_at_the_end_of_the_file_is_nothing(void **state)
{
	(void)state;
	assert_args(&parse_file(&p, "FROM a\nRUN a \\")[1], "a");
	assert_args(&parse_file(&p, "FROM a\nRUN a \\\n# c")[1], "a");
}

static void test_L08_directives_are_read_in_front(void **state)
{
	(void)state;
	parse_file(&p,
		   "# syntax=docker/dockerfile:1 x\n# escape=`\n# check=skip=A\nFROM a `\n b\n");
	assert_string_equal(p.file->syntax.value, "docker/dockerfile:1");
	assert_string_equal(p.file->check.value, "skip=A");
	assert_int_equal(p.file->escape, '`');
	assert_args(&p.file->statements[0], "a|b");
	assert_int_equal(p.file->statements[0].comments.count, 0);
	assert_string_equal(refuse_file(&p, "# escape=`\n# escape=`\nFROM a\n"),
			    "only one escape parser directive can be used");
	assert_int_equal(p.diag.line, 2);
}

static void test_L09_escape_is_one_of_two(void **state)
{
	(void)state;
	assert_string_equal(refuse_file(&p, "# escape=x\nFROM a\n"),
			    "invalid escape token 'x' does not match ` or \\");
	assert_int_equal(p.diag.line, 1);
}

static void test_L12_flags_stand_in_front_of_arguments(void **state)
{
	const struct statement *s =
		parse_file(&p, "FROM a\nRUN --a --b='c \"d' --e\\ f -- --g\nRUN h --i\nRUN --j");

	(void)state;
	assert_int_equal(s[1].flag_count, 3);
	assert_string_equal(s[1].flags[0].text, "--a");
	assert_string_equal(s[1].flags[1].text, "--b=c \"d");
	assert_string_equal(s[1].flags[2].text, "--e f");
	assert_args(&s[1], "--g");
	assert_int_equal(s[2].flag_count, 0);
	assert_args(&s[2], "h --i");
	assert_int_equal(s[3].flag_count, 1);
	assert_args(&s[3], "");
}

static void test_L13_only_an_array_of_strings_is_json(void **state)
{
	const struct statement *s =
		parse_file(&p, "FROM a\nRUN [\"a\",\"b c\"]\nRUN ['a']\nRUN [\"a\"\nCMD []\n");

	(void)state;
	assert_true(s[1].json);
	assert_args(&s[1], "a|b c");
	assert_false(s[2].json);
	assert_args(&s[2], "['a']");
	assert_false(s[3].json);
	assert_true(s[4].json);
	assert_args(&s[4], "");
	assert_string_equal(
		refuse_file(&p, "FROM a\nCMD [\"a\", {}]\n"),
		"when using JSON array syntax, arrays must be comprised of strings only");
}

static void test_L14_what_is_no_instruction_is_still_a_statement(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\nBOGUS --x y z\n");

	(void)state;
	assert_int_equal(s[1].keyword, KEYWORD_UNKNOWN);
	assert_string_equal(s[1].name, "BOGUS");
}

static void test_L15_nothing_is_no_dockerfile(void **state)
{
	(void)state;
	assert_string_equal(refuse_file(&p, ""), "the Dockerfile cannot be empty");
	assert_string_equal(refuse_file(&p, "# a\n\n"), "file with no instructions");
	assert_string_equal(refuse_file(&p, "\n"), "file with no instructions");
}

static void test_a_nul_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_int_equal(dockerfile_parse("x", "FROM a\nRUN \0", 12, &p.file, &p.diag), -EINVAL);
	assert_int_equal(p.diag.line, 2);
	assert_int_equal(p.diag.column, 5);
}

static void test_a_file_has_a_largest_size(void **state)
{
	cleanup_free char *text = calloc(1, DOCKERFILE_SIZE_MAX + 1);

	(void)state;
	assert_int_equal(dockerfile_parse("x", text, DOCKERFILE_SIZE_MAX + 1, &p.file, &p.diag),
			 -E2BIG);
}

static void test_H01_only_some_instructions_have_heredocs(void **state)
{
	const struct statement *s = parse_file(
		&p,
		"FROM a\nCMD <<E\nUSER <<E\nRUN [\"<<E\"]\nONBUILD CMD <<E\nONBUILD RUN <<E\nE\n");

	(void)state;
	assert_int_equal(p.file->statement_count, 6);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(s[i].heredoc_count, 0);
	assert_int_equal(s[5].heredoc_count, 1);
}

static void test_H05_the_terminator_is_the_whole_line(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\nRUN <<E\n E\nE \nEE\nE\r\nRUN b\n");

	(void)state;
	assert_string_equal(s[1].heredocs[0].content, " E\nE \nEE\n");
	assert_int_equal(s[1].heredocs[0].where.first_line, 3);
	assert_int_equal(s[1].heredocs[0].where.last_line, 6);
	assert_int_equal(s[1].where.last_line, 6);
	assert_int_equal(s[1].text_last_line, 2);
	assert_string_equal(refuse_file(&p, "FROM a\nRUN <<E\nx\n E"), "unterminated heredoc");
	assert_int_equal(p.diag.where.first_line, 2);
	assert_int_equal(p.diag.where.last_line, 4);
}

static void test_H06_bodies_come_in_the_order_of_their_names(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\nCOPY <<X <<Y /d\nY\nX\nX\nY\n");

	(void)state;
	assert_string_equal(s[1].heredocs[0].content, "Y\n");
	assert_string_equal(s[1].heredocs[1].content, "X\n");
}

static void test_H10_a_body_is_plain_text(void **state)
{
	const struct statement *s =
		parse_file(&p, "FROM a\nRUN <<E\n# c\n\n  cat <<F \\\n\tF\nE\nRUN b\n");

	(void)state;
	assert_string_equal(s[1].heredocs[0].content, "# c\n\n  cat <<F \\\n\tF\n");
	assert_args(&s[2], "b");
}

static void test_too_many_heredocs_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	buf_add_string(&text, "FROM a\nCOPY");
	for (size_t i = 0; i <= DOCKERFILE_HEREDOCS_MAX; i++)
		buf_add_string(&text, " <<E");
	buf_add_string(&text, " /\n");
	assert_string_equal(refuse_file(&p, text.data),
			    "more than 256 heredocs in one instruction");
	assert_int_equal(p.diag.error.code, -E2BIG);
}

static void test_comments_belong_to_the_instruction_below(void **state)
{
	const struct statement *s = parse_file(
		&p, "# gone\n#\n# a one\n\n#b  two \n  # c\nARG a\nFROM x\n# d\n# end\n");

	(void)state;
	assert_words(&s[0].comments, "a one|b  two|# c");
	assert_words(&s[1].comments, "");
	assert_string_equal(statement_doc(&s[0], "a"), "one");
	assert_string_equal(statement_doc(&s[0], "b"), " two");
	assert_null(statement_doc(&s[0], "c"));
	assert_null(statement_doc(&s[0], ""));
}

static void assert_position(const struct statement *s, size_t offset, uint32_t line,
			    uint32_t column)
{
	uint32_t got_line, got_column;

	statement_position(s, offset, &got_line, &got_column);
	assert_int_equal(got_line, line);
	assert_int_equal(got_column, column);
}

static void test_places_in_joined_lines_are_known(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\n  RUN --a \\\n# c\n\n  --b=c \\\n d\n"
						   "ONBUILD RUN \\\n --e f\n");

	(void)state;
	assert_position(&s[1], 0, 2, 3);
	assert_position(&s[1], s[1].flags[0].offset, 2, 7);
	assert_position(&s[1], s[1].flags[1].offset, 5, 3);
	assert_position(&s[1], strlen(s[1].text) - 1, 6, 2);
	assert_position(s[2].trigger, s[2].trigger->flags[0].offset, 8, 2);
}

static void test_a_trigger_is_a_statement_within(void **state)
{
	const struct statement *s = parse_file(&p, "FROM a\nONBUILD onbuild COPY --x=y a b\n");

	(void)state;
	assert_int_equal(s[1].args.count, 0);
	assert_int_equal(s[1].trigger->keyword, KEYWORD_ONBUILD);
	assert_int_equal(s[1].trigger->trigger->keyword, KEYWORD_COPY);
	assert_string_equal(s[1].trigger->trigger->flags[0].text, "--x=y");
	assert_args(s[1].trigger->trigger, "a|b");
	assert_null(s[1].trigger->trigger->trigger);
}

static void test_pairs_are_cut_at_space_outside_of_quotes(void **state)
{
	const struct statement *s = parse_file(
		&p, "FROM a\nENV a=b\\ c d=\"e f\" g='h \"' i=\nENV a b  c\nENV a= b=\n");

	(void)state;
	assert_args(&s[1], "a|b\\ c|=|d|\"e f\"|=|g|'h \"'|=|i||=");
	assert_args(&s[2], "a|b  c|");
	assert_args(&s[3], "a||=|b||=");
	assert_string_equal(refuse_file(&p, "FROM a\nENV x\n"), "ENV must have two arguments");
	assert_string_equal(
		refuse_file(&p, "FROM a\nLABEL a=b c\n"),
		"Syntax error - can't find = in \"c\". Must be of the form: name=value");
}

static int tear_down(void **state)
{
	(void)state;
	parsed_release(&p);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_L01_a_byte_order_mark_is_dropped),
		cmocka_unit_test(test_L02_a_line_has_a_longest_length),
		cmocka_unit_test(test_L02_joined_lines_may_be_longer),
		cmocka_unit_test(test_L03_keywords_have_any_case_and_the_rest_is_kept),
		cmocka_unit_test(test_L04_comments_between_joined_lines_are_dropped),
		cmocka_unit_test(test_L05_an_escape_at_the_end_joins_two_do_not),
		cmocka_unit_test(test_L06_empty_lines_between_joined_lines_are_remarked),
		cmocka_unit_test(test_L07_an_escape_at_the_end_of_the_file_is_nothing),
		cmocka_unit_test(test_L08_directives_are_read_in_front),
		cmocka_unit_test(test_L09_escape_is_one_of_two),
		cmocka_unit_test(test_L12_flags_stand_in_front_of_arguments),
		cmocka_unit_test(test_L13_only_an_array_of_strings_is_json),
		cmocka_unit_test(test_L14_what_is_no_instruction_is_still_a_statement),
		cmocka_unit_test(test_L15_nothing_is_no_dockerfile),
		cmocka_unit_test(test_a_nul_is_refused_with_its_place),
		cmocka_unit_test(test_a_file_has_a_largest_size),
		cmocka_unit_test(test_H01_only_some_instructions_have_heredocs),
		cmocka_unit_test(test_H05_the_terminator_is_the_whole_line),
		cmocka_unit_test(test_H06_bodies_come_in_the_order_of_their_names),
		cmocka_unit_test(test_H10_a_body_is_plain_text),
		cmocka_unit_test(test_too_many_heredocs_are_refused),
		cmocka_unit_test(test_comments_belong_to_the_instruction_below),
		cmocka_unit_test(test_places_in_joined_lines_are_known),
		cmocka_unit_test(test_a_trigger_is_a_statement_within),
		cmocka_unit_test(test_pairs_are_cut_at_space_outside_of_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
