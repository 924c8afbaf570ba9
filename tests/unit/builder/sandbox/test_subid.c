/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/subid.h"
#include "tests/lib/unit.h"

static struct id_ranges parsed(const char *text, const char *name)
{
	struct id_ranges ranges = { 0 };

	subid_parse(text, strlen(text), name, 1001, &ranges);
	return ranges;
}

static void assert_range(const struct id_ranges *ranges, size_t index, uint32_t start,
			 uint32_t count)
{
	assert_true(index < ranges->count);
	assert_int_equal(ranges->items[index].start, start);
	assert_int_equal(ranges->items[index].count, count);
}

static void test_a_user_stands_there_by_name_and_by_number(void **state)
{
	struct id_ranges ranges = parsed("ann:100000:65536\n"
					 "bob:165536:65536\n"
					 "1001:300000:10\n",
					 "ann");

	(void)state;
	assert_int_equal(ranges.count, 2);
	assert_range(&ranges, 0, 100000, 65536);
	assert_range(&ranges, 1, 300000, 10);
	id_ranges_release(&ranges);
}

static void test_a_last_line_needs_no_end(void **state)
{
	struct id_ranges ranges = parsed("ann:5:6", "ann");

	(void)state;
	assert_int_equal(ranges.count, 1);
	assert_range(&ranges, 0, 5, 6);
	id_ranges_release(&ranges);
}

static void test_lines_without_sense_are_skipped(void **state)
{
	struct id_ranges ranges = parsed("\n# ann\nann\nann:\nann:1\nann::\nann:x:1\nann:1:x\n"
					 "ann:-1:5\nann:7:0\nann:4294967295:5\n"
					 "ann:99999999999999999999:5\nann:1:2:3\nannabel:1:2\n",
					 "ann");

	(void)state;
	assert_int_equal(ranges.count, 0);
	id_ranges_release(&ranges);
}

static void test_a_range_ends_before_the_id_that_is_none(void **state)
{
	struct id_ranges ranges = parsed("ann:4294967290:4294967295\n", "ann");

	(void)state;
	assert_range(&ranges, 0, 4294967290u, 5);
	id_ranges_release(&ranges);
}

static void test_a_user_without_a_name_has_his_number(void **state)
{
	struct id_ranges ranges = parsed("ann:1:1\n1001:2:2\n", NULL);

	(void)state;
	assert_int_equal(ranges.count, 1);
	assert_range(&ranges, 0, 2, 2);
	id_ranges_release(&ranges);
}

static uint32_t free_behind(const char *text)
{
	return subid_free(text, strlen(text), 100000);
}

static void test_free_ids_lie_behind_all_that_are_given_away(void **state)
{
	(void)state;
	assert_int_equal(free_behind(""), 100000);
	assert_int_equal(free_behind("ann:100000:65536\n"), 165536);
	assert_int_equal(free_behind("ann:300000:65536\nbob:100000:65536\n"), 365536);
	assert_int_equal(free_behind("old:1000:500\nnonsense\n"), 100000);
	assert_true(free_behind("all:1:4294967295\n") == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_user_stands_there_by_name_and_by_number),
		cmocka_unit_test(test_a_last_line_needs_no_end),
		cmocka_unit_test(test_lines_without_sense_are_skipped),
		cmocka_unit_test(test_a_range_ends_before_the_id_that_is_none),
		cmocka_unit_test(test_a_user_without_a_name_has_his_number),
		cmocka_unit_test(test_free_ids_lie_behind_all_that_are_given_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
