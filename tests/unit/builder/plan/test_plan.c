/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

/* ---- labels ---- */

static void test_from_counts_as_the_first_step(void **state)
{
	(void)state;
	assert_names("FROM alpine AS build\nENV a=1\nWORKDIR /w\nCOPY . .\nRUN make\nUSER x\n"
		     "RUN make test\n",
		     "[build 1/5] FROM docker.io/alpine\n[build 2/5] WORKDIR /w\n"
		     "[build 3/5] COPY . .\n[build 4/5] RUN make\n[build 5/5] RUN make test\n");
	assert_int_equal(p.plan->vertices[0]->step, 1);
	assert_int_equal(p.plan->vertices[4]->step, 5);
	assert_int_equal(p.plan->target->steps, 5);
	assert_string_equal(p.plan->vertices[3]->command, "RUN make");
	assert_int_equal(p.plan->vertices[3]->where.first_line, 5);
}

static void test_a_single_stage_without_a_name_shows_none(void **state)
{
	(void)state;
	assert_names("FROM alpine\nRUN a\n", "[1/2] FROM docker.io/alpine\n[2/2] RUN a\n");
	assert_string_equal(p.plan->target->label, "stage-0");
	assert_null(p.plan->target->name);
}

static void test_stages_without_a_name_are_called_by_their_number(void **state)
{
	(void)state;
	assert_names("FROM alpine AS A\nRUN a\nFROM busybox\nCOPY --from=a /x /\n",
		     "[a 1/2] FROM docker.io/alpine\n[a 2/2] RUN a\n"
		     "[stage-1 1/2] FROM docker.io/busybox\n[stage-1 2/2] COPY --from=a /x /\n");
}

static void test_numbers_of_steps_are_as_wide_as_the_last(void **state)
{
	(void)state;
	plan_of("FROM scratch\nRUN 1\nRUN 2\nRUN 3\nRUN 4\nRUN 5\nRUN 6\nRUN 7\nRUN 8\nRUN 9\n");
	assert_string_equal(p.plan->vertices[0]->name, "[ 2/10] RUN 1");
	assert_string_equal(p.plan->vertices[8]->name, "[10/10] RUN 9");
}

static void test_labels_show_values_and_keep_what_is_not_set(void **state)
{
	(void)state;
	plan_of("FROM alpine\nARG v=1.2\nCOPY a-$v /b\nrun echo $v ${unset} '$v'\n");
	assert_string_equal(p.plan->vertices[1]->command, "COPY a-1.2 /b");
	assert_string_equal(p.plan->vertices[2]->command, "RUN echo 1.2 ${unset} '$v'");
}

static void test_labels_join_continued_lines(void **state)
{
	(void)state;
	plan_of("FROM alpine\nRUN a && \\\n # why\n b\n");
	assert_string_equal(vertex_of("RUN")->command, "RUN a &&  b");
	assert_int_equal(vertex_of("RUN")->where.first_line, 2);
	assert_int_equal(vertex_of("RUN")->where.last_line, 4);
}

static void test_labels_show_the_first_line_of_a_script(void **state)
{
	(void)state;
	plan_of("FROM alpine\nRUN <<EOF\n  first\n  second\nEOF\nRUN <<X\none\nX\n");
	assert_string_equal(p.plan->vertices[1]->command, "RUN <<EOF (first...)");
	assert_string_equal(p.plan->vertices[2]->command, "RUN <<X (one)");
}

static void test_labels_hide_the_variable_of_a_secret(void **state)
{
	(void)state;
	plan_of("FROM alpine\nENV T=public\n"
		"RUN --mount=type=secret,id=t,env=T echo $T\n");
	assert_string_equal(vertex_of("RUN")->command,
			    "RUN --mount=type=secret,id=t,env=T echo ****");
}

