/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/build/limits.h"
#include "tests/lib/unit.h"

static int parse(struct group_limits *ret, struct error *err, const char *one, const char *other)
{
	cleanup_with(strings_release) struct strings values = { 0 };

	strings_add(&values, one);
	if (other)
		strings_add(&values, other);
	return resources_parse(&values, ret, err);
}

static void test_resources_stand_side_by_side_or_between_commas(void **state)
{
	cleanup_with(group_limits_release) struct group_limits limits = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(parse(&limits, &err, "memory=64m,cpuset-cpus=0,2-3,cpu-quota=-1", "cpu-shares=7"),
		  err);
	assert_int_equal(limits.memory, 64 << 20);
	assert_string_equal(limits.cpuset_cpus, "0,2-3");
	assert_int_equal(limits.cpu_quota, GROUP_NO_LIMIT);
	assert_int_equal(limits.cpu_shares, 7);
	assert_null(limits.cpuset_mems);
}

static void test_the_last_of_two_values_counts(void **state)
{
	cleanup_with(group_limits_release) struct group_limits limits = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_ok(parse(&limits, &err, "cpuset-mems=1,memory=1g", "cpuset-mems=0,memory=8m"), err);
	assert_string_equal(limits.cpuset_mems, "0");
	assert_int_equal(limits.memory, 8 << 20);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "memory",
					   "memory=",
					   "memory=-1",
					   "memory=5m",
					   "memory=99999999999g",
					   "memory-swap=64m",
					   "memory=64m,memory-swap=32m",
					   "cpu-shares=1",
					   "cpu-shares=262145",
					   "cpu-period=0",
					   "cpu-period=-1",
					   "cpu-quota=x",
					   "cpuset-cpus=",
					   "cpuset-cpus=a",
					   "cpuset-cpus=0,b",
					   "what=1",
					   "=1",
					   ",memory=64m" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cleanup_with(group_limits_release) struct group_limits limits = { 0 };
		struct error err = { 0 };

		if (parse(&limits, &err, bad[i], NULL) != -EINVAL)
			fail_msg("'%s' is taken", bad[i]);
		assert_true(*err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resources_stand_side_by_side_or_between_commas),
		cmocka_unit_test(test_the_last_of_two_values_counts),
		cmocka_unit_test(test_what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
