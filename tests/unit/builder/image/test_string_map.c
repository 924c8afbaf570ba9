/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/string_map.h"
#include "tests/lib/unit.h"

static void test_keys_are_sorted_and_replaced(void **state)
{
	struct string_map map = { 0 };

	(void)state;
	string_map_set(&map, "b", "1");
	string_map_set(&map, "a", "2");
	string_map_set(&map, "c", "3");
	string_map_set(&map, "b", "4");
	assert_int_equal(map.count, 3);
	assert_string_equal(map.items[0].key, "a");
	assert_string_equal(map.items[1].value, "4");
	assert_string_equal(string_map_get(&map, "c"), "3");
	assert_null(string_map_get(&map, "d"));
	string_map_remove(&map, "b");
	string_map_remove(&map, "zzz");
	assert_int_equal(map.count, 2);
	assert_null(string_map_get(&map, "b"));
	string_map_release(&map);
}

static void test_a_value_may_be_set_to_itself(void **state)
{
	struct string_map map = { 0 };

	(void)state;
	string_map_set(&map, "a", "x");
	string_map_set(&map, "a", string_map_get(&map, "a"));
	assert_string_equal(string_map_get(&map, "a"), "x");
	string_map_set_all(&map, &map);
	assert_int_equal(map.count, 1);
	string_map_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_sorted_and_replaced),
		cmocka_unit_test(test_a_value_may_be_set_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
