/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/eventfd.h>

#include "fs/base/cancel.h"
#include "fs/base/cleanup.h"
#include "fs/base/error.h"
#include "tests/lib/unit.h"

static void test_work_goes_on_until_somebody_says_otherwise(void **state)
{
	cleanup_fd int fd = eventfd(0, EFD_CLOEXEC);
	struct error err = { 0 };

	(void)state;
	assert_false(cancelled(fd));
	assert_int_equal(cancel_check(fd, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_true(cancelled(fd));
	/* To each who asks, and as often as he does. */
	assert_int_equal(cancel_check(fd, &err), -ECANCELED);
	assert_int_equal(cancel_check(fd, NULL), -ECANCELED);
	assert_string_equal(err.text, "cancelled");
}

static void test_without_a_descriptor_nothing_is_cancelled(void **state)
{
	(void)state;
	assert_false(cancelled(-1));
	assert_int_equal(cancel_check(-1, NULL), 0);
}

static void test_two_reasons_make_one_descriptor(void **state)
{
	cleanup_fd int one = eventfd(0, EFD_CLOEXEC), other = eventfd(0, EFD_CLOEXEC);
	cleanup_fd int either = -1, alone = -1;

	(void)state;
	assert_int_equal(cancel_join(one, other, &either), 0);
	assert_int_equal(cancel_join(-1, other, &alone), 0);
	assert_false(cancelled(either));
	assert_int_equal(eventfd_write(one, 1), 0);
	assert_true(cancelled(either));
	assert_true(cancelled(either));
	assert_false(cancelled(other));
	assert_false(cancelled(alone));
	assert_int_equal(eventfd_write(other, 1), 0);
	assert_true(cancelled(alone));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_goes_on_until_somebody_says_otherwise),
		cmocka_unit_test(test_two_reasons_make_one_descriptor),
		cmocka_unit_test(test_without_a_descriptor_nothing_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
