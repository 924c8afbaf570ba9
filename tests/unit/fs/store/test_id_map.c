/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/id_map.h"
#include "tests/lib/unit.h"

static void test_positions_are_found_after_growth(void **state)
{
	struct id_map map = { 0 };
	size_t position;

	(void)state;
	for (size_t i = 0; i < 3000; i++) {
		struct object_id id = object_id_of(&i, sizeof i);

		assert_false(id_map_find(&map, &id, &position));
		id_map_put(&map, &id, i);
	}
	assert_int_equal(map.count, 3000);
	for (size_t i = 0; i < 3000; i++) {
		struct object_id id = object_id_of(&i, sizeof i);

		assert_true(id_map_find(&map, &id, &position));
		assert_int_equal(position, i);
	}
	id_map_release(&map);
}

static void test_a_position_can_be_set_anew(void **state)
{
	struct id_map map = { 0 };
	struct object_id id = object_id_of("a", 1);
	size_t position;

	(void)state;
	id_map_put(&map, &id, 1);
	id_map_put(&map, &id, 7);
	assert_true(id_map_find(&map, &id, &position));
	assert_int_equal(position, 7);
	assert_int_equal(map.count, 1);
	id_map_release(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions_are_found_after_growth),
		cmocka_unit_test(test_a_position_can_be_set_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
