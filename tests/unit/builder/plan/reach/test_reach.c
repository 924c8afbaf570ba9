/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

static void put_directory(size_t at, const char *name)
{
	p.contexts[at] = (struct plan_context){ .name = name, .kind = PLAN_CONTEXT_DIRECTORY };
	p.options.context_count = at + 1;
}

static void put_image(size_t at, const char *name, const char *image)
{
	p.contexts[at] =
		(struct plan_context){ .name = name, .kind = PLAN_CONTEXT_IMAGE, .image = image };
	p.options.context_count = at + 1;
}

/* ---- FROM ---- */

static void test_I01_names_of_bases_are_checked_in_all_stages(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("ARG none\nFROM $none\nFROM alpine\n"),
			    "2: base name ($none) should not be blank");
	assert_non_null(strstr(refusal_of("FROM Alpine:x:y\nFROM alpine\n"),
			       "1: failed to parse stage name \"Alpine:x:y\""));
}

static void test_I01_a_later_stage_is_no_base(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM later\nRUN x\nFROM alpine AS later\nFROM alpine\n"
				       "COPY --from=0 / /\n"),
			    "1: there is no image 'later'");
}

static void test_I01_platforms_are_checked(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM --platform=$BUILDPLATFROM alpine\n"),
			    "1: empty platform value from expression $BUILDPLATFROM (did you mean "
			    "BUILDPLATFORM?)");
	assert_non_null(strstr(refusal_of("FROM --platform=a/b/c/d alpine\n"),
			       "1: failed to parse platform a/b/c/d"));
}

static void test_I01_stages_go_on_with_the_platform_of_their_base(void **state)
{
	const struct plan *plan =
		plan_of("FROM --platform=linux/arm64 alpine AS a\nFROM a AS b\nFROM b\nRUN x\n");

	(void)state;
	assert_string_equal(plan->stages[2].platform.architecture, "arm64");
	assert_string_equal(p.asked.items[0], "alpine linux/arm64");
}

/* ---- --from ---- */

static void test_I02_stages_in_circles_are_refused(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine AS a\nCOPY --from=b / /\n"
				       "FROM alpine AS b\nCOPY --from=a / /\nFROM alpine\n"),
			    "2: circular dependency detected on stage: a");
	assert_string_equal(refusal_of("FROM alpine AS a\nRUN x\nCOPY --from=a / /\n"),
			    "3: circular dependency detected on stage: a");
	assert_int_equal(p.diag.error.code, -EINVAL);
}

static void test_I02_later_stages_are_refused_where_they_are_needed(void **state)
{
	const char *copy = "FROM alpine AS a\nCOPY --from=b / /\nFROM alpine AS b\n"
			   "FROM alpine AS c\n";
	const char *mount = "FROM alpine AS a\nRUN --mount=from=1,target=/m x\n"
			    "FROM alpine AS b\nFROM alpine AS c\n";

	(void)state;
	plan_of(copy);
	set_target("a");
	assert_string_equal(
		refusal_of(copy),
		"2: cannot copy from stage \"b\", it needs to be defined before current "
		"stage \"a\"");
	assert_string_equal(refusal_of(mount), "2: cannot mount from stage \"1\" to \"/m\", stage "
					       "needs to be defined before current command");
}

static void test_K09_numbers_and_names_that_mean_nothing_are_refused(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine\nCOPY --from=3 / /\n"),
			    "2: invalid stage index 3");
	assert_non_null(strstr(refusal_of("FROM alpine\nCOPY --from=A/B / /\n"),
			       "2: failed to parse stage name \"A/B\": invalid reference format"));
	assert_string_equal(refusal_of("FROM alpine\nCOPY --from=cache: / /\n"),
			    "2: --from=cache: needs the id of a cache");
}

static void test_V08_variables_mean_nothing_behind_from(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine\nARG s=tool\nCOPY --from=$s / /\n"),
			    "3: variable expansion is not supported for --from, define a new stage "
			    "with FROM using ARG from global scope as a workaround");
}

static void test_V08_a_stage_may_stand_for_a_variable(void **state)
{
	(void)state;
	plan_of("ARG s=tool\nFROM $s AS files\nFROM alpine\nCOPY --from=files / /\n");
	assert_string_equal(vertex_of("COPY")->copy.source.vertex->base.reference, "tool");
}

static void test_stages_are_needed_through_mounts_too(void **state)
{
	const struct plan *plan = plan_of("FROM alpine AS a\nRUN a\nFROM alpine AS b\nRUN b\n"
					  "FROM alpine\nRUN --mount=from=a,target=/a x\n");

	(void)state;
	assert_true(plan->stages[0].needed);
	assert_false(plan->stages[1].needed);
}

/* ---- ONBUILD ---- */

static void test_I15_triggers_of_images_come_right_behind_from(void **state)
{
	(void)state;
	assert_names("FROM trigger AS a\nRUN mine\n",
		     "[a 1/4] FROM docker.io/trigger\nFROM docker.io/tool\n"
		     "[a 2/4] ONBUILD COPY --from=tool /t /t\n[a 3/4] ONBUILD RUN make 1\n"
		     "[a 4/4] RUN mine\n");
	assert_int_equal(p.plan->vertices[2]->where.first_line, 1);
	assert_history(config_of(p.plan->target->config),
		       "base\n-ARG from_base=1\nCOPY /t /t # buildkit\n"
		       "RUN |1 from_base=1 /bin/sh -c make $from_base # buildkit\n"
		       "RUN |1 from_base=1 /bin/sh -c mine # buildkit\n");
}