static void test_labels_name_the_platform_when_there_are_several(void **state)
{
	(void)state;
	p.options.several_platforms = true;
	(void)platform_parse("linux/arm64", &p.options.target_platform, NULL);
	plan_of("FROM --platform=$BUILDPLATFORM alpine AS x\nRUN a\nARG TARGETARCH\nRUN b\n");
	assert_string_equal(p.plan->vertices[0]->name, "[linux/amd64 x 1/3] FROM docker.io/alpine");
	assert_string_equal(p.plan->vertices[1]->name, "[linux/amd64 x 2/3] RUN a");
	assert_string_equal(p.plan->vertices[2]->name, "[linux/amd64->arm64 x 3/3] RUN b");
}

/* ---- stages ---- */

static void test_stages_fan_out_from_one_base(void **state)
{
	const struct plan *plan =
		plan_of("FROM alpine AS base\nRUN base\nFROM base AS one\nRUN one\n"
			"FROM base AS two\nRUN two\nFROM scratch\nCOPY --from=one /1 /\n"
			"COPY --from=two /2 /\n");
	const struct vertex *base = vertex_of("RUN base");

	(void)state;
	assert_int_equal(plan->vertex_count, 6);
	assert_ptr_equal(vertex_of("RUN one")->parent, base);
	assert_ptr_equal(vertex_of("RUN two")->parent, base);
	assert_string_equal(vertex_of("RUN one")->name, "[one 2/2] RUN one");
	assert_null(vertex_of("COPY --from=one")->parent);
	assert_int_equal(vertex_of("COPY --from=one")->input_count, 1);
	assert_ptr_equal(vertex_of("COPY --from=one")->inputs[0], vertex_of("RUN one"));
	assert_ptr_equal(vertex_of("COPY --from=two")->parent, vertex_of("COPY --from=one"));
	assert_int_equal(vertex_of("COPY --from=two")->input_count, 2);
	assert_ptr_equal(plan->target->last, vertex_of("COPY --from=two"));
}

static void test_stages_that_the_target_does_not_need_are_left_out(void **state)
{
	const char *text = "FROM alpine AS a\nRUN a\nFROM far/missing AS b\nRUN b\n"
			   "FROM busybox AS c\nRUN c\nFROM a\nRUN d\n";
	const struct plan *plan = plan_of(text);

	(void)state;
	assert_int_equal(plan->vertex_count, 3);
	assert_int_equal(plan->stage_count, 4);
	assert_true(plan->stages[0].needed && !plan->stages[1].needed && !plan->stages[2].needed);
	assert_null(plan->stages[1].config);
	assert_strings(&p.asked, "alpine linux/amd64");
}

static void test_the_target_is_a_name_or_a_number(void **state)
{
	const char *text = "FROM alpine AS First\nRUN a\nFROM busybox\nRUN b\nFROM scratch\n";

	(void)state;
	set_target("FIRST");
	assert_names(text, "[first 1/2] FROM docker.io/alpine\n[first 2/2] RUN a\n");
	set_target("1");
	assert_int_equal(plan_of(text)->target->index, 1);
	set_target("");
	assert_int_equal(plan_of(text)->target->index, 2);
}

static void test_targets_may_be_several_and_patterns(void **state)
{
	const char *text = "FROM alpine AS base\nFROM base AS test-a\nRUN a\nFROM base AS other\n"
			   "RUN o\nFROM base AS test-b\nRUN b\nFROM base\nRUN c\n";
	const struct plan *plan;

	(void)state;
	set_target("TEST-*");
	plan = plan_of(text);
	assert_int_equal(plan->target_count, 2);
	assert_string_equal(plan->targets[0]->label, "test-a");
	assert_string_equal(plan->targets[1]->label, "test-b");
	assert_ptr_equal(plan->target, plan->targets[1]);
	assert_int_equal(plan->vertex_count, 3);
	assert_false(plan->stages[2].needed);

	/* Named twice is as good as once, and the order is that of the file. */
	set_target("test-b");
	strings_add(&p.targets, "1");
	strings_add(&p.targets, "test-[a]");
	strings_add(&p.targets, "stage-4");
	plan = plan_of(text);
	assert_int_equal(plan->target_count, 3);
	assert_string_equal(plan->targets[0]->label, "test-a");
	assert_string_equal(plan->targets[2]->label, "stage-4");

	set_target("nothing-*");
	assert_string_equal(refusal_of(text), "0: target stage \"nothing-*\" could not be found");
}

