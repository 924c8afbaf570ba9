/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/layering.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static struct error err;

/* Ends of the layers that come of `count`, the lowest `base` of which are the base image's. */
static void check_ends(const char *how, size_t base, size_t count, const char *want)
{
	static const size_t stages[] = { 4, 4, 6 };
	const struct layer_origins origins = { .base = base, .stages = stages, .stage_count = 3 };
	cleanup_with(buf_release) struct buf text = { 0 };
	struct layering layering;
	size_t ends[64], found;

	assert_ok(layering_parse(how, &layering, &err), err);
	found = layering_ends(&layering, &origins, count, ends);
	for (size_t i = 0; i < found; i++)
		buf_add_format(&text, "%s%zu", i ? " " : "", ends[i]);
	assert_string_equal(buf_string(&text), want);
}

static void test_a_step_is_a_layer(void **state)
{
	(void)state;
	check_ends("step", 2, 5, "0 1 2 3 4");
	check_ends("step", 0, 0, "");
}

static void test_all_steps_are_one_layer_above_the_base(void **state)
{
	(void)state;
	check_ends("squash", 2, 7, "0 1 6");
	check_ends("squash", 0, 7, "6");
	check_ends("squash", 7, 7, "0 1 2 3 4 5 6");
	check_ends("squash", 0, 0, "");
}

static void test_a_stage_is_a_layer(void **state)
{
	(void)state;
	check_ends("stage", 2, 8, "0 1 3 5 7");
	check_ends("stage", 2, 6, "0 1 3 5");
	check_ends("stage", 5, 8, "0 1 2 3 4 5 7");
	check_ends("stage", 0, 3, "2");
	check_ends("stage", 3, 3, "0 1 2");
}

static void test_packing_keeps_to_the_number(void **state)
{
	(void)state;
	check_ends("pack:5", 2, 8, "0 1 3 5 7");
	check_ends("pack:3", 2, 8, "0 1 7");
	check_ends("pack:8", 2, 8, "0 1 2 3 4 5 6 7");
	check_ends("pack:100", 2, 4, "0 1 2 3");
}

static void test_a_base_of_too_many_layers_is_packed_too(void **state)
{
	(void)state;
	check_ends("pack:2", 2, 8, "3 7");
	check_ends("pack:1", 4, 8, "7");
	check_ends("pack:2", 2, 2, "0 1");
}

static void test_other_words_are_refused(void **state)
{
	static const char *const wrong[] = { "",       "steps",  "pack",   "pack:",
					     "pack:0", "pack:x", "pack:-1" };
	struct layering layering;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(layering_parse(wrong[i], &layering, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_step_is_a_layer),
		cmocka_unit_test(test_all_steps_are_one_layer_above_the_base),
		cmocka_unit_test(test_a_stage_is_a_layer),
		cmocka_unit_test(test_packing_keeps_to_the_number),
		cmocka_unit_test(test_a_base_of_too_many_layers_is_packed_too),
		cmocka_unit_test(test_other_words_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
