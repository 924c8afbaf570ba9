/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "builder/registry/crew.h"
#include "fs/base/cancel.h"
#include "fs/base/error.h"
#include "tests/lib/unit.h"

static struct error err;

struct task {
	struct crew *crew;
	atomic_uint done[64];
	atomic_uint waiting;
	size_t bad; /* the one that fails */
};

static int count_it(void *context, size_t index, struct error *error)
{
	struct task *task = context;

	(void)error;
	task->done[index]++;
	return 0;
}

static void test_everything_is_done_once(void **state)
{
	cleanup_with(crew_free) struct crew *crew = NULL;
	struct task task = { 0 };

	(void)state;
	assert_ok(crew_new(-1, &crew, &err), err);
	assert_int_equal(crew_run(crew, 4, 64, count_it, &task, &err), 0);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(task.done[i], 1);
}

/* All but the bad one go on until they are told to stop. */
static int wait_or_fail(void *context, size_t index, struct error *error)
{
	struct task *task = context;

	if (index == task->bad) {
		while (task->waiting < 3)
			(void)usleep(1000);
		return error_set(error, -EBADMSG, "the bad one");
	}
	task->waiting++;
	while (!cancelled(crew_cancel_fd(task->crew)))
		(void)usleep(1000);
	return error_set(error, -ECANCELED, "told to");
}

static void test_the_first_failure_stops_the_others_and_is_told(void **state)
{
	cleanup_with(crew_free) struct crew *crew = NULL;
	struct task task = { .bad = 3 };

	(void)state;
	assert_ok(crew_new(-1, &crew, &err), err);
	task.crew = crew;
	assert_int_equal(crew_run(crew, 4, 64, wait_or_fail, &task, &err), -EBADMSG);
	assert_string_equal(err.text, "the bad one");
	assert_int_equal(task.waiting, 3);
}

static void test_it_stops_when_all_is_given_up(void **state)
{
	cleanup_with(crew_free) struct crew *crew = NULL;
	cleanup_fd int fd = eventfd(1, EFD_CLOEXEC);
	struct task task = { .bad = 100 };

	(void)state;
	assert_ok(crew_new(fd, &crew, &err), err);
	task.crew = crew;
	assert_int_equal(crew_run(crew, 4, 64, wait_or_fail, &task, &err), -ECANCELED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_is_done_once),
		cmocka_unit_test(test_the_first_failure_stops_the_others_and_is_told),
		cmocka_unit_test(test_it_stops_when_all_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
