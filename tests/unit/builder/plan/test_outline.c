/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/outline.h"
#include "tests/unit/builder/plan/planning.h"

/* "LINE KIND NAME=VALUE DOC" of everything that the target can be given, one a line. */
static void assert_outline(const char *text, const char *wanted)
{
	static const char *const kinds[] = { "arg", "secret", "ssh" };
	cleanup_with(buf_release) struct buf got = { 0 };
	struct outline outline = { 0 };

	p.options.outline = &outline;
	plan_of(text);
	for (size_t i = 0; i < outline.count; i++) {
		const struct outline_item *item = &outline.items[i];

		buf_add_format(&got, "%u %s %s=%s%s%s%s\n", item->where.first_line,
			       kinds[item->kind], item->name, item->value,
			       item->required ? " required" : "", item->doc ? " " : "",
			       item->doc ? item->doc : "");
	}
	assert_string_equal(buf_string(&got), wanted);
}

static void test_arguments_of_stages_that_are_needed(void **state)
{
	(void)state;
	assert_outline("FROM alpine AS a\nARG x=1\nFROM alpine AS b\n# y why\nARG y=$z z=2\n"
		       "FROM b\nARG y=3\n",
		       "5 arg z=2\n7 arg y=3\n");
}

static void test_global_arguments_that_are_used(void **state)
{
	(void)state;
	strings_add(&p.build_args, "given=9");
	assert_outline(
		"# part of it\nARG part=alp\n# base the image\nARG base=${part}ine\n"
		"ARG given=1 unused=2\nARG TAKEN=3\nFROM $base\nARG TAKEN TARGETARCH given\n",
		"2 arg part=alp of it\n4 arg base=alpine the image\n6 arg TAKEN=3\n"
		"8 arg given=9\n");
}

static void test_secrets_and_agents(void **state)
{
	(void)state;
	assert_outline("FROM alpine AS a\nRUN --mount=type=secret,id=never x\nFROM alpine\n"
		       "RUN --mount=type=secret,id=key,required --mount=type=ssh x\n"
		       "RUN --mount=type=ssh,id=other,required x\n",
		       "4 secret key= required\n4 ssh default=\n5 ssh other= required\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_arguments_of_stages_that_are_needed),
		plan_test(test_global_arguments_that_are_used),
		plan_test(test_secrets_and_agents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
