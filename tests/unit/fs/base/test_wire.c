/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/wire.h"
#include "tests/lib/unit.h"

static void test_what_is_written_comes_back(void **state)
{
	cleanup_with(buf_release) struct buf buf = { 0 };
	cleanup_with(strings_release) struct strings list = { 0 }, got = { 0 };
	struct wire wire;
	char *s, *none;

	(void)state;
	strings_add(&list, "x");
	strings_add(&list, "");
	wire_put_u32(&buf, 7);
	wire_put_u64(&buf, 1ULL << 40);
	wire_put_string(&buf, "text");
	wire_put_string(&buf, NULL);
	wire_put_strings(&buf, &list);
	wire = wire_of(buf.data, buf.length);
	assert_int_equal(wire_u32(&wire), 7);
	assert_true(wire_u64(&wire) == 1ULL << 40);
	s = wire_string(&wire);
	none = wire_string(&wire);
	wire_strings(&wire, &got);
	assert_string_equal(s, "text");
	assert_null(none);
	assert_int_equal(got.count, 2);
	assert_int_equal(wire_end(&wire), 0);
	free(s);
}

static void test_a_cut_message_is_bad_and_stays_bad(void **state)
{
	struct wire wire = wire_of("\5\0\0\0ab", 6);

	(void)state;
	assert_null(wire_string(&wire));
	assert_true(wire.bad);
	assert_int_equal(wire_u32(&wire), 0);
	assert_int_equal(wire_end(&wire), -EPROTO);
}

static void test_bytes_left_over_are_an_error(void **state)
{
	struct wire wire = wire_of("\1\0\0\0x", 5);

	(void)state;
	assert_int_equal(wire_u32(&wire), 1);
	assert_int_equal(wire_end(&wire), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_comes_back),
		cmocka_unit_test(test_a_cut_message_is_bad_and_stays_bad),
		cmocka_unit_test(test_bytes_left_over_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
