/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/idmap.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static char *text_of(const struct idmap *map)
{
	struct buf text = { 0 };

	idmap_format(map, &text);
	return text.data ? buf_take(&text) : strdup("");
}

static void assert_map(struct idmap *map, const char *wanted)
{
	char *text = text_of(map);

	assert_string_equal(text, wanted);
	free(text);
	idmap_release(map);
}

static void test_what_the_kernel_shows_is_understood(void **state)
{
	struct idmap map = { 0 };

	(void)state;
	assert_int_equal(idmap_parse("         0       1001          1\n"
				     "         1     100000      65536\n",
				     &map),
			 0);
	assert_true(idmap_total(&map) == 65537);
	assert_int_equal(idmap_root(&map), 1001);
	assert_map(&map, "0 1001 1\n1 100000 65536\n");
}

static void test_nonsense_is_refused(void **state)
{
	static const char *const bad[] = {
		"0", "0 1", "0 1 x", "0 1 2 3", "0 1 4294967296", "a 1 2"
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct idmap map = { 0 };

		assert_int_equal(idmap_parse(bad[i], &map), -EPROTO);
		idmap_release(&map);
	}
}

static void test_nobody_is_root_in_a_map_without_it(void **state)
{
	struct idmap map = { 0 };

	(void)state;
	idmap_add(&map, 1, 5, 10);
	assert_true(idmap_root(&map) == UINT32_MAX);
	idmap_release(&map);
}

static void test_a_user_is_root_and_his_ranges_the_others(void **state)
{
	struct id_ranges ranges = { 0 };
	struct idmap map = { 0 };

	(void)state;
	id_ranges_add(&ranges, 100000, 1000);
	id_ranges_add(&ranges, 500000, 100000);
	idmap_of_user(1001, &ranges, &map);
	assert_true(idmap_total(&map) == IDMAP_IDS);
	assert_map(&map, "0 1001 1\n1 100000 1000\n1001 500000 64535\n");
	id_ranges_release(&ranges);
}

static void test_a_user_without_ranges_is_root_alone(void **state)
{
	struct id_ranges ranges = { 0 };
	struct idmap map = { 0 };

	(void)state;
	idmap_of_user(1001, &ranges, &map);
	assert_map(&map, "0 1001 1\n");
}

static void test_root_gets_ids_that_nobody_else_has(void **state)
{
	struct id_ranges ranges = { 0 };
	struct idmap parent = { 0 }, map = { 0 };

	(void)state;
	idmap_add(&parent, 0, 0, UINT32_MAX);
	idmap_of_root(&parent, &ranges, &map);
	assert_map(&map, "0 2130706432 65536\n");
	idmap_release(&parent);
}

static void test_root_of_a_container_takes_its_range_or_what_there_is(void **state)
{
	struct id_ranges ranges = { 0 };
	struct idmap parent = { 0 }, map = { 0 };

	(void)state;
	idmap_add(&parent, 0, 100000, 200000);
	idmap_of_root(&parent, &ranges, &map);
	assert_map(&map, "0 0 65536\n");
	id_ranges_add(&ranges, 100000, 1000);  /* too few */
	id_ranges_add(&ranges, 190000, 65536); /* not all there */
	id_ranges_add(&ranges, 100000, 65536);
	idmap_of_root(&parent, &ranges, &map);
	assert_map(&map, "0 100000 65536\n");
	idmap_release(&parent);
	id_ranges_release(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_kernel_shows_is_understood),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_nobody_is_root_in_a_map_without_it),
		cmocka_unit_test(test_a_user_is_root_and_his_ranges_the_others),
		cmocka_unit_test(test_a_user_without_ranges_is_root_alone),
		cmocka_unit_test(test_root_gets_ids_that_nobody_else_has),
		cmocka_unit_test(test_root_of_a_container_takes_its_range_or_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
