/* SPDX-License-Identifier: Apache-2.0 */
#include <stdalign.h>

#include "fs/base/arena.h"
#include "tests/lib/unit.h"

static void test_memory_is_zeroed_aligned_and_its_own(void **state)
{
	cleanup_with(arena_release) struct arena arena = { 0 };
	char *before = NULL;

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		char *p = arena_alloc(&arena, size);

		assert_non_null(p);
		assert_ptr_not_equal(p, before);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 'x', size);
		before = p;
		arena_copy(&arena, "abc", 3);
	}
}

static void test_large_things_do_not_end_a_block(void **state)
{
	cleanup_with(arena_release) struct arena arena = { 0 };
	char *small = arena_copy(&arena, "a", 1), *next;

	(void)state;
	memset(arena_array(&arena, 1000, 1000), 'x', 1000000);
	next = arena_copy(&arena, "b", 1);
	assert_ptr_equal(next, small + 2);
	assert_string_equal(small, "a");
}

static void test_strings_end_in_nul(void **state)
{
	cleanup_with(arena_release) struct arena arena = { 0 };

	(void)state;
	assert_string_equal(arena_copy(&arena, "abcdef", 3), "abc");
	assert_string_equal(arena_copy(&arena, NULL, 0), "");
	assert_string_equal(arena_string(&arena, "abc"), "abc");
	assert_string_equal(arena_format(&arena, "%s-%d", "abc", 7), "abc-7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_aligned_and_its_own),
		cmocka_unit_test(test_large_things_do_not_end_a_block),
		cmocka_unit_test(test_strings_end_in_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
