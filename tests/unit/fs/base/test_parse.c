/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/parse.h"
#include "tests/lib/unit.h"

static void test_numbers_are_whole_strings(void **state)
{
	uint64_t u = 7;
	uint32_t o = 0;
	int64_t i = 0;

	(void)state;
	assert_int_equal(parse_u64("18446744073709551615", &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(parse_u64("18446744073709551616", &u), -ERANGE);
	assert_int_equal(parse_u64("12x", &u), -EINVAL);
	assert_int_equal(parse_u64("", &u), -EINVAL);
	assert_int_equal(parse_i64("-5", &i), 0);
	assert_int_equal(i, -5);
	assert_int_equal(parse_octal("0755", 07777, &o), 0);
	assert_int_equal(o, 0755);
	assert_int_equal(parse_octal("17777", 07777, &o), -ERANGE);
	assert_int_equal(parse_octal("789", 07777, &o), -EINVAL);
}

static void test_sizes_as_docker_reads_them(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = { { "64m", 64u << 20 }, { "10GB", 10ULL << 30 }, { "1.5g", 3ULL << 29 },
		     { "4096", 4096 },     { "2KiB", 2048 },        { "7b", 7 } };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(parse_size(good[i].text, &bytes), 0);
		assert_true(bytes == good[i].bytes);
	}
	assert_int_equal(parse_size("m", &bytes), -EINVAL);
	assert_int_equal(parse_size("5 q", &bytes), -EINVAL);
	assert_int_equal(parse_size("99999999999t", &bytes), -ERANGE);
}

static void test_durations_as_go_reads_them(void **state)
{
	int64_t ns;

	(void)state;
	assert_int_equal(parse_duration("1h30m", &ns), 0);
	assert_true(ns == 5400LL * 1000000000);
	assert_int_equal(parse_duration("1.5s", &ns), 0);
	assert_true(ns == 1500000000);
	assert_int_equal(parse_duration("-250ms", &ns), 0);
	assert_true(ns == -250000000);
	assert_int_equal(parse_duration("0", &ns), 0);
	assert_int_equal(parse_duration("5", &ns), -EINVAL);
	assert_int_equal(parse_duration("", &ns), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_whole_strings),
		cmocka_unit_test(test_sizes_as_docker_reads_them),
		cmocka_unit_test(test_durations_as_go_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
