/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/plan/memory.h"
#include "builder/plan/plan.h"
#include "builder/plan/scope/variables.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static struct plan_memory *memory;

static int set_up(void **state)
{
	(void)state;
	memory = plan_memory_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	plan_memory_free(memory);
	return 0;
}

static void assert_list(const struct variables *list, const char *joined)
{
	cleanup_with(buf_release) struct buf got = { 0 };

	for (size_t i = 0; i < list->count; i++)
		buf_add_format(&got, "%s%s", i ? "|" : "", list->items[i].pair);
	assert_string_equal(buf_string(&got), joined);
}

static void set(struct variables *list, const char *name, const char *value)
{
	assert_int_equal(variables_set(list, memory, name, value), 0);
}

static void put(struct variables *list, const char *name, const char *value)
{
	assert_int_equal(variables_put(list, memory, name, value), 0);
}

static void test_setting_moves_to_the_end_and_putting_does_not(void **state)
{
	struct variables list = { 0 };

	(void)state;
	set(&list, "a", "1");
	set(&list, "b", "");
	set(&list, "c", NULL);
	assert_list(&list, "a=1|b=|c");
	set(&list, "a", "2");
	assert_list(&list, "b=|c|a=2");
	put(&list, "b", "3");
	put(&list, "d", "4");
	assert_list(&list, "b=3|c|a=2|d=4");
}

static void test_a_variable_may_be_there_without_a_value(void **state)
{
	struct variables list = { 0 };

	(void)state;
	set(&list, "none", NULL);
	set(&list, "empty", "");
	assert_null(variables_get(&list, "none"));
	assert_true(variables_contain(&list, "none"));
	assert_string_equal(variables_get(&list, "empty"), "");
	assert_null(variables_get(&list, "emp"));
	assert_false(variables_contain(&list, "emp"));
}

static void test_shared_lists_change_apart(void **state)
{
	struct variables list = { 0 }, other;

	(void)state;
	set(&list, "a", "1");
	other = variables_share(&list);
	set(&list, "b", "2");
	put(&other, "a", "3");
	assert_list(&list, "a=1|b=2");
	assert_list(&other, "a=3");
}

static void test_all_of_another_list_are_set_in_its_order(void **state)
{
	struct variables list = { 0 }, from = { 0 };

	(void)state;
	set(&from, "b", "1");
	set(&from, "a", "2");
	assert_int_equal(variables_set_all(&list, memory, &from), 0);
	assert_list(&list, "b=1|a=2");
	set(&list, "b", "x");
	set(&list, "c", "y");
	assert_int_equal(variables_set_all(&list, memory, &from), 0);
	assert_list(&list, "c=y|b=1|a=2");
	assert_list(&from, "b=1|a=2");
	put(&from, "a", "3");
	assert_int_equal(variables_set_all(&list, memory, &from), 0);
	assert_list(&list, "c=y|b=1|a=3");
}

static void test_there_is_a_limit(void **state)
{
	struct variables list = { 0 };
	char name[16];

	(void)state;
	for (int i = 0; i < PLAN_VARIABLES_MAX; i++) {
		snprintf(name, sizeof name, "v%d", i);
		set(&list, name, "");
	}
	assert_int_equal(variables_set(&list, memory, "more", ""), -E2BIG);
	assert_int_equal(variables_put(&list, memory, "more", ""), -E2BIG);
	set(&list, "v7", "again");
	assert_int_equal(list.count, PLAN_VARIABLES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_setting_moves_to_the_end_and_putting_does_not),
		cmocka_unit_test(test_a_variable_may_be_there_without_a_value),
		cmocka_unit_test(test_shared_lists_change_apart),
		cmocka_unit_test(test_all_of_another_list_are_set_in_its_order),
		cmocka_unit_test(test_there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
