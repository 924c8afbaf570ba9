/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/step_file.h"
#include "fs/store/step_index.h"
#include "fs/store/steps.h"
#include "tests/unit/fs/store/fixture.h"

static struct object_id key_of(uint32_t number)
{
	return object_id_of(&number, sizeof number);
}

static struct step_record add(struct fixture *f, uint32_t key, uint32_t seed, int64_t created_s,
			      unsigned flags)
{
	struct store_txn *txn = fixture_begin(f);
	struct step_record record = {
		.key = key_of(key), .created_s = created_s, .cost_ms = seed, .flags = flags
	};

	record.snapshot = fixture_put_noise(f, txn, seed, 100);
	store_txn_add_step(txn, &record);
	fixture_commit(f, txn);
	return record;
}

static void assert_hit(struct fixture *f, struct store *store, uint32_t key, uint32_t seed)
{
	struct object_id id = key_of(key);
	struct step_record got;

	assert_int_equal(store_step_find(store, &id, &got, &f->err), 1);
	assert_int_equal(got.cost_ms, seed);
}

static void assert_miss(struct fixture *f, struct store *store, uint32_t key)
{
	struct object_id id = key_of(key);
	struct step_record got;

	assert_int_equal(store_step_find(store, &id, &got, &f->err), 0);
}

static size_t count_in_force(struct fixture *f)
{
	struct step_list steps = { 0 };
	size_t count;

	assert_ok(store_step_list(f->store, &steps, &f->err), f->err);
	count = steps.count;
	step_list_release(&steps);
	return count;
}

static void test_the_newest_success_is_the_hit(void **state)
{
	struct fixture *f = *state;

	assert_miss(f, f->store, 1);
	(void)add(f, 1, 10, 100, 0);
	(void)add(f, 1, 11, 200, 0);
	(void)add(f, 1, 12, 150, 0);
	(void)add(f, 2, 13, 100, STEP_SECRET);
	assert_hit(f, f->store, 1, 11);
	assert_hit(f, f->store, 2, 13);
	assert_int_equal(count_in_force(f), 2);
}

static void test_of_one_second_the_later_is_newer(void **state)
{
	struct fixture *f = *state;
	struct object_id nothing = key_of(99);

	(void)add(f, 1, 10, 100, 0);
	(void)add(f, 1, 11, 100, 0);
	assert_hit(f, f->store, 1, 11);
	assert_ok(store_step_remove(f->store, &nothing, 1, &f->err), f->err);
	assert_hit(f, f->store, 1, 11);
	(void)add(f, 1, 12, 100, 0);
	assert_hit(f, f->store, 1, 12);
}

static void test_a_failure_is_no_hit_and_hides_none(void **state)
{
	struct fixture *f = *state;
	struct object_id nothing = key_of(99);

	(void)add(f, 1, 10, 100, STEP_FAILED);
	assert_miss(f, f->store, 1);
	(void)add(f, 1, 11, 200, 0);
	(void)add(f, 1, 12, 300, STEP_FAILED);
	for (int round = 0; round < 2; round++) {
		assert_hit(f, f->store, 1, 11);
		assert_int_equal(count_in_force(f), 3);
		/* And the same out of the table. */
		assert_ok(store_step_remove(f->store, &nothing, 1, &f->err), f->err);
	}
}

static void test_removing_takes_all_records_of_the_keys(void **state)
{
	struct fixture *f = *state;
	struct object_id keys[2] = { key_of(1), key_of(3) };

	(void)add(f, 1, 10, 100, 0);
	(void)add(f, 1, 11, 100, STEP_FAILED);
	(void)add(f, 2, 12, 100, 0);
	(void)add(f, 3, 13, 100, 0);
	assert_ok(store_step_remove(f->store, keys, 2, &f->err), f->err);
	assert_miss(f, f->store, 1);
	assert_hit(f, f->store, 2, 12);
	assert_miss(f, f->store, 3);
	assert_int_equal(count_in_force(f), 1);
	(void)add(f, 1, 14, 100, 0);
	assert_hit(f, f->store, 1, 14);
}

static void test_another_process_follows_appends_and_mergers(void **state)
{
	struct fixture *f = *state;
	struct store *other = fixture_open(f->path, 0);

	for (uint32_t i = 0; i < 50; i++) {
		struct object_id old = key_of(i - 1);

		assert_miss(f, other, i);
		(void)add(f, i, i, 100, 0);
		assert_hit(f, other, i, i);
		if (i % 7 == 6) {
			assert_ok(store_step_remove(f->store, &old, 1, &f->err), f->err);
			assert_miss(f, other, i - 1);
		}
		assert_hit(f, other, 0, 0);
	}
	store_close(other);
}

