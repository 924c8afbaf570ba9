/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "builder/step/pool.h"
#include "fs/object/id.h"
#include "tests/lib/unit.h"

static struct step_pool *open_pool(unsigned steps, unsigned jobs)
{
	const struct step_pool_limits limits = { .steps = steps, .jobs = jobs };
	struct step_pool *pool;
	struct error err = { 0 };

	assert_ok(step_pool_new(&limits, &pool, &err), err);
	return pool;
}

static void enter(struct step_pool *pool)
{
	struct error err = { 0 };

	assert_ok(step_pool_enter(pool, -1, &err), err);
}

static void test_who_finds_no_place_can_be_cancelled(void **state)
{
	cleanup_with(step_pool_free) struct step_pool *pool = open_pool(2, 0);
	int cancel_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	struct error err = { 0 };

	(void)state;
	enter(pool);
	enter(pool);
	assert_int_equal(step_pool_enter(pool, cancel_fd, &err), -ECANCELED);
	step_pool_leave(pool);
	enter(pool);
	close(cancel_fd);
}

static void *enter_later(void *context)
{
	enter(context);
	return NULL;
}

static void test_a_place_that_is_left_goes_to_who_waits(void **state)
{
	cleanup_with(step_pool_free) struct step_pool *pool = open_pool(1, 0);
	pthread_t thread;

	(void)state;
	enter(pool);
	assert_int_equal(pthread_create(&thread, NULL, enter_later, pool), 0);
	step_pool_leave(pool);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_without_a_limit_nobody_waits(void **state)
{
	cleanup_with(step_pool_free) struct step_pool *pool = open_pool(0, 0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		enter(pool);
	enter(NULL);
	step_pool_leave(NULL);
	assert_null(step_pool_jobserver(pool));
	assert_null(step_pool_jobserver(NULL));
}

static void test_one_run_of_all_builds_may_begin_while_memory_is_short(void **state)
{
	cleanup_with(step_pool_free) struct step_pool *pool = open_pool(0, 0);

	(void)state;
	assert_true(step_pool_begin_run(pool, true));
	assert_false(step_pool_begin_run(pool, true));
	assert_true(step_pool_begin_run(pool, false));
	step_pool_end_run(pool);
	assert_false(step_pool_begin_run(pool, true));
	step_pool_end_run(pool);
	assert_true(step_pool_begin_run(pool, true));
}

static void test_it_knows_its_builds_and_what_they_have_done(void **state)
{
	cleanup_with(step_pool_free) struct step_pool *pool = open_pool(0, 3);
	struct object_id one = object_id_of("one", 3), two = object_id_of("two", 3);

	(void)state;
	step_pool_add_build(pool, "build a");
	step_pool_add_done(pool, &one);
	assert_true(step_pool_has_build(pool, "build a"));
	assert_false(step_pool_has_build(pool, "build"));
	assert_true(step_pool_is_done(pool, &one));
	assert_false(step_pool_is_done(pool, &two));
	assert_non_null(step_pool_jobserver(pool));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_finds_no_place_can_be_cancelled),
		cmocka_unit_test(test_a_place_that_is_left_goes_to_who_waits),
		cmocka_unit_test(test_without_a_limit_nobody_waits),
		cmocka_unit_test(test_one_run_of_all_builds_may_begin_while_memory_is_short),
		cmocka_unit_test(test_it_knows_its_builds_and_what_they_have_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
