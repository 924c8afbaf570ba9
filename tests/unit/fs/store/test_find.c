/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "tests/unit/fs/store/fixture.h"

#define FINDERS 4
#define OBJECTS 100

/* Threads that use one open store. */
struct finding {
	struct store *store;
	const struct object_id *ids;
	pthread_barrier_t turn;
	int missing[FINDERS];
};

struct finder {
	struct finding *finding;
	unsigned number;
};

/* Two waits for each object: it is committed between them. */
static void *find_all(void *context)
{
	const struct finder *finder = context;
	struct finding *finding = finder->finding;

	for (size_t i = 0; i < OBJECTS; i++) {
		struct object_info info;

		pthread_barrier_wait(&finding->turn);
		pthread_barrier_wait(&finding->turn);
		if (store_stat(finding->store, &finding->ids[i], &info, NULL) != 1)
			finding->missing[finder->number]++;
	}
	return NULL;
}

static void test_threads_that_look_at_once_all_find_what_another_process_has_committed(void **state)
{
	struct fixture *f = *state;
	struct object_id ids[OBJECTS];
	struct finding finding = { .store = fixture_open(f->path, 0), .ids = ids };
	struct finder finders[FINDERS];
	pthread_t threads[FINDERS];

	pthread_barrier_init(&finding.turn, NULL, FINDERS + 1);
	for (unsigned i = 0; i < FINDERS; i++) {
		finders[i] = (struct finder){ .finding = &finding, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, find_all, &finders[i]), 0);
	}
	for (size_t i = 0; i < OBJECTS; i++) {
		struct store_txn *txn;

		pthread_barrier_wait(&finding.turn);
		txn = fixture_begin(f);
		ids[i] = fixture_put_noise(f, txn, (uint32_t)i, 100);
		fixture_commit(f, txn);
		pthread_barrier_wait(&finding.turn);
	}
	for (unsigned i = 0; i < FINDERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(finding.missing[i], 0);
	}
	pthread_barrier_destroy(&finding.turn);
	store_close(finding.store);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_threads_that_look_at_once_all_find_what_another_process_has_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
