/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

static void give(const char *build_arg)
{
	strings_add(&p.build_args, build_arg);
}

/* ---- ARG ---- */

static void test_V01_global_arguments_reach_from_but_no_stage(void **state)
{
	const struct run_work *run = run_of("ARG v=1\nFROM far/away:$v\nRUN x\n");

	(void)state;
	assert_strings(&p.asked, "far/away:1 linux/amd64");
	assert_null(env_of(run, "v"));
	run = run_of("ARG v=1\nFROM far/away:$v\nARG v\nRUN x\n");
	assert_string_equal(env_of(run, "v"), "1");
}

static void test_V01_stage_arguments_do_not_reach_from(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine\nARG image=alpine\nFROM $image\n"),
			    "3: base name ($image) should not be blank");
}

static void test_V02_arguments_hold_from_their_line_on(void **state)
{
	(void)state;
	plan_of("FROM alpine\nCOPY a$v /\nRUN x\nARG v=1\nCOPY b$v /\nRUN y\n");
	assert_strings(&vertex_of("COPY a")->copy.sources, "a");
	assert_strings(&vertex_of("COPY b")->copy.sources, "b1");
	assert_null(env_of(&vertex_of("RUN x")->run, "v"));
	assert_string_equal(env_of(&vertex_of("RUN y")->run, "v"), "1");
}

static void test_V02_stages_inherit_the_arguments_of_their_base(void **state)
{
	const struct run_work *run = run_of("FROM alpine AS a\nARG v=1\nFROM a\nRUN x\n");

	(void)state;
	assert_string_equal(env_of(run, "v"), "1");
	run = run_of("FROM alpine AS a\nARG v=1\nFROM alpine\nRUN x\n");
	assert_null(env_of(run, "v"));
}

static void test_V02_siblings_do_not_see_each_others_variables(void **state)
{
	(void)state;
	plan_of("FROM alpine AS base\nENV a=1\nFROM base AS x\nENV a=2 b=1\nRUN x\n"
		"FROM base AS y\nENV c=1\nRUN y\nFROM scratch\nCOPY --from=x / /\n"
		"COPY --from=y / /\n");
	assert_strings(&vertex_of("RUN x")->run.env, "PATH=/bin|a=2|b=1");
	assert_strings(&vertex_of("RUN y")->run.env, "PATH=/bin|a=1|c=1");
}

static void test_V03_what_is_given_counts_before_defaults(void **state)
{
	const char *text = "ARG v=global\nFROM alpine\nARG v=stage\nRUN x\n";

	(void)state;
	assert_string_equal(env_of(run_of(text), "v"), "stage");
	give("v=given");
	give("v=last");
	assert_string_equal(env_of(run_of(text), "v"), "last");
}

static void test_V03_the_environment_of_the_base_counts_before_its_arguments(void **state)
{
	(void)state;
	assert_string_equal(env_of(run_of("FROM alpine\nARG v=a\nENV v=e\nRUN x\n"), "v"), "e");
	assert_string_equal(
		env_of(run_of("FROM alpine AS b\nENV v=e\nARG v=a\nFROM b\nRUN x\n"), "v"), "e");
	assert_string_equal(env_of(run_of("FROM alpine\nARG v=a\nENV v=${v:-b}c\nRUN x\n"), "v"),
			    "ac");
}

static void test_V13_defaults_see_what_is_in_front_of_them(void **state)
{
	(void)state;
	assert_string_equal(
		env_of(run_of("FROM node\nARG a=$V\nARG b=$a-$c c=1 d=$c\nRUN x\n"), "b"), "20-");
	assert_string_equal(env_of(&vertex_of("RUN")->run, "d"), "1");
	plan_of("ARG a=far\nARG b=$a/away\nFROM ${b}:1\n");
	assert_strings(&p.asked, "far/away:1 linux/amd64");
}

static void test_arguments_without_a_value_are_in_no_environment(void **state)
{
	const struct run_work *run = run_of("FROM alpine\nARG a b=\nRUN x\n");

	(void)state;
	assert_strings(&run->env, "PATH=/bin|b=");
}

