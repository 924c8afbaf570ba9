/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

/* ---- configurations ---- */

static void test_an_image_from_scratch_has_a_path_and_a_directory(void **state)
{
	const struct config *config = image_of("FROM scratch\nCOPY a /\n");

	(void)state;
	assert_strings(&config->env,
		       "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	assert_string_equal(config->working_dir, "/");
	assert_string_equal(config->platform.os, "linux");
	assert_string_equal(config->platform.architecture, "amd64");
	assert_int_equal(config->diff_id_count, 0);
	assert_history(config, "COPY a / # buildkit\n");
}

static void test_what_the_base_says_is_kept(void **state)
{
	const struct config *config = image_of("FROM node\n");

	(void)state;
	assert_strings(&config->env, "PATH=/node|V=20");
	assert_string_equal(config->user, "node");
	assert_string_equal(config->working_dir, "/app");
	assert_strings(&config->shell, "/bin/bash|-c");
	assert_int_equal(config->diff_id_count, 1);
	assert_history(config, "base\n");
	assert_null(config->created);
}

static void test_a_base_without_a_path_gets_one(void **state)
{
	(void)state;
	assert_non_null(strings_env_get(&image_of("FROM tool\n")->env, "PATH"));
}

static void test_I08_env_replaces_in_place(void **state)
{
	(void)state;
	assert_strings(&image_of("FROM node\nENV A=1 PATH=/new\nENV V=21 B=\"x y\"\n")->env,
		       "PATH=/new|V=21|A=1|B=x y");
}

static void test_I04_the_last_command_wins(void **state)
{
	const struct config *config = image_of("FROM alpine\nCMD a b\nCMD [\"c\", \"d e\"]\n");

	(void)state;
	assert_strings(&config->cmd, "c|d e");
	assert_true(config->args_escaped);
	assert_history(config, "base\n-CMD [\"/bin/sh\" \"-c\" \"a b\"]\n-CMD [\"c\" \"d e\"]\n");
}

static void test_I05_an_entrypoint_takes_the_command_of_the_base_away(void **state)
{
	const struct config *config;

	(void)state;
	config = image_of("FROM alpine\nENTRYPOINT [\"e\"]\n");
	assert_strings(&config->entrypoint, "e");
	assert_int_equal(config->cmd.count, 0);
	assert_strings(&image_of("FROM alpine\nCMD c\nENTRYPOINT e\n")->cmd, "/bin/sh|-c|c");
	assert_int_equal(image_of("FROM alpine AS a\nCMD c\nFROM a\nENTRYPOINT e\n")->cmd.count, 0);
}

static void test_I18_the_shell_is_in_front_of_what_follows(void **state)
{
	const struct config *config = image_of(
		"FROM alpine\nCMD a\nSHELL [\"/bin/bash\", \"-ec\"]\nENTRYPOINT b\nRUN c\n");

	(void)state;
	assert_strings(&config->cmd, "/bin/sh|-c|a");
	assert_strings(&config->entrypoint, "/bin/bash|-ec|b");
	assert_strings(&config->shell, "/bin/bash|-ec");
	assert_strings(&vertex_of("RUN")->run.argv, "/bin/bash|-ec|c");
	assert_strings(&run_of("FROM node\nRUN x\n")->argv, "/bin/bash|-c|x");
}

static void test_I07_ports_are_a_set_and_ranges_are_spelled_out(void **state)
{
	const struct config *config =
		image_of("FROM alpine\nENV p=\"90 91/UDP\"\nEXPOSE 80 443/tcp $p\nEXPOSE 80-82\n");

	(void)state;
	assert_strings(&config->exposed_ports, "443/tcp|80/tcp|81/tcp|82/tcp|90/tcp|91/udp");
	assert_warnings("3: ExposeProtoCasing: Defined protocol '91/UDP' in EXPOSE instruction "
			"should be lowercase\n");
}

static void test_I11_volumes_are_a_set(void **state)
{
	const struct config *config =
		image_of("FROM alpine\nARG d=/data\nVOLUME /b $d\nVOLUME [\"/b\"]\n");

	(void)state;
	assert_strings(&config->volumes, "/b|/data");
	assert_history(config, "base\n-ARG d=/data\n-VOLUME [/b /data]\n-VOLUME [/b]\n");
	assert_string_equal(refusal_of("FROM alpine\nVOLUME $nothing\n"),
			    "2: VOLUME specified can not be an empty string");
}

static void test_metadata_is_written_down(void **state)
{
	const struct config *config =
		image_of("FROM alpine\nARG who=me\nUSER $who:users\nSTOPSIGNAL SIGINT\n"
			 "MAINTAINER $who <a@b>\nLABEL a=$who \"b c\"='$who'\n");

	(void)state;
	assert_string_equal(config->user, "me:users");
	assert_string_equal(config->stop_signal, "SIGINT");
	assert_string_equal(config->author, "$who <a@b>");
	assert_string_equal(string_map_get(&config->labels, "a"), "me");
	assert_string_equal(string_map_get(&config->labels, "b c"), "$who");
	assert_history(config, "base\n-ARG who=me\n-USER me:users\n-STOPSIGNAL SIGINT\n"
			       "-MAINTAINER $who <a@b>\n-LABEL a=me b c=$who\n");
}

static void test_I17_health_checks(void **state)
{
	const struct config *config =
		image_of("FROM alpine\nHEALTHCHECK --interval=1m30s --retries=2 CMD curl $x\n");

	(void)state;
	assert_true(config->has_healthcheck);
	assert_strings(&config->healthcheck.test, "CMD-SHELL|curl $x");
	assert_int_equal(config->healthcheck.interval, INT64_C(90000000000));
	assert_int_equal(config->healthcheck.retries, 2);
	assert_history(config, "base\n-HEALTHCHECK {Test:[CMD-SHELL curl $x] Interval:1m30s "
			       "Timeout:0s StartPeriod:0s StartInterval:0s Retries:2}\n");
	assert_strings(&image_of("FROM alpine\nHEALTHCHECK NONE\n")->healthcheck.test, "NONE");
}

static void test_I16_signals_are_checked(void **state)
{
	(void)state;
	assert_string_equal(image_of("FROM alpine\nSTOPSIGNAL 9\n")->stop_signal, "9");
	image_of("FROM alpine\nSTOPSIGNAL rtmin+15\nSTOPSIGNAL sigquit\nSTOPSIGNAL RTMAX-1\n");
	assert_string_equal(refusal_of("FROM alpine\nSTOPSIGNAL SIGNONE\n"),
			    "2: invalid signal: SIGNONE");
	assert_string_equal(refusal_of("FROM alpine\nSTOPSIGNAL 0\n"), "2: invalid signal: 0");
	assert_string_equal(refusal_of("FROM alpine\nSTOPSIGNAL RTMIN+16\n"),
			    "2: invalid signal: RTMIN+16");
}

static void test_I15_triggers_are_kept_for_others_and_not_inherited(void **state)
{
	const char *text = "FROM alpine AS a\nONBUILD RUN x $y\nONBUILD COPY <<E /f\nbody\nE\n"
			   "FROM a\n";

	(void)state;
	set_target("a");
	assert_strings(&image_of(text)->onbuild, "RUN x $y|COPY <<E /f\nbody\nE");
	assert_history(&p.config, "base\n");
	set_target(NULL);
	assert_int_equal(image_of(text)->onbuild.count, 0);
	assert_int_equal(image_of("FROM trigger\n")->onbuild.count, 0);
}

/* ---- history ---- */

static void test_I20_history_tells_of_every_instruction(void **state)
{
	const struct config *config = image_of(
		"FROM alpine\nARG a=1 b\nENV e=x\nRUN make $a\nCOPY --chown=1:2 s t /d/\n"
		"WORKDIR /w\nWORKDIR sub\nWORKDIR /\nRUN [\"ls\", \"-l\"]\nSHELL [\"s\"]\n");

	(void)state;
	assert_history(config, "base\n-ARG a=1 b\n-ENV e=x\n"
			       "RUN |2 a=1 b= /bin/sh -c make $a # buildkit\n"
			       "COPY --chown=1:2 s t /d/ # buildkit\nWORKDIR /w\nWORKDIR /w/sub\n"
			       "-WORKDIR /\nRUN |2 a=1 b= ls -l # buildkit\n-SHELL [s]\n");
	assert_string_equal(config->history[3].comment, "buildkit.dockerfile.v0");
	assert_null(config->history[3].created);
}

static void test_layers_of_the_history_are_the_vertices(void **state)
{
	const struct plan *plan = plan_of("FROM node AS a\nRUN 1\nWORKDIR /\nWORKDIR x\nENV a=b\n"
					  "FROM a\nCOPY x y\nADD z /\nCMD c\n");

	(void)state;
	assert_int_equal(config_history_layers(config_of(plan->target->config)),
			 plan->vertex_count);
}

static void test_vertices_have_the_configuration_up_to_them(void **state)
{
	(void)state;
	plan_of("FROM alpine\nENV a=1\nRUN x\nENV b=2\nWORKDIR /w\nENV c=3\n");
	assert_history(config_of(vertex_of("RUN")->config),
		       "base\n-ENV a=1\nRUN /bin/sh -c x # buildkit\n");
	assert_strings(&p.config.env, "PATH=/bin|a=1");
	config_of(vertex_of("WORKDIR")->config);
	assert_strings(&p.config.env, "PATH=/bin|a=1|b=2");
	assert_string_equal(p.config.working_dir, "/w");
	assert_history(config_of(vertex_of("FROM")->config), "base\n");
}

/* ---- what the options say ---- */

static void test_I06_labels_of_the_options_are_the_targets_alone(void **state)
{
	const struct plan *plan;

	(void)state;
	strings_add(&p.labels, "a=new=1");
	strings_add(&p.labels, "empty");
	plan = plan_of("FROM alpine AS x\nLABEL a=old\nRUN x\nFROM x\n");
	config_of(plan->target->config);
	assert_string_equal(string_map_get(&p.config.labels, "a"), "new=1");
	assert_string_equal(string_map_get(&p.config.labels, "empty"), "");
	config_of(plan->stages[0].config);
	assert_string_equal(string_map_get(&p.config.labels, "a"), "old");
}

static void test_a_platform_that_was_chosen_is_written_down(void **state)
{
	(void)state;
	(void)platform_parse("linux/arm/v6", &p.options.target_platform, NULL);
	assert_string_equal(image_of("FROM alpine\n")->platform.architecture, "amd64");
	p.options.platform_given = true;
	assert_string_equal(image_of("FROM alpine\n")->platform.architecture, "arm");
	assert_string_equal(p.config.platform.variant, "v6");
	assert_warnings("1: InvalidBaseImagePlatform: Base image alpine was pulled with platform "
			"\"linux/amd64\", expected \"linux/arm/v6\" for current build\n");
}

static void test_O11_times_come_from_source_date_epoch(void **state)
{
	const char *text = "FROM alpine\nRUN x\n";

	(void)state;
	strings_add(&p.build_args, "SOURCE_DATE_EPOCH=1600000000");
	assert_string_equal(plan_of(text)->created, "2020-09-13T12:26:40Z");
	config_of(p.plan->target->config);
	assert_string_equal(p.config.created, "2020-09-13T12:26:40Z");
	assert_string_equal(p.config.history[1].created, "2020-09-13T12:26:40Z");
	assert_null(p.config.history[0].created);
	p.options.created = "2001-01-01T00:00:00Z";
	assert_string_equal(plan_of(text)->created, "2001-01-01T00:00:00Z");
}

static void test_O11_a_global_argument_may_set_the_time(void **state)
{
	(void)state;
	assert_string_equal(plan_of("ARG SOURCE_DATE_EPOCH=0\nFROM alpine\n")->created,
			    "1970-01-01T00:00:00Z");
	assert_null(plan_of("ARG SOURCE_DATE_EPOCH=\nFROM alpine\n")->created);
	assert_null(plan_of("FROM alpine\nARG SOURCE_DATE_EPOCH=0\n")->created);
}

static void test_O11_times_that_are_no_numbers_are_refused(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine AS b\nARG x\n"
				       "FROM missing\n"),
			    "3: there is no image 'missing'");
	assert_string_equal(refusal_of("ARG a\nARG SOURCE_DATE_EPOCH=soon\nFROM alpine\n"),
			    "2: invalid SOURCE_DATE_EPOCH: \"soon\"");
	assert_string_equal(refusal_of("ARG SOURCE_DATE_EPOCH=99999999999\nFROM alpine\n"),
			    "1: invalid SOURCE_DATE_EPOCH: \"99999999999\" is out of range");
	assert_string_equal(refusal_of("ARG SOURCE_DATE_EPOCH=context\nFROM alpine\n"),
			    "1: SOURCE_DATE_EPOCH: the time of \"context\" cannot be looked up; "
			    "give seconds since 1970");
	assert_int_equal(p.diag.error.code, -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_an_image_from_scratch_has_a_path_and_a_directory),
		plan_test(test_what_the_base_says_is_kept),
		plan_test(test_a_base_without_a_path_gets_one),
		plan_test(test_I08_env_replaces_in_place),
		plan_test(test_I04_the_last_command_wins),
		plan_test(test_I05_an_entrypoint_takes_the_command_of_the_base_away),
		plan_test(test_I18_the_shell_is_in_front_of_what_follows),
		plan_test(test_I07_ports_are_a_set_and_ranges_are_spelled_out),
		plan_test(test_I11_volumes_are_a_set),
		plan_test(test_metadata_is_written_down),
		plan_test(test_I17_health_checks),
		plan_test(test_I16_signals_are_checked),
		plan_test(test_I15_triggers_are_kept_for_others_and_not_inherited),
		plan_test(test_I20_history_tells_of_every_instruction),
		plan_test(test_layers_of_the_history_are_the_vertices),
		plan_test(test_vertices_have_the_configuration_up_to_them),
		plan_test(test_I06_labels_of_the_options_are_the_targets_alone),
		plan_test(test_a_platform_that_was_chosen_is_written_down),
		plan_test(test_O11_times_come_from_source_date_epoch),
		plan_test(test_O11_a_global_argument_may_set_the_time),
		plan_test(test_O11_times_that_are_no_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
