/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/id_set.h"
#include "tests/lib/unit.h"

static void test_members_are_found_after_growth(void **state)
{
	struct id_set set = { 0 };
	size_t at = 0, seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct object_id id = object_id_of(&i, sizeof i);

		assert_true(id_set_add(&set, &id));
		assert_false(id_set_add(&set, &id));
	}
	for (uint32_t i = 0; i < 10000; i++) {
		struct object_id id = object_id_of(&i, sizeof i);

		assert_int_equal(id_set_contains(&set, &id), i < 5000);
	}
	while (id_set_next(&set, &at))
		seen++;
	assert_int_equal(seen, 5000);
	id_set_release(&set);
}

static void test_an_empty_set_contains_nothing(void **state)
{
	struct id_set set = { 0 };
	struct object_id id = object_id_of("", 0);
	size_t at = 0;

	(void)state;
	assert_false(id_set_contains(&set, &id));
	assert_null(id_set_next(&set, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_are_found_after_growth),
		cmocka_unit_test(test_an_empty_set_contains_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