static void test_I15_triggers_may_name_stages(void **state)
{
	(void)state;
	plan_of("FROM busybox AS tool\nRUN tool\nFROM trigger\n");
	assert_ptr_equal(vertex_of("ONBUILD COPY")->copy.source.vertex, vertex_of("RUN tool"));
	assert_strings(&p.asked, "trigger linux/amd64|busybox linux/amd64");
}

static void test_I15_triggers_of_stages_fire_once(void **state)
{
	(void)state;
	assert_names("FROM scratch AS a\nONBUILD RUN x\nRUN a\nFROM a AS b\nRUN b\nFROM b\nRUN c\n",
		     "[a 2/2] RUN a\n[b 2/3] ONBUILD RUN x\n[b 3/3] RUN b\n[stage-2 2/2] RUN c\n");
}

static void test_I15_bad_triggers_are_refused_at_the_from(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine AS a\nFROM broken-trigger\n"),
			    "2: FROM isn't allowed as an ONBUILD trigger");
}

/* ---- --build-context ---- */

static void test_contexts_stand_for_images(void **state)
{
	(void)state;
	put_image(0, "docker.io/library/alpine:latest", "busybox");
	put_directory(1, "files");
	plan_of("FROM alpine\nCOPY --from=files a /\nRUN --mount=from=files,target=/f x\n");
	assert_strings(&p.asked, "busybox linux/amd64");
	assert_int_equal(vertex_of("COPY")->copy.source.kind, SOURCE_NAMED);
	assert_string_equal(vertex_of("COPY")->copy.source.name, "files");
	assert_int_equal(vertex_of("RUN")->run.mounts[0].source.kind, SOURCE_NAMED);
	assert_int_equal(p.plan->vertex_count, 3);
}

static void test_contexts_stand_for_whole_stages(void **state)
{
	const char *text = "FROM missing AS base\nRUN never\nFROM base\nRUN x\n"
			   "COPY --from=base a /\n";

	(void)state;
	put_image(0, "base", "node");
	plan_of(text);
	assert_strings(&p.asked, "node linux/amd64");
	assert_string_equal(vertex_of("RUN x")->run.cwd, "/app");
	assert_ptr_equal(vertex_of("RUN x")->parent, p.plan->vertices[0]);
	put_directory(0, "base");
	plan_of(text);
	assert_string_equal(vertex_of("RUN x")->parent->base.source.name, "base");
	assert_int_equal(vertex_of("COPY")->copy.source.kind, SOURCE_NAMED);
	assert_int_equal(p.plan->stages[0].steps, 1);
}

static void test_directories_may_be_what_a_stage_is_from(void **state)
{
	const struct vertex *base;

	(void)state;
	put_directory(0, "rootfs");
	assert_names("FROM rootfs\nRUN x\n", "[1/2] FROM rootfs\n[2/2] RUN x\n");
	base = p.plan->vertices[0];
	assert_int_equal(base->base.source.kind, SOURCE_NAMED);
	assert_true(object_id_is_zero(&base->base.snapshot));
	assert_null(base->base.name);
	assert_ptr_equal(vertex_of("RUN")->parent, base);
}

static void test_contexts_of_one_platform_come_first(void **state)
{
	(void)state;
	put_image(0, "alpine::linux/amd64", "tool");
	put_image(1, "alpine", "busybox");
	plan_of("FROM alpine\n");
	assert_strings(&p.asked, "tool linux/amd64");
	plan_of("FROM --platform=linux/arm64 alpine\n");
	assert_strings(&p.asked, "busybox linux/arm64");
}

static void test_stages_come_before_contexts_of_their_name_for_others(void **state)
{
	(void)state;
	put_image(0, "scratch", "tool");
	put_image(1, "x", "scratch");
	plan_of("FROM scratch\nCOPY a /\nCOPY --from=x b /\n");
	assert_int_equal(p.asked.count, 0);
	assert_int_equal(vertex_of("COPY --from=x")->copy.source.kind, SOURCE_EMPTY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_I01_names_of_bases_are_checked_in_all_stages),
		plan_test(test_I01_a_later_stage_is_no_base),
		plan_test(test_I01_platforms_are_checked),
		plan_test(test_I01_stages_go_on_with_the_platform_of_their_base),
		plan_test(test_I02_stages_in_circles_are_refused),
		plan_test(test_I02_later_stages_are_refused_where_they_are_needed),
		plan_test(test_K09_numbers_and_names_that_mean_nothing_are_refused),
		plan_test(test_V08_variables_mean_nothing_behind_from),
		plan_test(test_V08_a_stage_may_stand_for_a_variable),
		plan_test(test_stages_are_needed_through_mounts_too),
		plan_test(test_I15_triggers_of_images_come_right_behind_from),
		plan_test(test_I15_triggers_may_name_stages),
		plan_test(test_I15_triggers_of_stages_fire_once),
		plan_test(test_I15_bad_triggers_are_refused_at_the_from),
		plan_test(test_contexts_stand_for_images),
		plan_test(test_contexts_stand_for_whole_stages),
		plan_test(test_directories_may_be_what_a_stage_is_from),
		plan_test(test_contexts_of_one_platform_come_first),
		plan_test(test_stages_come_before_contexts_of_their_name_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
