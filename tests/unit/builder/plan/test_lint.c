/* SPDX-License-Identifier: Apache-2.0 */
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

static void test_what_is_found_may_be_an_error(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("# check=error=true\n" FINDINGS),
			    "0: lint violation found for rules: ExposeInvalidFormat, "
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_rules_are_on_unless_skipped),
		plan_test(test_a_comment_skips_a_rule_for_one_instruction),
		plan_test(test_a_build_argument_counts_before_the_directive),
		plan_test(test_what_is_found_may_be_an_error),
		plan_test(test_options_that_cannot_be_understood_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
