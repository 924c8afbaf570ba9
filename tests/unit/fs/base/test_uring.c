/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "fs/base/clock.h"
#include "fs/base/fd.h"
#include "fs/base/uring.h"
#include "tests/lib/unit.h"

#define ROOM 4

/* NULL where the kernel or a filter forbids rings. */
static struct uring *ring_or_skip(void)
{
	struct uring *uring = NULL;
	int r = uring_new(ROOM, &uring);

	if (r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP) {
		print_message("no io_uring here: %d\n", r);
		skip();
	}
	assert_int_equal(r, 0);
	return uring;
}

static void test_results_come_with_the_token_of_their_request(void **state)
{
	cleanup_with(uring_free) struct uring *uring = ring_or_skip();
	uint64_t token, seen = 0;
	int result;

	(void)state;
	for (int round = 0; round < 10; round++) {
		seen = 0;
		for (uint64_t i = 1; i <= ROOM; i++)
			(void)uring_prepare(uring, IORING_OP_NOP, -1, i);
		assert_int_equal(uring_enter(uring, -1), 0);
		while (uring_next(uring, &token, &result)) {
			assert_int_equal(result, 0);
			seen |= UINT64_C(1) << token;
		}
		assert_int_equal(seen, 0x1e);
	}
}

static void test_a_wait_ends_in_time(void **state)
{
	cleanup_with(uring_free) struct uring *uring = ring_or_skip();
	uint64_t token, before = clock_monotonic_ns();
	int result;

	(void)state;
	assert_int_equal(uring_enter(uring, 0), 0);
	assert_int_equal(uring_enter(uring, 20), 0);
	assert_true(clock_monotonic_ns() - before >= 19000000);
	assert_false(uring_next(uring, &token, &result));
}

static void test_a_descriptor_that_becomes_readable_ends_a_wait(void **state)
{
	cleanup_with(uring_free) struct uring *uring = ring_or_skip();
	int ends[2], result = -1;
	uint64_t token = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	uring_prepare(uring, IORING_OP_POLL_ADD, ends[0], 7)->poll32_events = POLLIN;
	assert_int_equal(uring_enter(uring, 0), 0);
	assert_false(uring_next(uring, &token, &result));
	assert_int_equal(fd_write_all(ends[1], "x", 1), 0);
	assert_int_equal(uring_enter(uring, -1), 0);
	assert_true(uring_next(uring, &token, &result));
	assert_int_equal(token, 7);
	assert_true(result & POLLIN);
	assert_false(uring_next(uring, &token, &result));
	close(ends[0]);
	close(ends[1]);
}

static void test_what_cannot_be_done_is_a_result(void **state)
{
	cleanup_with(uring_free) struct uring *uring = ring_or_skip();
	uint64_t token = 0;
	int result = 0;

	(void)state;
	uring_prepare(uring, IORING_OP_POLL_ADD, 100000, 3)->poll32_events = POLLIN;
	(void)uring_prepare(uring, IORING_OP_NOP, -1, 4);
	assert_int_equal(uring_enter(uring, -1), 0);
	assert_true(uring_next(uring, &token, &result));
	assert_int_equal(token, 3);
	assert_int_equal(result, -EBADF);
	assert_true(uring_next(uring, &token, &result));
	assert_int_equal(token, 4);
	assert_int_equal(result, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results_come_with_the_token_of_their_request),
		cmocka_unit_test(test_a_wait_ends_in_time),
		cmocka_unit_test(test_a_descriptor_that_becomes_readable_ends_a_wait),
		cmocka_unit_test(test_what_cannot_be_done_is_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
