/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/dockerfile/parsing.h"

static struct parsed p;

static void test_stages_begin_at_from(void **state)
{
	const struct recipe *recipe = parse_recipe(
		&p, "ARG a\nARG b\nFROM x AS One\nRUN 1\nRUN 2\nFROM y\nFROM z AS t\nUSER u\n");

	(void)state;
	assert_int_equal(recipe->global_count, 2);
	assert_string_equal(recipe->globals[1].arg.items[0].key, "b");
	assert_int_equal(recipe->stage_count, 3);
	assert_string_equal(recipe->stages[0].name, "one");
	assert_int_equal(recipe->stages[0].count, 2);
	assert_string_equal(recipe->stages[0].instructions[1].run.command.args.items[0], "2");
	assert_string_equal(recipe->stages[1].name, "");
	assert_int_equal(recipe->stages[1].count, 0);
	assert_int_equal(recipe->stages[2].index, 2);
	assert_string_equal(recipe->stages[2].from->from.base, "z");
	assert_int_equal(recipe->stages[2].instructions[0].keyword, KEYWORD_USER);
}

static void test_L15_instructions_need_a_stage(void **state)
{
	(void)state;
	assert_string_equal(refuse_file(&p, "RUN a\nFROM b\n"),
			    "no build stage in current context");
	assert_int_equal(p.diag.where.first_line, 1);
	assert_string_equal(refuse_file(&p, "ARG a\n"), "dockerfile contains no stages to build");
}

static void test_I01_stage_names(void **state)
{
	(void)state;
	assert_string_equal(parse_recipe(&p, "from a aS b-1_c.D\n")->stages[0].name, "b-1_c.d");
	assert_string_equal(
		refuse_file(&p, "FROM a AS 1b\n"),
		"dockerfile parse error on line 1: invalid name for build stage: \"1b\", "
		"name can't start with a number or contain symbols");
	assert_non_null(strstr(refuse_file(&p, "FROM a AS b/c\n"), "invalid name"));
	assert_non_null(strstr(refuse_file(&p, "FROM a AS \xc3\xa9\n"), "invalid name"));
	assert_non_null(strstr(refuse_file(&p, "FROM a b\n"), "either one or three arguments"));
	assert_non_null(strstr(refuse_file(&p, "FROM a is b\n"), "either one or three arguments"));
	assert_non_null(strstr(refuse_file(&p, "FROM\n"), "either one or three arguments"));
}

static void test_I01_platform_is_kept_as_written(void **state)
{
	const struct recipe *recipe =
		parse_recipe(&p, "FROM --platform=$BUILDPLATFORM a\nFROM b\n");

	(void)state;
	assert_string_equal(recipe->stages[0].from->from.platform, "$BUILDPLATFORM");
	assert_null(recipe->stages[1].from->from.platform);
}

static void test_I01_of_equal_names_the_last_before_is_meant(void **state)
{
	const struct recipe *recipe =
		parse_recipe(&p, "FROM a AS x\nFROM a AS y\nFROM a AS x\nFROM a\nFROM a AS aa\n");

	(void)state;
	assert_ptr_equal(recipe_stage(recipe, "x", 5), &recipe->stages[2]);
	assert_ptr_equal(recipe_stage(recipe, "X", 3), &recipe->stages[2]);
	assert_ptr_equal(recipe_stage(recipe, "x", 2), &recipe->stages[0]);
	assert_null(recipe_stage(recipe, "x", 0));
	assert_null(recipe_stage(recipe, "y", 1));
	assert_ptr_equal(recipe_stage(recipe, "y", 2), &recipe->stages[1]);
	assert_null(recipe_stage(recipe, "", 5));
	assert_null(recipe_stage(recipe, "a", 5));
	assert_null(recipe_stage(recipe, "z", 5));
}

static void test_errors_name_the_line_and_know_the_place(void **state)
{
	(void)state;
	assert_string_equal(refuse_file(&p, "FROM a\n\nRUN --network=none \\\n\n  --mont=x y\n"),
			    "dockerfile parse error on line 3: unknown flag: --mont (did you mean "
			    "mount?)");
	assert_int_equal(p.diag.where.first_line, 3);
	assert_int_equal(p.diag.where.last_line, 5);
	assert_int_equal(p.diag.line, 5);
	assert_int_equal(p.diag.column, 3);
	assert_string_equal(p.diag.file, "Dockerfile");
}

static void test_L14_unknown_instructions_get_a_suggestion(void **state)
{
	(void)state;
	assert_string_equal(refuse_one(&p, "RUM a"),
			    "unknown instruction: RUM (did you mean RUN?)");
	assert_string_equal(refuse_one(&p, "rum a"),
			    "unknown instruction: rum (did you mean run?)");
	assert_string_equal(refuse_one(&p, "Rum a"),
			    "unknown instruction: Rum (did you mean run?)");
	assert_string_equal(refuse_one(&p, "BOGUS a"), "unknown instruction: BOGUS");
}

static void test_diagnostics_are_not_needed(void **state)
{
	struct dockerfile *file = NULL;
	struct recipe *recipe = NULL;

	(void)state;
	assert_int_equal(dockerfile_parse("x", "", 0, &file, NULL), -EINVAL);
	assert_int_equal(dockerfile_parse("x", "FROM a\nRUN --x", 14, &file, NULL), 0);
	assert_int_equal(recipe_parse(file, &recipe, NULL), -EINVAL);
	assert_null(recipe);
	dockerfile_free(file);
}

static void test_I15_triggers_are_understood_on_their_own(void **state)
{
	struct location where = { .first_line = 7, .last_line = 8 };
	struct trigger *trigger = NULL;
	struct diagnostic diag = { 0 };

	(void)state;
	assert_ok(trigger_parse("RUN --mount=target=/x <<E\na\nE", where, &trigger, &diag),
		  diag.error);
	assert_int_equal(trigger->instruction.keyword, KEYWORD_RUN);
	assert_int_equal(trigger->instruction.statement->where.first_line, 7);
	assert_string_equal(trigger->instruction.run.command.heredocs[0].content, "a\n");
	trigger_free(trigger);
	assert_int_equal(trigger_parse("RUN a\nRUN b", where, &trigger, &diag), -EINVAL);
	assert_string_equal(diag.error.text, "onbuild trigger should be a single expression");
	assert_int_equal(diag.where.first_line, 7);
	assert_int_equal(trigger_parse("COPY a", where, &trigger, &diag), -EINVAL);
	assert_int_equal(trigger_parse("FROM a", where, &trigger, &diag), -EINVAL);
	assert_string_equal(diag.error.text, "FROM isn't allowed as an ONBUILD trigger");
	assert_int_equal(trigger_parse("", where, &trigger, &diag), -EINVAL);
	assert_int_equal(diag.where.last_line, 8);
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
		cmocka_unit_test(test_stages_begin_at_from),
		cmocka_unit_test(test_L15_instructions_need_a_stage),
		cmocka_unit_test(test_I01_stage_names),
		cmocka_unit_test(test_I01_platform_is_kept_as_written),
		cmocka_unit_test(test_I01_of_equal_names_the_last_before_is_meant),
		cmocka_unit_test(test_errors_name_the_line_and_know_the_place),
		cmocka_unit_test(test_L14_unknown_instructions_get_a_suggestion),
		cmocka_unit_test(test_diagnostics_are_not_needed),
		cmocka_unit_test(test_I15_triggers_are_understood_on_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