static void test_a_long_log_goes_into_the_table(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *log = xasprintf("%s/steps.log", f->path);
	struct store_txn *txn = fixture_begin(f);
	struct step_record record = { .created_s = 5 };
	struct stat st;

	record.snapshot = fixture_put_noise(f, txn, 1, 100);
	for (uint32_t i = 0; i < 3000; i++) {
		record.key = key_of(i);
		record.cost_ms = i;
		store_txn_add_step(txn, &record);
	}
	fixture_commit(f, txn);
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_size, 0);
	for (uint32_t i = 0; i < 3000; i += 13)
		assert_hit(f, f->store, i, i);
	assert_int_equal(count_in_force(f), 3000);
	(void)add(f, 5, 77, 6, 0);
	assert_hit(f, f->store, 5, 77);
	assert_clean(f->store);
}

static void test_a_step_without_its_state_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct step_record record = { .key = key_of(1), .snapshot = key_of(2) };

	store_txn_add_step(txn, &record);
	assert_int_equal(store_txn_commit(txn, &f->err), -ENOENT);
	store_txn_free(txn);
	assert_miss(f, f->store, 1);
}

static void test_torn_records_are_skipped(void **state)
{
	uint8_t log[STEP_RECORD_SIZE * 5];
	struct step_record record = { .cost_ms = 1 }, got;
	size_t offset = 0;

	(void)state;
	/* One, half of one, one, one with a flipped bit, and the beginning of one. */
	step_record_encode(&record, log);
	memcpy(log + 88, log, 44);
	memcpy(log + 132, log, 88);
	memcpy(log + 220, log, 88);
	log[250] ^= 4;
	memcpy(log + 308, log, 50);
	assert_true(step_log_next(log, 358, &offset, &got));
	assert_true(step_log_next(log, 358, &offset, &got));
	assert_int_equal(offset, 220);
	assert_false(step_log_next(log, 358, &offset, &got));
	assert_int_equal(offset, 308);
	memcpy(log + 358, log + 50, 38);
	assert_true(step_log_next(log, 396, &offset, &got));
	assert_int_equal(offset, 396);
}

static void test_a_damaged_table_gives_misses_and_loses_no_sound_record(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *path = xasprintf("%s/steps.tab", f->path);
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id nothing = key_of(99);

	for (uint32_t i = 0; i < 10; i++)
		(void)add(f, i, i, 100, 0);
	assert_ok(store_step_remove(f->store, &nothing, 1, &f->err), f->err);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &bytes), 0);
	assert_int_equal(bytes.length, 16 + 10 * STEP_RECORD_SIZE + 16);
	bytes.data[16 + 40] ^= 1; /* a snapshot's id */
	assert_int_equal(file_replace(AT_FDCWD, path, bytes.data, bytes.length, 0600, false), 0);
	fixture_reopen(f);
	assert_int_equal(count_in_force(f), 9);
	/* The head gone: nothing is found any more, until the table is written again. */
	bytes.data[0] ^= 1;
	assert_int_equal(file_replace(AT_FDCWD, path, bytes.data, bytes.length, 0600, false), 0);
	fixture_reopen(f);
	for (uint32_t i = 0; i < 10; i++)
		assert_miss(f, f->store, i);
	assert_ok(store_step_remove(f->store, &nothing, 1, &f->err), f->err);
	assert_int_equal(count_in_force(f), 9);
}

static void test_absurd_tables_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct step_list list = { 0 };
	struct step_record record = { 0 }, got;
	struct step_table table;

	(void)state;
	step_list_add(&list, &record);
	step_table_encode(&list, &bytes);
	assert_int_equal(step_table_parse((uint8_t *)bytes.data, bytes.length, &table, NULL), 0);
	assert_true(step_table_is_sound((uint8_t *)bytes.data, bytes.length));
	assert_true(step_table_find(&table, &record.key, &got));
	for (size_t size = 0; size < bytes.length; size++)
		assert_int_equal(step_table_parse((uint8_t *)bytes.data, size, &table, NULL),
				 -EBADMSG);
	bytes.data[12] = 2;
	assert_int_equal(step_table_parse((uint8_t *)bytes.data, bytes.length, &table, NULL),
			 -EBADMSG);
	step_list_release(&list);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_the_newest_success_is_the_hit),
		test(test_of_one_second_the_later_is_newer),
		test(test_a_failure_is_no_hit_and_hides_none),
		test(test_removing_takes_all_records_of_the_keys),
		test(test_another_process_follows_appends_and_mergers),
		test(test_a_long_log_goes_into_the_table),
		test(test_a_step_without_its_state_is_refused),
		cmocka_unit_test(test_torn_records_are_skipped),
		test(test_a_damaged_table_gives_misses_and_loses_no_sound_record),
		cmocka_unit_test(test_absurd_tables_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