static void test_labels_are_for_all_targets(void **state)
{
	const char *text = "FROM alpine AS a\nFROM alpine AS b\nFROM a\n";
	const struct plan *plan;

	(void)state;
	strings_add(&p.labels, "k=v");
	set_target("[ab]");
	plan = plan_of(text);
	assert_int_equal(plan->target_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(
			string_map_get(&config_of(plan->targets[i]->config)->labels, "k"), "v");
}

static void test_all_stages_may_be_planned_beside_the_target(void **state)
{
	const char *text = "FROM alpine AS a\nRUN a\nFROM alpine AS b\nRUN b\nFROM b AS c\nRUN c\n";
	const struct plan *plan;

	(void)state;
	p.options.all_stages = true;
	set_target("b");
	plan = plan_of(text);
	assert_int_equal(plan->vertex_count, 4);
	assert_int_equal(plan->target_count, 1);
	assert_string_equal(plan->target->label, "b");
}

static void test_an_unknown_target_is_refused_with_the_nearest(void **state)
{
	(void)state;
	set_target("biuld");
	assert_string_equal(refusal_of("FROM alpine AS build\n"),
			    "0: target stage \"biuld\" could not be found (did you mean build?)");
	set_target("7");
	assert_string_equal(refusal_of("FROM alpine AS build\n"),
			    "0: target stage \"7\" could not be found");
}

static void test_scratch_without_steps_is_an_empty_tree(void **state)
{
	const struct plan *plan = plan_of("FROM scratch\nLABEL a=b\n");

	(void)state;
	assert_int_equal(plan->vertex_count, 0);
	assert_null(plan->target->last);
	assert_string_equal(string_map_get(&config_of(plan->target->config)->labels, "a"), "b");
	assert_int_equal(p.asked.count, 0);
}

static void test_equal_images_are_looked_up_once(void **state)
{
	const struct plan *plan = plan_of("FROM alpine AS a\nRUN a\nFROM alpine AS b\n"
					  "COPY --from=a / /a\nCOPY --from=alpine / /b\n");

	(void)state;
	assert_strings(&p.asked, "alpine linux/amd64");
	assert_int_equal(plan->vertex_count, 4);
	assert_ptr_equal(vertex_of("COPY --from=alpine")->copy.source.vertex, plan->vertices[0]);
	assert_int_equal(plan->vertices[0]->stage->index, 0);
	assert_string_equal(plan->vertices[0]->name, "[a 1/2] FROM docker.io/alpine");
}

static void test_base_vertices_know_the_image(void **state)
{
	const struct vertex *base = plan_of("ARG v=1\nFROM far/away:$v\n")->vertices[0];
	struct object_id id = object_id_of("far/away:1", strlen("far/away:1"));

	(void)state;
	assert_int_equal(base->kind, VERTEX_BASE);
	assert_string_equal(base->base.reference, "far/away:1");
	assert_string_equal(base->base.name, "docker.io/far/away:1");
	assert_true(object_id_equal(&base->base.snapshot, &id));
	assert_int_equal(base->base.source.kind, SOURCE_EMPTY);
	assert_int_equal(base->where.first_line, 2);
}

static void test_what_the_lookup_fails_with_is_said_at_the_line(void **state)
{
	(void)state;
	assert_string_equal(refusal_of("FROM alpine\nFROM missing\n"),
			    "2: there is no image 'missing'");
	assert_int_equal(p.diag.error.code, -ENOENT);
	assert_string_equal(refusal_of("FROM alpine\nRUN a\nCOPY --from=gone / /\n"),
			    "3: there is no image 'gone'");
	assert_string_equal(
		refusal_of("FROM alpine\nRUN a\nRUN --mount=from=gone,target=/x true\n"),
		"3: there is no image 'gone'");
}

/* ---- options ---- */

static void test_no_cache_is_for_all_or_some_stages(void **state)
{
	const char *text = "FROM alpine AS a\nRUN a\nFROM a\nRUN b\nCOPY x y\nWORKDIR /w\n";

	(void)state;
	strings_add(&p.no_cache_stages, "STAGE-1");
	plan_of(text);
	assert_false(vertex_of("RUN a")->no_cache);
	assert_true(vertex_of("RUN b")->no_cache);
	assert_true(vertex_of("COPY")->no_cache);
	assert_true(vertex_of("WORKDIR")->no_cache);
	strings_clear(&p.no_cache_stages);
	strings_add(&p.no_cache_stages, "a");
	plan_of(text);
	assert_true(vertex_of("RUN a")->no_cache);
	assert_false(vertex_of("RUN b")->no_cache);
	p.options.no_cache = true;
	assert_true(plan_of(text)->target->last->no_cache);
}

static void test_V04_build_arguments_that_nobody_asks_for_are_named(void **state)
{
	(void)state;
	strings_add(&p.build_args, "used=1");
	strings_add(&p.build_args, "elsewhere=1");
	strings_add(&p.build_args, "unused=1");
	strings_add(&p.build_args, "unused=2");
	strings_add(&p.build_args, "http_proxy=x");
	strings_add(&p.build_args, "TARGETARCH=x");
	strings_add(&p.build_args, "BUILDKIT_INLINE_CACHE=1");
	plan_of("FROM alpine AS a\nARG elsewhere\nFROM alpine\nARG used\n");
	assert_warnings("0: build argument 'unused' is not used: no ARG declares it\n");
}

static void test_plans_need_no_diagnostic(void **state)
{
	struct plan *plan = NULL;

	(void)state;
	parse_recipe(&p.parsed, "FROM nowhere\n");
	assert_int_equal(plan_make(p.parsed.recipe, &p.options, &p.images, &plan, NULL), -ENOENT);
	assert_null(plan);
	plan_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_from_counts_as_the_first_step),
		plan_test(test_a_single_stage_without_a_name_shows_none),
		plan_test(test_stages_without_a_name_are_called_by_their_number),
		plan_test(test_numbers_of_steps_are_as_wide_as_the_last),
		plan_test(test_labels_show_values_and_keep_what_is_not_set),
		plan_test(test_labels_join_continued_lines),
		plan_test(test_labels_show_the_first_line_of_a_script),
		plan_test(test_labels_hide_the_variable_of_a_secret),
		plan_test(test_labels_name_the_platform_when_there_are_several),
		plan_test(test_stages_fan_out_from_one_base),
		plan_test(test_stages_that_the_target_does_not_need_are_left_out),
		plan_test(test_the_target_is_a_name_or_a_number),
		plan_test(test_targets_may_be_several_and_patterns),
		plan_test(test_labels_are_for_all_targets),
		plan_test(test_all_stages_may_be_planned_beside_the_target),
		plan_test(test_an_unknown_target_is_refused_with_the_nearest),
		plan_test(test_scratch_without_steps_is_an_empty_tree),
		plan_test(test_equal_images_are_looked_up_once),
		plan_test(test_base_vertices_know_the_image),
		plan_test(test_what_the_lookup_fails_with_is_said_at_the_line),
		plan_test(test_no_cache_is_for_all_or_some_stages),
		plan_test(test_V04_build_arguments_that_nobody_asks_for_are_named),
		plan_test(test_plans_need_no_diagnostic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
