/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "tests/unit/builder/plan/planning.h"

#define FINDINGS "FROM alpine\nWORKDIR a\nEXPOSE 80/TCP 1:2\n"

#define WORKDIR_FOUND                                                                     \
	"WorkdirRelativePath: Relative workdir \"a\" can have unexpected results if the " \
	"base image changes\n"
#define FORMAT_FOUND                                                                            \
	"ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port " \
	"mapping, found '1:2'\n"
#define CASE_FOUND \
	"ExposeProtoCasing: Defined protocol '80/TCP' in EXPOSE instruction should be lowercase\n"

static void test_rules_are_on_unless_skipped(void **state)
{
	(void)state;
	plan_of(FINDINGS);
	assert_warnings("2: " WORKDIR_FOUND "3: " FORMAT_FOUND "3: " CASE_FOUND);
	plan_of("# check=skip=ExposeInvalidFormat,exposeprotocasing\n" FINDINGS);
	assert_warnings("3: " WORKDIR_FOUND);
	plan_of("# check=skip=all\n" FINDINGS);
	assert_warnings("");
}

static void test_a_comment_skips_a_rule_for_one_instruction(void **state)
{
	(void)state;
	plan_of("FROM alpine AS x\n# check=skip=WorkdirRelativePath\nWORKDIR a\nFROM alpine\n"
		"COPY --from=x / /\nWORKDIR a\n");
	assert_warnings("6: " WORKDIR_FOUND);
}

static void test_a_build_argument_counts_before_the_directive(void **state)
{
	(void)state;
	strings_add(&p.build_args, "BUILDKIT_DOCKERFILE_CHECK=skip=WorkdirRelativePath");
	plan_of("# check=skip=all\nFROM alpine\nWORKDIR a\nEXPOSE 1:2\n");
	assert_warnings("4: " FORMAT_FOUND);
}

static void test_a_frontend_that_is_not_built_in_is_remarked_on(void **state)
{
	static const char *const known[] = { "docker/dockerfile", "docker/dockerfile:1.7",
					     "docker.io/docker/dockerfile@sha256:0",
					     "docker/dockerfile-upstream:master" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		snprintf(text, sizeof text, "# syntax=%s\nFROM alpine\n", known[i]);
		plan_of(text);
		assert_warnings("");
	}
	plan_of("# syntax=docker/dockerfiles\nFROM alpine\n");
	assert_warnings("1: frontend 'docker/dockerfiles' is not used: this is read as "
			"docker/dockerfile\n");
	strings_add(&p.build_args, "BUILDKIT_SYNTAX=dockerfile.v0");
	plan_of("# syntax=docker/dockerfiles\nFROM alpine\n");
	assert_warnings("");
}

static void test_what_is_found_may_be_an_error(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("# check=error=true\n" FINDINGS),
			    "3: lint violation found for rules: ExposeInvalidFormat, "
			    "ExposeProtoCasing, WorkdirRelativePath");
	plan_of("# check=skip=all;error=true\n" FINDINGS);
	plan_of("# check=error=true\nFROM alpine\nRUN x\n");
}

static void test_options_that_cannot_be_understood_are_refused(void **state)
{
	(void)state;
	assert_int_equal(try_plan("# check=nonsense\nFROM alpine\n"), -EINVAL);
	assert_int_equal(p.diag.where.first_line, 1);
}

/* What the whole check says, "LINE: RULE: TEXT", one a line. */
static void assert_found(const char *text, const char *found)
{
	(void)try_plan(text);
	lint_file(p.lint, p.parsed.file, p.parsed.recipe, (struct location){ 0 });
	assert_warnings(found);
}

static void test_letters_of_stages_and_keywords(void **state)
{
	(void)state;
	assert_found("FROM alpine AS Base\nfrom alpine as b\nFROM alpine as c\nFROM alpine\n",
		     "1: StageNameCasing: Stage name 'Base' should be lowercase\n"
		     "2: ConsistentInstructionCasing: Command 'from' should match the case of the "
		     "command majority (uppercase)\n"
		     "3: FromAsCasing: 'as' and 'FROM' keywords' casing do not match\n");
	assert_found("from alpine\nrun x\nUser y\n",
		     "3: ConsistentInstructionCasing: Command 'User' should match the case of the "
		     "command majority (lowercase)\n");
}

static void test_names_of_stages(void **state)
{
	(void)state;
	assert_found("FROM alpine AS a\nFROM alpine AS context\nFROM alpine AS a\n",
		     "2: ReservedStageName: Stage name should not use the same name as reserved "
		     "stage \"context\"\n"
		     "3: DuplicateStageName: Duplicate stage name \"a\", stage names should be "
		     "unique\n");
}

static void test_an_empty_line_inside_an_instruction(void **state)
{
	(void)state;
	assert_found("FROM alpine\nRUN a \\\n\n  b\n",
		     "4: NoEmptyContinuation: Empty continuation line\n");
}

