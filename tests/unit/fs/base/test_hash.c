/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/hash.h"
#include "tests/lib/unit.h"

/* Stored directories depend on these very numbers. */
static void test_the_hash_never_changes(void **state)
{
	(void)state;
	assert_true(hash64("", 0) == 0xefd01f60ba992926ULL);
	assert_true(hash64("a", 1) == 0x82a2a958a9bece5bULL);
	assert_true(hash64("usr", 3) == 0x5487fdacc9976dd1ULL);
}

static void test_the_check_value_of_crc32c(void **state)
{
	uint32_t in_pieces;

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	in_pieces = crc32c(0, "1234", 4);
	in_pieces = crc32c(in_pieces, "56789", 5);
	assert_int_equal(in_pieces, 0xe3069283);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_hash_never_changes),
		cmocka_unit_test(test_the_check_value_of_crc32c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
