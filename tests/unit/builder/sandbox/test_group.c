/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/group.h"
#include "builder/sandbox/group_place.h"
#include "tests/lib/unit.h"

static void assert_settings(const struct group_limits *limits, bool unified, const char *wanted)
{
	cleanup_with(strings_release) struct strings settings = { 0 };
	cleanup_free char *joined = NULL;

	group_limits_settings(limits, unified, GROUP_ALL, &settings);
	joined = strings_join(&settings, "|");
	assert_string_equal(joined, wanted);
}

static void test_limits_have_other_files_in_each_version(void **state)
{
	char cpus[] = "0-2,4", mems[] = "0";
	struct group_limits limits = { .memory = 64 << 20,
				       .memory_swap = 96 << 20,
				       .cpu_shares = 1024,
				       .cpu_period = 50000,
				       .cpu_quota = 25000,
				       .cpuset_cpus = cpus,
				       .cpuset_mems = mems };

	(void)state;
	assert_settings(&limits, true,
			"memory.max=67108864|memory.swap.max=33554432|cpu.weight=39|"
			"cpu.max=25000 50000|cpuset.cpus=0-2,4|cpuset.mems=0");
	/* Memory before both together, which may not be less. */
	assert_settings(&limits, false,
			"memory.limit_in_bytes=67108864|memory.memsw.limit_in_bytes=100663296|"
			"cpu.shares=1024|cpu.cfs_period_us=50000|cpu.cfs_quota_us=25000|"
			"cpuset.cpus=0-2,4|cpuset.mems=0");
}

static void test_no_limit_is_written_as_such(void **state)
{
	struct group_limits limits = { .memory = 64 << 20,
				       .memory_swap = GROUP_NO_LIMIT,
				       .cpu_quota = GROUP_NO_LIMIT };

	(void)state;
	assert_settings(&limits, true,
			"memory.max=67108864|memory.swap.max=max|cpu.max=max 100000");
	assert_settings(&limits, false,
			"memory.limit_in_bytes=67108864|memory.memsw.limit_in_bytes=-1|"
			"cpu.cfs_quota_us=-1");
}

static void test_the_ends_of_the_scale_of_shares(void **state)
{
	(void)state;
	assert_settings(&(struct group_limits){ .cpu_shares = 2 }, true, "cpu.weight=1");
	assert_settings(&(struct group_limits){ .cpu_shares = 262144 }, true, "cpu.weight=10000");
}

static void test_nothing_asked_for_is_nothing_to_do(void **state)
{
	struct group_limits limits = { 0 };

	(void)state;
	assert_false(group_limits_any(&limits));
	assert_settings(&limits, true, "");
	limits.cpu_quota = 1;
	assert_true(group_limits_any(&limits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_have_other_files_in_each_version),
		cmocka_unit_test(test_no_limit_is_written_as_such),
		cmocka_unit_test(test_the_ends_of_the_scale_of_shares),
		cmocka_unit_test(test_nothing_asked_for_is_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
