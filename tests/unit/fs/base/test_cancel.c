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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_goes_on_until_somebody_says_otherwise),
		cmocka_unit_test(test_without_a_descriptor_nothing_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