#define TWICE(name)                                      \
	"MultipleInstructionsDisallowed: Multiple " name \
	" instructions should not be used in the "       \
	"same stage because only the last one will be used\n"

static void test_commands_that_do_not_count_are_shown(void **state)
{
	(void)state;
	assert_found("FROM alpine\nCMD [\"a\"]\nENTRYPOINT [\"a\"]\nHEALTHCHECK NONE\n"
		     "CMD [\"b\"]\nENTRYPOINT [\"b\"]\nHEALTHCHECK NONE\nCMD [\"c\"]\n",
		     "2: " TWICE("CMD") "3: " TWICE("ENTRYPOINT") "4: " TWICE(
			     "HEALTHCHECK") "5: " TWICE("CMD"));
	assert_found("FROM alpine AS a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]\n", "");
}

static void test_a_shell_in_front_of_a_program(void **state)
{
	(void)state;
	assert_found("FROM alpine\nCMD a\n",
		     "2: JSONArgsRecommended: JSON arguments recommended for CMD to prevent "
		     "unintended behavior related to OS signals\n");
	assert_found("FROM node\nENTRYPOINT a\n", "");
	assert_found("FROM alpine\nSHELL [\"a\"]\nENTRYPOINT a\n", "");
}

static void test_variables_that_nothing_sets(void **state)
{
	(void)state;
	assert_found("FROM alpine\nCOPY $foo /\nARG foo\nCOPY $foo /\n",
		     "2: UndefinedVar: Usage of undefined variable '$foo'\n");
	assert_found("FROM alpine\nARG DIR_ASSETS=x\nARG DIR_OTHER\nCOPY $DIR_ASSET $DIR_OTHER/\n",
		     "4: UndefinedVar: Usage of undefined variable '$DIR_ASSET' (did you mean "
		     "$DIR_ASSETS?)\n");
	assert_found(
		"FROM alpine\nENV PATH=$PAHT:/x\n",
		"2: UndefinedVar: Usage of undefined variable '$PAHT' (did you mean $PATH?)\n");
	/* One that has something to fall back on is none that is set. */
	assert_found("FROM alpine\nUSER ${b:-c}\n",
		     "2: UndefinedVar: Usage of undefined variable '$b'\n");
	assert_found("FROM alpine\nENV fooo=$foo\n",
		     "2: UndefinedVar: Usage of undefined variable '$foo'\n");
	assert_found("FROM alpine\nRUN --mount=type=cache,target=/x,id=$id true\n",
		     "2: UndefinedVar: Usage of undefined variable '$id'\n");
	assert_found("FROM alpine AS a\nARG x=1\nENV y=1\nFROM a\nLABEL x=$x y=$y v=$nothing\n",
		     "5: UndefinedVar: Usage of undefined variable '$nothing'\n");
}

static void test_only_stages_that_are_needed_are_looked_at_unless_all_are(void **state)
{
	(void)state;
	assert_found("FROM alpine AS a\nUSER $x\nFROM alpine\nUSER $y\n",
		     "4: UndefinedVar: Usage of undefined variable '$y'\n");
	p.options.all_stages = true;
	assert_found("FROM alpine AS a\nUSER $x\nFROM alpine\nUSER $y\n",
		     "2: UndefinedVar: Usage of undefined variable '$x'\n"
		     "4: UndefinedVar: Usage of undefined variable '$y'\n");
	p.options.all_stages = false;
	set_target("a");
	assert_found("FROM alpine AS a\nUSER $x\nFROM alpine\nUSER $y\n",
		     "2: UndefinedVar: Usage of undefined variable '$x'\n");
}

static void test_arguments_that_from_names(void **state)
{
	(void)state;
	assert_found("ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} alpine\n",
		     "2: UndefinedArgInFrom: FROM argument 'MYARCH' is not declared (did you mean "
		     "MY_ARCH?)\n");
	assert_found("ARG tag\nFROM alpine${tag}${version} AS b\n",
		     "2: UndefinedArgInFrom: FROM argument 'version' is not declared\n");
	assert_found("ARG img\nFROM $img\n",
		     "2: InvalidDefaultArgInFrom: Default value for ARG $img results in empty or "
		     "invalid base image name\n");
	strings_add(&p.build_args, "img=alpine");
	assert_found("ARG img\nFROM $img\n",
		     "2: InvalidDefaultArgInFrom: Default value for ARG $img results in empty or "
		     "invalid base image name\n");
	assert_found("ARG img=tool\nFROM $img AS x\nFROM X\n", "");
}

static void test_platforms_that_from_names(void **state)
{
	(void)state;
	assert_found("FROM --platform=$TARGETPLATFORM alpine\n",
		     "1: RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM "
		     "in FROM is redundant as this is the default behavior\n");
	assert_found("FROM --platform=$BUILDPLATFORM alpine\n", "");
	assert_found("FROM --platform=linux/amd64 alpine\n",
		     "1: FromPlatformFlagConstDisallowed: FROM --platform flag should not use "
		     "constant value \"linux/amd64\"\n");
	assert_found("FROM --platform=linux/amd64 alpine AS for-amd64\n", "");
}

