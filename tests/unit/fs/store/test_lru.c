/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/alloc.h"
#include "fs/store/lru.h"
#include "tests/lib/unit.h"

static unsigned freed;

static void free_value(void *value)
{
	freed++;
	free(value);
}

static struct lru_entry *add(struct lru *lru, uint64_t key)
{
	uint64_t *value = xmalloc(sizeof *value);

	*value = key;
	return lru_add(lru, &key, value);
}

static bool has(struct lru *lru, uint64_t key)
{
	struct lru_entry *entry = lru_get(lru, &key);

	lru_unpin(lru, entry);
	return entry != NULL;
}

static void test_the_least_recently_used_makes_room(void **state)
{
	struct lru *lru = lru_new(3, sizeof(uint64_t), free_value);

	(void)state;
	freed = 0;
	for (uint64_t key = 0; key < 3; key++)
		lru_unpin(lru, add(lru, key));
	assert_true(has(lru, 0));
	lru_unpin(lru, add(lru, 3));
	assert_int_equal(freed, 1);
	assert_true(has(lru, 0));
	assert_false(has(lru, 1));
	assert_true(has(lru, 2));
	assert_true(has(lru, 3));
	lru_free(lru);
	assert_int_equal(freed, 4);
}

static void test_what_is_pinned_stays(void **state)
{
	struct lru *lru = lru_new(1, sizeof(uint64_t), free_value);
	struct lru_entry *first = add(lru, 1), *second = add(lru, 2);

	(void)state;
	freed = 0;
	assert_int_equal(*(uint64_t *)first->value, 1);
	assert_int_equal(*(uint64_t *)second->value, 2);
	lru_unpin(lru, second); /* there was no room for it */
	assert_int_equal(freed, 1);
	assert_true(has(lru, 1));
	lru_unpin(lru, first);
	assert_true(has(lru, 1));
	lru_free(lru);
}

static void test_a_value_made_twice_is_kept_once(void **state)
{
	struct lru *lru = lru_new(4, sizeof(uint64_t), free_value);
	struct lru_entry *first = add(lru, 1), *second;

	(void)state;
	freed = 0;
	second = add(lru, 1);
	assert_ptr_equal(first, second);
	assert_int_equal(freed, 1);
	lru_unpin(lru, first);
	lru_unpin(lru, second);
	lru_free(lru);
}

static void test_what_is_pinned_outlives_a_clearing(void **state)
{
	struct lru *lru = lru_new(4, sizeof(uint64_t), free_value);
	struct lru_entry *pinned = add(lru, 1);

	(void)state;
	freed = 0;
	lru_unpin(lru, add(lru, 2));
	lru_clear(lru);
	assert_int_equal(freed, 1);
	assert_false(has(lru, 1));
	assert_int_equal(*(uint64_t *)pinned->value, 1);
	lru_unpin(lru, pinned);
	assert_int_equal(freed, 2);
	lru_free(lru);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least_recently_used_makes_room),
		cmocka_unit_test(test_what_is_pinned_stays),
		cmocka_unit_test(test_a_value_made_twice_is_kept_once),
		cmocka_unit_test(test_what_is_pinned_outlives_a_clearing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