static void test_V12_what_tells_a_scanner_is_in_no_environment(void **state)
{
	const struct run_work *run =
		run_of("FROM alpine\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN x\n");

	(void)state;
	assert_strings(&run->env, "PATH=/bin");
	assert_history(config_of(p.plan->target->config),
		       "base\n-ARG BUILDKIT_SBOM_SCAN_STAGE=true\n"
		       "RUN |1 BUILDKIT_SBOM_SCAN_STAGE=true /bin/sh -c x # buildkit\n");
}

static void test_bad_values_are_refused_with_their_line(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("ARG a\nARG b=${a:?gone}\nFROM alpine\n"),
			    "2: failed to process \"${a:?gone}\": a: gone");
	assert_string_equal(refusal_of("FROM alpine\nENV x=1\nENV b=${a:?gone}\n"),
			    "3: failed to process \"${a:?gone}\": a: gone");
	assert_string_equal(refusal_of("FROM alpine\nENV $a=1\n"), "2: ENV names can not be blank");
}

/* ---- ENV ---- */

static void test_V06_values_of_one_line_see_what_was_before_it(void **state)
{
	const struct run_work *run =
		run_of("FROM alpine\nENV a=old\nENV a=new b=$a c=\"$a\" d='$a' e=\\$a\nRUN x\n");

	(void)state;
	assert_strings(&run->env, "PATH=/bin|a=new|b=old|c=old|d=$a|e=$a");
}

static void test_too_many_variables_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	buf_add_string(&text, "FROM alpine\n");
	for (int i = 0; i <= PLAN_VARIABLES_MAX; i++)
		buf_add_format(&text, "ENV v%d=\n", i);
	assert_non_null(strstr(refusal_of(buf_string(&text)), "more than 2048 variables"));
	assert_int_equal(p.diag.error.code, -E2BIG);
}

static void test_variables_that_double_without_end_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	buf_add_string(&text, "FROM alpine\nENV v=0123456789\n");
	for (int i = 0; i < 40; i++)
		buf_add_string(&text, "ENV v=$v$v\n");
	assert_int_equal(try_plan(buf_string(&text)), -E2BIG);
}

/* ---- what is set from outside ---- */

static void test_V11_platform_arguments_are_known_in_front_of_stages(void **state)
{
	const char *text =
		"FROM --platform=$BUILDPLATFORM alpine\nRUN x\n"
		"ARG TARGETPLATFORM TARGETARCH TARGETVARIANT TARGETOS BUILDARCH TARGETSTAGE\n"
		"RUN y\n";
	const struct run_work *run;

	(void)state;
	(void)platform_parse("linux/arm/v7", &p.options.target_platform, NULL);
	p.options.platform_given = true;
	plan_of(text);
	assert_strings(&p.asked, "alpine linux/amd64");
	assert_strings(&vertex_of("RUN x")->run.env, "PATH=/bin");
	run = &vertex_of("RUN y")->run;
	assert_string_equal(env_of(run, "TARGETPLATFORM"), "linux/arm/v7");
	assert_string_equal(env_of(run, "TARGETARCH"), "arm");
	assert_string_equal(env_of(run, "TARGETVARIANT"), "v7");
	assert_string_equal(env_of(run, "TARGETOS"), "linux");
	assert_string_equal(env_of(run, "BUILDARCH"), "amd64");
	assert_string_equal(env_of(run, "TARGETSTAGE"), "default");
	give("TARGETARCH=mine");
	plan_of(text);
	assert_string_equal(env_of(&vertex_of("RUN y")->run, "TARGETARCH"), "mine");
}

static void test_V11_the_name_of_the_target_is_known(void **state)
{
	const char *text = "FROM alpine AS one\nARG TARGETSTAGE\nRUN x\nFROM one AS two\n";

	(void)state;
	assert_string_equal(env_of(run_of(text), "TARGETSTAGE"), "two");
	set_target("one");
	assert_string_equal(env_of(run_of(text), "TARGETSTAGE"), "one");
	set_target("o*");
	assert_string_equal(env_of(run_of(text), "TARGETSTAGE"), "one");
	set_target("*");
	assert_string_equal(env_of(run_of(text), "TARGETSTAGE"), "default");
}