static void test_old_forms(void **state)
{
	(void)state;
	assert_found("FROM alpine\nENV a b\nLABEL c d\nMAINTAINER e\n",
		     "2: LegacyKeyValueFormat: \"ENV key=value\" should be used instead of legacy "
		     "\"ENV key value\" format\n"
		     "3: LegacyKeyValueFormat: \"LABEL key=value\" should be used instead of "
		     "legacy \"LABEL key value\" format\n"
		     "4: MaintainerDeprecated: Maintainer instruction is deprecated in favor of "
		     "using label\n");
}

#define SECRET(what) \
	"SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (" what ")\n"

static void test_names_that_sound_secret(void **state)
{
	(void)state;
	assert_found("FROM alpine\nARG GITHUB_TOKEN monkey AUTHOR\nENV Api_Key=x KEY_FILE=y\n",
		     "2: " SECRET("ARG \"GITHUB_TOKEN\"") "3: " SECRET("ENV \"Api_Key\""));
}

static void test_experimental_rules_are_asked_for(void **state)
{
	(void)state;
	assert_found("# nothing of it\nFROM alpine AS a\n", "");
	assert_found("# check=experimental=all\n\n# nothing of it\nFROM alpine AS a\n"
		     "# x is this\nARG x\n# and this?\nARG y z\n# free\nUSER x\n",
		     "4: InvalidDefinitionDescription: Comment for FROM should follow the format: "
		     "`# a <description>`\n"
		     "8: InvalidDefinitionDescription: Comment for ARG should follow the format: "
		     "`# <arg_key> <description>`\n");
}

/* Leaves out "gone" and what is in it. */
static bool is_gone(const struct plan_ignore *ignore, const char *path)
{
	(void)ignore;
	return strcmp(path, "gone") == 0 || strncmp(path, "gone/", 5) == 0;
}

static void test_X07_files_that_are_ignored(void **state)
{
	struct plan_ignore ignore = { .matches = is_gone };

	(void)state;
	p.options.ignore = &ignore;
	assert_found("FROM alpine AS a\nCOPY . /\nFROM alpine\nCOPY --from=a gone /\n", "");
	assert_found("FROM alpine\nCOPY gone/x there /\nADD /a/../gone http://h/gone /\nCOPY . /\n",
		     "2: CopyIgnoredFile: Attempting to Copy file \"gone/x\" that is excluded by "
		     ".dockerignore\n"
		     "3: CopyIgnoredFile: Attempting to Add file \"gone\" that is excluded by "
		     ".dockerignore\n");
}

static void test_what_was_found_is_there_when_the_rest_is_wrong(void **state)
{
	struct diagnostic diag = { 0 };
	struct dockerfile *file;
	struct recipe *recipe;
	const char *text = "FROM x\nMAINTAINER a\nBAD\nMAINTAINER b\n";

	(void)state;
	assert_ok(dockerfile_parse("Dockerfile", text, strlen(text), &file, &diag), diag.error);
	assert_ok(lint_open(file, NULL, &p.lint, &diag), diag.error);
	assert_int_equal(recipe_parse(file, &recipe, &diag), -EINVAL);
	lint_file(p.lint, file, NULL, diag.where);
	assert_warnings("2: MaintainerDeprecated: Maintainer instruction is deprecated in favor of "
			"using label\n");
	dockerfile_free(file);
}

static void test_every_rule_has_a_name_and_a_reason(void **state)
{
	(void)state;
	for (int i = 0; i < LINT_RULE_COUNT; i++) {
		const struct lint_rule_facts *rule = lint_rule_facts((enum lint_rule)i);

		assert_non_null(rule->name);
		assert_non_null(rule->reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_rules_are_on_unless_skipped),
		plan_test(test_a_comment_skips_a_rule_for_one_instruction),
		plan_test(test_a_build_argument_counts_before_the_directive),
		plan_test(test_a_frontend_that_is_not_built_in_is_remarked_on),
		plan_test(test_what_is_found_may_be_an_error),
		plan_test(test_options_that_cannot_be_understood_are_refused),
		plan_test(test_letters_of_stages_and_keywords),
		plan_test(test_names_of_stages),
		plan_test(test_an_empty_line_inside_an_instruction),
		plan_test(test_commands_that_do_not_count_are_shown),
		plan_test(test_a_shell_in_front_of_a_program),
		plan_test(test_variables_that_nothing_sets),
		plan_test(test_only_stages_that_are_needed_are_looked_at_unless_all_are),
		plan_test(test_arguments_that_from_names),
		plan_test(test_platforms_that_from_names),
		plan_test(test_old_forms),
		plan_test(test_names_that_sound_secret),
		plan_test(test_experimental_rules_are_asked_for),
		plan_test(test_X07_files_that_are_ignored),
		plan_test(test_what_was_found_is_there_when_the_rest_is_wrong),
		plan_test(test_every_rule_has_a_name_and_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
