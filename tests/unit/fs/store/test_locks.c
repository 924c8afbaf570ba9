/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sys/wait.h>

#include "fs/base/clock.h"
#include "fs/store/locks.h"
#include "fs/store/store_internal.h"
#include "tests/unit/fs/store/fixture.h"

static void test_any_number_share_and_none_beside_the_one(void **state)
{
	struct fixture *f = *state;
	struct store *other = fixture_open(f->path, 0);
	struct store_lock first, second, alone;

	assert_ok(store_lock_shared(f->store, &first, &f->err), f->err);
	assert_ok(store_lock_shared(f->store, &second, &f->err), f->err);
	assert_int_equal(store_lock_exclusive(other, false, &alone, &f->err), -EWOULDBLOCK);
	store_lock_release(f->store, &first);
	assert_int_equal(store_lock_exclusive(other, false, &alone, &f->err), -EWOULDBLOCK);
	store_lock_release(f->store, &second);
	assert_ok(store_lock_exclusive(other, false, &alone, &f->err), f->err);
	store_lock_release(other, &alone);
	assert_ok(store_lock_shared(f->store, &first, &f->err), f->err);
	store_lock_release(f->store, &first);
	store_close(other);
}

static void test_whoever_shares_cannot_wait_for_being_alone(void **state)
{
	struct fixture *f = *state;
	struct store_lock shared, alone;

	assert_ok(store_lock_shared(f->store, &shared, &f->err), f->err);
	assert_int_equal(store_lock_exclusive(f->store, true, &alone, &f->err), -EDEADLK);
	store_lock_release(f->store, &shared);
	assert_ok(store_lock_exclusive(f->store, true, &alone, &f->err), f->err);
	store_lock_release(f->store, &alone);
}

static void *take_alone(void *argument)
{
	struct fixture *f = argument;
	struct store_lock lock;
	struct error err = { 0 };

	if (store_lock_exclusive(f->store, true, &lock, &err) < 0)
		return argument;
	store_lock_release(f->store, &lock);
	return NULL;
}

/* A long transaction must not shut out others because a collector waits for it to end. */
static void test_newcomers_get_through_while_a_long_transaction_is_waited_for(void **state)
{
	struct fixture *f = *state;
	struct store *other = fixture_open(f->path, 0);
	struct store_lock mine, newcomer;
	uint64_t start;
	pthread_t thread;
	void *failure;

	assert_ok(store_lock_shared(f->store, &mine, &f->err), f->err);
	assert_int_equal(pthread_create(&thread, NULL, take_alone, f), 0);
	usleep(20000);
	start = clock_monotonic_ns();
	assert_ok(store_lock_shared(other, &newcomer, &f->err), f->err);
	assert_true(clock_monotonic_ns() - start < 2000000000);
	store_lock_release(other, &newcomer);
	store_lock_release(f->store, &mine);
	assert_int_equal(pthread_join(thread, &failure), 0);
	assert_null(failure);
	store_close(other);
}

/* Neither must a thread wait at the gate for one that waits for its own first transaction. */
static void test_a_second_transaction_of_a_thread_does_not_wait_at_the_gate(void **state)
{
	struct fixture *f = *state;
	struct store_lock first, second;
	uint64_t start;
	pthread_t thread;

	assert_ok(store_lock_shared(f->store, &first, &f->err), f->err);
	assert_int_equal(pthread_create(&thread, NULL, take_alone, f), 0);
	usleep(20000);
	start = clock_monotonic_ns();
	for (int i = 0; i < 100; i++) {
		assert_ok(store_lock_shared(f->store, &second, &f->err), f->err);
		store_lock_release(f->store, &second);
	}
	assert_true(clock_monotonic_ns() - start < 60000000);
	store_lock_release(f->store, &first);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_a_dead_process_holds_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_lock lock;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *own = NULL;

		if (store_open(f->path, 0, &own, NULL) < 0 ||
		    store_lock_shared(own, &lock, NULL) < 0)
			_exit(1);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_ok(store_lock_exclusive(f->store, false, &lock, &f->err), f->err);
	store_lock_release(f->store, &lock);
}

static void test_the_generation_counts(void **state)
{
	struct fixture *f = *state;
	uint64_t generation;

	assert_ok(store_generation_read(f->store, &generation, &f->err), f->err);
	assert_int_equal(generation, 0);
	assert_ok(store_generation_bump(f->store, &f->err), f->err);
	assert_ok(store_generation_read(f->store, &generation, &f->err), f->err);
	assert_int_equal(generation, 2);
	assert_ok(store_generation_write(f->store, UINT64_MAX - 1, &f->err), f->err);
	assert_ok(store_generation_read(f->store, &generation, &f->err), f->err);
	assert_int_equal(generation, UINT64_MAX - 1);
}

static void test_an_odd_generation_is_made_even_by_the_next(void **state)
{
	struct fixture *f = *state;
	struct store_lock lock;
	uint64_t generation;

	assert_ok(store_generation_write(f->store, 5, &f->err), f->err);
	assert_ok(store_lock_shared(f->store, &lock, &f->err), f->err);
	store_lock_release(f->store, &lock);
	assert_ok(store_generation_read(f->store, &generation, &f->err), f->err);
	assert_int_equal(generation, 6);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_any_number_share_and_none_beside_the_one),
		test(test_whoever_shares_cannot_wait_for_being_alone),
		test(test_newcomers_get_through_while_a_long_transaction_is_waited_for),
		test(test_a_second_transaction_of_a_thread_does_not_wait_at_the_gate),
		test(test_a_dead_process_holds_nothing),
		test(test_the_generation_counts),
		test(test_an_odd_generation_is_made_even_by_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