static void test_V10_proxies_are_in_the_environment_but_not_in_the_key(void **state)
{
	const struct run_work *run;

	(void)state;
	give("HTTP_PROXY=http://p");
	give("no_proxy=local");
	give("ftp_proxy=");
	run = run_of("FROM alpine\nARG no_proxy\nRUN x\n");
	assert_strings(&run->env, "PATH=/bin|no_proxy=local");
	assert_strings(&run->hidden_env, "HTTP_PROXY=http://p|http_proxy=http://p|NO_PROXY=local");
	assert_history(
		config_of(p.plan->target->config),
		"base\n-ARG no_proxy=local\nRUN |1 no_proxy=local /bin/sh -c x # buildkit\n");
}

/* ---- directories and users ---- */

static void test_I13_directories_go_from_one_another(void **state)
{
	(void)state;
	plan_of("FROM node\nRUN 0\nWORKDIR sub\nRUN 1\nUSER u\nWORKDIR ../x/./y/\nCOPY a b/\n"
		"WORKDIR /abs/\nRUN 2\n");
	assert_string_equal(vertex_of("RUN 0")->run.cwd, "/app");
	assert_string_equal(vertex_of("RUN 0")->run.user, "node");
	assert_string_equal(vertex_of("RUN 1")->run.cwd, "/app/sub");
	assert_string_equal(vertex_of("WORKDIR sub")->workdir.user, "node");
	assert_string_equal(vertex_of("WORKDIR ../x")->workdir.path, "/app/x/y");
	assert_string_equal(vertex_of("WORKDIR ../x")->workdir.user, "u");
	assert_string_equal(vertex_of("COPY")->copy.destination, "/app/x/y/b");
	assert_string_equal(vertex_of("RUN 2")->run.cwd, "/abs");
	assert_string_equal(vertex_of("RUN 2")->run.user, "u");
	assert_warnings("3: WorkdirRelativePath: Relative workdir \"sub\" can have unexpected "
			"results if the base image changes\n");
}

static void test_I13_going_to_the_root_is_no_vertex(void **state)
{
	(void)state;
	assert_names("FROM scratch\nWORKDIR /\nRUN x\n", "[3/3] RUN x\n");
	assert_history(config_of(p.plan->target->config),
		       "-WORKDIR /\nRUN /bin/sh -c x # buildkit\n");
}

static void test_stages_inherit_directory_user_and_shell(void **state)
{
	const struct run_work *run = run_of("FROM alpine AS a\nWORKDIR /w\nUSER u\n"
					    "SHELL [\"bash\"]\nFROM a AS b\nFROM b\nRUN x\n");

	(void)state;
	assert_string_equal(run->cwd, "/w");
	assert_string_equal(run->user, "u");
	assert_strings(&run->argv, "bash|x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_V01_global_arguments_reach_from_but_no_stage),
		plan_test(test_V01_stage_arguments_do_not_reach_from),
		plan_test(test_V02_arguments_hold_from_their_line_on),
		plan_test(test_V02_stages_inherit_the_arguments_of_their_base),
		plan_test(test_V02_siblings_do_not_see_each_others_variables),
		plan_test(test_V03_what_is_given_counts_before_defaults),
		plan_test(test_V03_the_environment_of_the_base_counts_before_its_arguments),
		plan_test(test_V13_defaults_see_what_is_in_front_of_them),
		plan_test(test_arguments_without_a_value_are_in_no_environment),
		plan_test(test_V12_what_tells_a_scanner_is_in_no_environment),
		plan_test(test_bad_values_are_refused_with_their_line),
		plan_test(test_V06_values_of_one_line_see_what_was_before_it),
		plan_test(test_too_many_variables_are_refused),
		plan_test(test_variables_that_double_without_end_are_refused),
		plan_test(test_V11_platform_arguments_are_known_in_front_of_stages),
		plan_test(test_V11_the_name_of_the_target_is_known),
		plan_test(test_V10_proxies_are_in_the_environment_but_not_in_the_key),
		plan_test(test_I13_directories_go_from_one_another),
		plan_test(test_I13_going_to_the_root_is_no_vertex),
		plan_test(test_stages_inherit_directory_user_and_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
