/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fs/base/process_stat.h"
#include "tests/lib/unit.h"

static void test_a_name_that_looks_like_fields_does_not_matter(void **state)
{
	uint64_t parent = 0;

	(void)state;
	assert_int_equal(prctl(PR_SET_NAME, ") S 1 (x 2", 0, 0, 0), 0);
	assert_int_equal(process_stat_field(getpid(), 4, &parent), 0);
	assert_int_equal(parent, getppid());
}

static void test_start_and_processor_are_told(void **state)
{
	uint64_t start = 0, again = 0, processor = UINT64_MAX;

	(void)state;
	assert_int_equal(process_stat_field(getpid(), PROCESS_STAT_START, &start), 0);
	assert_int_equal(process_stat_field(getpid(), PROCESS_STAT_START, &again), 0);
	assert_true(start > 0);
	assert_int_equal(start, again);
	assert_int_equal(process_stat_field(getpid(), PROCESS_STAT_PROCESSOR, &processor), 0);
	assert_true(processor < (uint64_t)sysconf(_SC_NPROCESSORS_CONF));
}

static void test_what_is_not_there_is_an_error(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(process_stat_field(getpid(), 1000, &value), -EPROTO);
	assert_int_equal(process_stat_field(INT32_MAX, 4, &value), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_that_looks_like_fields_does_not_matter),
		cmocka_unit_test(test_start_and_processor_are_told),
		cmocka_unit_test(test_what_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
