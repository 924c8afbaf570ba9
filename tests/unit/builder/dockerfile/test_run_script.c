/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/run_script.h"
#include "tests/unit/builder/dockerfile/parsing.h"

static struct parsed p;
static struct run_script script;
static struct error err;

static enum run_script_kind make(const char *text)
{
	run_script_release(&script);
	assert_ok(run_script_make(&parse_one(&p, text)->run.command, &script, &err), err);
	return script.kind;
}

static void test_without_heredocs_there_is_no_script(void **state)
{
	(void)state;
	assert_int_equal(make("RUN a"), RUN_SCRIPT_NONE);
	assert_int_equal(make("RUN [\"<<E\"]"), RUN_SCRIPT_NONE);
	assert_null(script.text);
}

static void test_H07_a_lone_body_is_what_the_shell_gets(void **state)
{
	(void)state;
	assert_int_equal(make("RUN <<E\nfalse\n\ttrue $x\nE\n"), RUN_SCRIPT_SHELL);
	assert_string_equal(script.text, "false\n\ttrue $x\n");
	assert_int_equal(script.size, strlen(script.text));
	assert_int_equal(make("RUN --network=none << 'E'\nE\n"), RUN_SCRIPT_SHELL);
	assert_string_equal(script.text, "");
	assert_int_equal(make("RUN <<-E\n\ta\n\tE\n"), RUN_SCRIPT_SHELL);
	assert_string_equal(script.text, "a\n");
}

static void test_H08_a_body_with_an_interpreter_is_a_program(void **state)
{
	(void)state;
	assert_int_equal(make("RUN <<E.py\n#!/usr/bin/env python3\nprint()\nE.py\n"),
			 RUN_SCRIPT_FILE);
	assert_string_equal(script.name, "E.py");
	assert_string_equal(script.text, "#!/usr/bin/env python3\nprint()\n");
	assert_int_equal(make("RUN <<-E\n\t#!/bin/sh\nE\n"), RUN_SCRIPT_FILE);
	assert_string_equal(script.text, "#!/bin/sh\n");
	assert_int_equal(make("RUN <<E\n\t#!/bin/sh\nE\n"), RUN_SCRIPT_SHELL);
	assert_int_equal(make("RUN <<E\n #!/bin/sh\nE\n"), RUN_SCRIPT_SHELL);
}

static void test_H08_the_name_must_be_one_of_a_file(void **state)
{
	const struct instruction *run = parse_one(&p, "RUN <<../x\n#!/bin/sh\n../x\n");

	(void)state;
	run_script_release(&script);
	assert_int_equal(run_script_make(&run->run.command, &script, &err), -EINVAL);
	assert_string_equal(err.text, "'../x' cannot be the name of a script's file");
	assert_int_equal(make("RUN <<../x\na\n../x\n"), RUN_SCRIPT_SHELL);
}

static void test_H09_anything_else_is_left_to_the_shell(void **state)
{
	(void)state;
	assert_int_equal(make("RUN <<E bash\na\nE\n"), RUN_SCRIPT_SHELL);
	assert_string_equal(script.text, "<<E bash\na\nE");
	assert_int_equal(make("RUN cat <<-A > x && \\\n cat <<'B'\n\ta\n\tA\n#!b\nB\n"),
			 RUN_SCRIPT_SHELL);
	assert_string_equal(script.text, "cat <<-A > x &&  cat <<'B'\n\ta\nA\n#!b\nB");
}

static void test_a_heredoc_within_a_flag_has_no_command(void **state)
{
	const struct instruction *run = parse_one(&p, "RUN --mount='\\' <<E ''''\nx\nE\n");

	(void)state;
	assert_int_equal(run->run.command.heredoc_count, 1);
	assert_int_equal(run->run.command.args.count, 0);
	run_script_release(&script);
	assert_int_equal(run_script_make(&run->run.command, &script, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no command line"));
}

static int tear_down(void **state)
{
	(void)state;
	run_script_release(&script);
	parsed_release(&p);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_heredocs_there_is_no_script),
		cmocka_unit_test(test_H07_a_lone_body_is_what_the_shell_gets),
		cmocka_unit_test(test_H08_a_body_with_an_interpreter_is_a_program),
		cmocka_unit_test(test_H08_the_name_must_be_one_of_a_file),
		cmocka_unit_test(test_H09_anything_else_is_left_to_the_shell),
		cmocka_unit_test(test_a_heredoc_within_a_flag_has_no_command),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
