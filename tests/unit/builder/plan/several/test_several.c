/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

/* The plan of `text` for these two, on linux/amd64. */
static const struct plan *plan_for_two(const char *text)
{
	struct platform platforms[2];

	assert_int_equal(platform_parse("linux/amd64", &platforms[0], NULL), 0);
	assert_int_equal(platform_parse("linux/arm64", &platforms[1], NULL), 0);
	p.options.platform_given = true;
	plan_free(p.plan);
	p.plan = NULL;
	lint_free(p.lint);
	p.lint = NULL;
	strings_clear(&p.asked);
	parse_recipe(&p.parsed, text);
	assert_ok(lint_open(p.parsed.file, &p.build_args, &p.lint, &p.diag), p.diag.error);
	p.options.lint = p.lint;
	assert_ok(plan_make_several(p.parsed.recipe, &p.options, platforms, 2, &p.images, &p.plan,
				    &p.diag),
		  p.diag.error);
	for (size_t i = 0; i < p.plan->vertex_count; i++) {
		const struct vertex *vertex = p.plan->vertices[i];

		assert_int_equal(vertex->index, i);
		assert_ptr_equal(vertex->stage, &p.plan->stages[vertex->stage->number]);
		for (size_t k = 0; k < vertex->input_count; k++) {
			assert_true(vertex->inputs[k]->index < i);
			assert_ptr_equal(vertex->inputs[k],
					 p.plan->vertices[vertex->inputs[k]->index]);
		}
	}
	return p.plan;
}

static void assert_two(const char *text, const char *names)
{
	const struct plan *plan = plan_for_two(text);
	cleanup_with(buf_release) struct buf got = { 0 };

	for (size_t i = 0; i < plan->vertex_count; i++)
		buf_add_format(&got, "%s\n", plan->vertices[i]->name);
	assert_string_equal(buf_string(&got), names);
}

static void test_what_knows_nothing_of_the_target_is_there_once(void **state)
{
	(void)state;
	assert_two("FROM --platform=$BUILDPLATFORM alpine AS build\nWORKDIR /w\nCOPY . .\n"
		   "RUN prepare\nARG TARGETARCH\nRUN cc\nFROM scratch\nCOPY --from=build /a /\n",
		   "[linux/amd64 build 1/5] FROM docker.io/alpine\n"
		   "[linux/amd64 build 2/5] WORKDIR /w\n"
		   "[linux/amd64 build 3/5] COPY . .\n"
		   "[linux/amd64 build 4/5] RUN prepare\n"
		   "[linux/amd64 build 5/5] RUN cc\n"
		   "[linux/amd64 stage-1 2/2] COPY --from=build /a /\n"
		   "[linux/amd64->arm64 build 5/5] RUN cc\n"
		   "[linux/arm64 stage-1 2/2] COPY --from=build /a /\n");
	assert_ptr_equal(p.plan->vertices[4]->parent, p.plan->vertices[3]);
	assert_ptr_equal(p.plan->vertices[6]->parent, p.plan->vertices[3]);
	assert_ptr_equal(p.plan->vertices[7]->copy.source.vertex, p.plan->vertices[6]);
	assert_string_equal(env_of(&p.plan->vertices[6]->run, "TARGETARCH"), "arm64");
}

static void test_all_of_a_stage_may_be_shared(void **state)
{
	(void)state;
	plan_for_two("FROM --platform=$BUILDPLATFORM alpine AS tool\nRUN make\n"
		     "FROM busybox\nRUN --mount=from=tool,target=/t use\n");
	assert_int_equal(p.plan->stage_count, 4);
	assert_ptr_equal(p.plan->stages[2].last, p.plan->stages[0].last);
	assert_ptr_not_equal(p.plan->stages[3].last, p.plan->stages[1].last);
	assert_ptr_equal(p.plan->stages[3].last->run.mounts[0].source.vertex,
			 p.plan->stages[0].last);
}

static void test_steps_for_unlike_platforms_are_unlike(void **state)
{
	(void)state;
	plan_for_two("FROM alpine\nRUN a\n");
	assert_string_equal(p.plan->vertices[1]->name, "[linux/amd64 2/2] RUN a");
	assert_string_equal(p.plan->vertices[p.plan->vertex_count - 1]->name,
			    "[linux/arm64 2/2] RUN a");
}

static void test_stages_and_targets_are_there_for_each_platform(void **state)
{
	(void)state;
	plan_for_two("FROM scratch AS a\nCOPY x /\nFROM scratch\nCOPY y /\n");
	assert_int_equal(p.plan->platform_count, 2);
	assert_int_equal(p.plan->stage_count, 4);
	assert_string_equal(p.plan->stages[2].label, "a+linux_arm64");
	assert_int_equal(p.plan->stages[2].index, 0);
	assert_int_equal(p.plan->stages[2].number, 2);
	assert_int_equal(p.plan->target_count, 2);
	assert_string_equal(p.plan->targets[0]->label, "stage-1+linux_amd64");
	assert_ptr_equal(p.plan->targets[1], &p.plan->stages[3]);
	assert_string_equal(config_of(p.plan->targets[0]->config)->platform.architecture, "amd64");
	assert_string_equal(config_of(p.plan->targets[1]->config)->platform.architecture, "arm64");
}

static void test_findings_are_said_once(void **state)
{
	(void)state;
	plan_for_two("FROM scratch\nCOPY $no /\nCOPY $no /\n");
	assert_warnings("2: UndefinedVar: Usage of undefined variable '$no'\n"
			"3: UndefinedVar: Usage of undefined variable '$no'\n");
}

static void test_what_only_one_platform_finds_is_said(void **state)
{
	(void)state;
	plan_for_two("FROM scratch AS stage-amd64\nFROM scratch AS stage-arm64\nCOPY $no /\n"
		     "FROM stage-$TARGETARCH\n");
	assert_warnings("3: UndefinedVar: Usage of undefined variable '$no'\n");
}

static void test_secrets_of_all_are_required(void **state)
{
	(void)state;
	plan_for_two("FROM alpine AS base-amd64\nFROM alpine AS base-arm64\n"
		     "RUN --mount=type=secret,id=k,required x\nFROM base-$TARGETARCH\n"
		     "RUN --mount=type=secret,id=all,required y\n");
	assert_strings(&p.plan->required_secrets, "all|k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_what_knows_nothing_of_the_target_is_there_once),
		plan_test(test_all_of_a_stage_may_be_shared),
		plan_test(test_steps_for_unlike_platforms_are_unlike),
		plan_test(test_stages_and_targets_are_there_for_each_platform),
		plan_test(test_findings_are_said_once),
		plan_test(test_what_only_one_platform_finds_is_said),
		plan_test(test_secrets_of_all_are_required),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
