/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/fault.h"
#include "fs/base/lockfile.h"
#include "tests/unit/fs/store/fixture.h"

static struct object_id commit_state(struct fixture *f, uint32_t seed, const char *ref)
{
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_state(f, txn, seed, 20);

	if (ref)
		fixture_set_ref(f, txn, ref, &id);
	fixture_commit(f, txn);
	return id;
}

static struct object_id id_of_noise(uint32_t seed, size_t size)
{
	cleanup_free char *data = noise(seed, size);

	return object_id_of(data, size);
}

static void test_what_nothing_refers_to_is_deleted(void **state)
{
	struct fixture *f = *state;
	struct object_id kept = commit_state(f, 1, "tag/kept");
	struct object_id dead = commit_state(f, 2, NULL);
	struct object_id large = id_of_noise(2999, STORE_LOOSE_MIN + 2);
	struct gc_stats stats;

	assert_true(fixture_has(f, &large));
	stats = fixture_gc(f);
	assert_true(fixture_has(f, &kept));
	assert_false(fixture_has(f, &dead));
	assert_false(fixture_has(f, &large));
	assert_int_equal(stats.objects_kept, 23);
	assert_int_equal(stats.objects_deleted, 23);
	assert_true(stats.bytes_deleted > STORE_LOOSE_MIN);
	assert_int_equal(stats.packs_before, 2);
	assert_int_equal(stats.packs_after, 1);
	assert_clean(f->store);
}

static void test_what_is_deleted_in_turns_is_counted_too(void **state)
{
	struct fixture *f = *state;
	struct gc_stats stats;

	(void)commit_state(f, 2, NULL);
	(void)commit_state(f, 3, NULL);
	setenv("VARVE_FAULT", "gc.turn:EIO@2", 1); /* the first turn ends after one of them */
	fault_init();
	stats = fixture_gc(f);
	unsetenv("VARVE_FAULT");
	fault_init();
	assert_int_equal(stats.objects_deleted, 2 * 23);
	assert_int_equal(stats.objects_kept, 0);
	assert_int_equal(stats.packs_before, 2);
	assert_int_equal(stats.packs_after, 0);
}

static void test_a_dry_run_counts_and_deletes_nothing(void **state)
{
	struct fixture *f = *state;
	struct object_id dead = commit_state(f, 2, NULL);
	struct gc_options options = { .dry_run = true };
	struct gc_stats stats;

	assert_ok(store_gc(f->store, &options, &stats, &f->err), f->err);
	assert_int_equal(stats.objects_deleted, 23);
	assert_true(fixture_has(f, &dead));
}

static void test_a_deleted_ref_lets_go_of_its_state(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_state(f, 1, "tag/x");

	(void)fixture_gc(f);
	assert_true(fixture_has(f, &id));
	assert_int_equal(store_ref_delete(f->store, "tag/x", &f->err), 1);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &id));
}

static void test_a_parent_lives_as_long_as_its_child(void **state)
{
	struct fixture *f = *state;
	struct object_id parent = commit_state(f, 1, NULL), blob, dir, child;
	struct store_txn *txn = fixture_begin(f);

	blob = fixture_put_noise(f, txn, 77, 1000);
	dir = fixture_put_dir(f, txn, &blob, 1);
	child = fixture_put_snapshot(f, txn, &dir, &parent);
	fixture_set_ref(f, txn, "pin/child", &child);
	fixture_commit(f, txn);
	(void)fixture_gc(f);
	assert_true(fixture_has(f, &parent));
	assert_clean(f->store);
}

static void test_a_step_keeps_its_state_until_it_is_removed(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct step_record step = { .key = object_id_of("key", 3), .created_s = 1 };

	step.snapshot = fixture_put_state(f, txn, 3, 5);
	store_txn_add_step(txn, &step);
	fixture_commit(f, txn);
	(void)fixture_gc(f);
	assert_true(fixture_has(f, &step.snapshot));
	assert_ok(store_step_remove(f->store, &step.key, 1, &f->err), f->err);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &step.snapshot));
}

static void test_what_a_living_lease_holds_stays(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_state(f, 1, NULL);
	struct store_lease *other = NULL;

	assert_ok(store_lease_begin(f->store, &other, &f->err), f->err);
	assert_ok(store_lease_hold(other, &id, &f->err), f->err);
	(void)fixture_gc(f);
	assert_true(fixture_has(f, &id));
	assert_clean(f->store);
	store_lease_end(other);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &id));
	assert_int_equal(store_lease_hold(f->lease, &id, &f->err), -ENOENT);
}

static void test_a_commit_can_add_to_the_lease_of_another(void **state)
{
	struct fixture *f = *state;
	struct store_lease *other = NULL;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_state(f, txn, 4, 4);

	assert_ok(store_lease_begin(f->store, &other, &f->err), f->err);
	assert_ok(store_txn_hold(txn, store_lease_name(other), &id, &f->err), f->err);
	fixture_commit(f, txn);
	(void)fixture_gc(f);
	assert_true(fixture_has(f, &id));
	store_lease_end(other);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &id));
}

/* The cache of another process must not tell a transaction that what was deleted is there. */
static void test_a_transaction_stores_again_what_was_deleted_behind_its_back(void **state)
{
	struct fixture *f = *state;
	struct store *other = fixture_open(f->path, 0);
	struct gc_options options = { 0 };
	struct gc_stats stats;
	struct object_id id;

	for (uint32_t i = 0; i < 30; i++) {
		id = commit_state(f, 1, NULL);
		assert_true(fixture_has(f, &id));
		assert_ok(store_gc(other, &options, &stats, &f->err), f->err);
		id = commit_state(f, 1, "cache/x/1");
		assert_clean(other);
		assert_int_equal(store_ref_delete(f->store, "cache/x/1", &f->err), 1);
		assert_ok(store_gc(other, &options, &stats, &f->err), f->err);
	}
	store_close(other);
}

/* Half of a pack dies: the living half is written anew, and nothing of the dead is found any more. */
static void test_a_pack_with_few_living_objects_is_written_anew(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id ids[300], kept;

	for (uint32_t i = 0; i < 300; i++)
		ids[i] = fixture_put_noise(f, txn, i, 20000);
	kept = fixture_put_dir(f, txn, ids, 20);
	fixture_set_ref(f, txn, "tag/x", &kept);
	fixture_commit(f, txn);
	assert_int_equal(count_entries(f, "packs"), 2);
	(void)fixture_gc(f);
	assert_int_equal(count_entries(f, "packs"), 2);
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(fixture_has(f, &ids[i]), i < 20);
	assert_clean(f->store);
}

/* A dead directory in a pack that is worth keeping could be found and relied upon, though what it
 * refers to is gone. */
static void test_a_dead_directory_is_not_found_after_its_files_went(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id blobs[40], large, dead, kept;

	for (uint32_t i = 0; i < 40; i++)
		blobs[i] = fixture_put_noise(f, txn, i, 2000);
	large = fixture_put_noise(f, txn, 1000, 200000);
	kept = fixture_put_dir(f, txn, blobs, 40);
	dead = fixture_put_dir(f, txn, &large, 1);
	fixture_set_ref(f, txn, "tag/x", &kept);
	fixture_commit(f, txn);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &large));
	assert_false(fixture_has(f, &dead));
	assert_int_equal(store_lease_hold(f->lease, &dead, &f->err), -ENOENT);
	assert_true(fixture_has(f, &kept));
	assert_clean(f->store);
}

static void test_a_lost_object_forbids_deleting(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_state(f, 1, "tag/x"), dead = commit_state(f, 2, NULL);
	struct object_id large = id_of_noise(1999, STORE_LOOSE_MIN + 1);
	struct id_hex hex = object_id_hex(&large);
	cleanup_free char *path = xasprintf("%s/objects/%.2s/%s", f->path, hex.text, hex.text + 2);
	struct gc_options options = { 0 };
	struct gc_stats stats;

	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_gc(f->store, &options, &stats, &f->err), -EBADMSG);
	assert_non_null(strstr(f->err.text, "tag/x"));
	assert_non_null(strstr(f->err.text, hex.text));
	assert_non_null(strstr(f->err.text, "varve fsck"));
	assert_true(fixture_has(f, &id));
	assert_true(fixture_has(f, &dead));
}

static void test_a_second_collector_is_turned_away(void **state)
{
	struct fixture *f = *state;
	struct gc_options options = { 0 };
	struct gc_stats stats;
	cleanup_free char *path = xasprintf("%s/gc.lock", f->path);
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(lockfile_lock(fd, LOCKFILE_EXCLUSIVE), 0);
	assert_int_equal(store_gc(f->store, &options, &stats, &f->err), -EWOULDBLOCK);
	assert_ok(store_pack_rollup(f->store, &f->err), f->err);
}

static void test_collecting_inside_a_transaction_of_ones_own_is_refused(void **state)
{
	struct fixture *f = *state;
	struct object_id dead = commit_state(f, 2, NULL);
	struct store_txn *txn = fixture_begin(f);
	struct gc_options options = { 0 };
	struct gc_stats stats;

	assert_int_equal(store_gc(f->store, &options, &stats, &f->err), -EDEADLK);
	store_txn_free(txn);
	assert_true(fixture_has(f, &dead));
}

/* A file with the bytes of a directory is a file. But when a directory with those bytes is named as
 * one, its files must live. */
static void test_bytes_that_are_file_and_directory_keep_what_the_directory_names(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct store_txn *txn = fixture_begin(f);
	struct object_id blob = fixture_put_noise(f, txn, 5, 200000), dir, outer, snapshot;

	dir = fixture_put_dir(f, txn, &blob, 1);
	fixture_commit(f, txn);
	assert_ok(store_read(f->store, &dir, OBJECT_DIR, 1000, &bytes, &f->err), f->err);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &dir));

	/* First as a file only. */
	txn = fixture_begin(f);
	(void)fixture_put(f, txn, OBJECT_BLOB, bytes.data, bytes.length);
	outer = fixture_put_dir(f, txn, &dir, 1);
	fixture_set_ref(f, txn, "tag/file", &outer);
	fixture_commit(f, txn);
	assert_clean(f->store);
	(void)fixture_gc(f);

	/* Then also as a directory. */
	txn = fixture_begin(f);
	(void)fixture_put_noise(f, txn, 5, 200000);
	(void)fixture_put_dir(f, txn, &blob, 1);
	snapshot = fixture_put_snapshot(f, txn, &dir, NULL);
	fixture_set_ref(f, txn, "tag/a-dir", &snapshot);
	fixture_set_ref(f, txn, "tag/z-dir", &snapshot);
	fixture_commit(f, txn);
	(void)fixture_gc(f);
	(void)fixture_gc(f);
	assert_true(fixture_has(f, &blob));
	assert_clean(f->store);
}

static void test_pages_of_large_directories_live(void **state)
{
	struct fixture *f = *state;
	struct object_id *blobs = xcalloc(3000, sizeof *blobs);
	struct store_txn *txn = fixture_begin(f);
	struct object_id dir;

	for (uint32_t i = 0; i < 3000; i++)
		blobs[i] = fixture_put_noise(f, txn, i, 50);
	dir = fixture_put_dir(f, txn, blobs, 3000);
	fixture_set_ref(f, txn, "tag/x", &dir);
	fixture_commit(f, txn);
	(void)commit_state(f, 9, NULL);
	(void)fixture_gc(f);
	for (uint32_t i = 0; i < 3000; i++)
		assert_true(fixture_has(f, &blobs[i]));
	assert_clean(f->store);
	free(blobs);
}

static void test_many_small_packs_are_put_together(void **state)
{
	struct fixture *f = *state;
	struct object_id ids[60];

	for (uint32_t i = 0; i < 60; i++) {
		char name[32];

		snprintf(name, sizeof name, "cache/%u/1", i);
		ids[i] = commit_state(f, i, name);
		assert_ok(store_pack_rollup(f->store, &f->err), f->err);
		assert_true(count_entries(f, "packs") <= 17);
	}
	assert_clean(f->store);
	fixture_reopen(f);
	for (uint32_t i = 0; i < 60; i++)
		assert_true(fixture_has(f, &ids[i]));
	(void)fixture_gc(f);
	assert_clean(f->store);
	for (uint32_t i = 0; i < 60; i++)
		assert_true(fixture_has(f, &ids[i]));
}

static void test_copies_in_several_packs_become_one(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txns[20];
	struct object_id id;

	for (int i = 0; i < 20; i++) {
		txns[i] = fixture_begin(f);
		id = fixture_put_state(f, txns[i], 1, 20);
	}
	fixture_set_ref(f, txns[0], "tag/x", &id);
	for (int i = 0; i < 20; i++)
		fixture_commit(f, txns[i]);
	assert_int_equal(count_entries(f, "packs"), 20);
	(void)fixture_gc(f);
	assert_int_equal(count_entries(f, "packs"), 1);
	assert_true(fixture_has(f, &id));
	assert_clean(f->store);
}

static void test_leftovers_of_the_dead_are_removed(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *lease = xasprintf("%s/leases/0123456789abcdef0123456789abcdef", f->path);
	cleanup_free char *dir = xasprintf("%s/tmp/0123456789abcdef0123456789abcdef/x", f->path);
	cleanup_free char *stray = xasprintf("%s/tmp/fedcba9876543210fedcba9876543210", f->path);

	assert_int_equal(file_replace(AT_FDCWD, lease, "", 0, 0600, false), 0);
	assert_int_equal(dir_make_all(dir, 0700), 0);
	assert_int_equal(dir_make_all(stray, 0700), 0);
	assert_int_equal(count_entries(f, "tmp"), 3);
	(void)fixture_gc(f);
	assert_int_equal(count_entries(f, "tmp"), 1);
	assert_int_equal(count_entries(f, "leases"), 1);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(stray, F_OK), -1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_what_nothing_refers_to_is_deleted),
		test(test_what_is_deleted_in_turns_is_counted_too),
		test(test_a_dry_run_counts_and_deletes_nothing),
		test(test_a_deleted_ref_lets_go_of_its_state),
		test(test_a_parent_lives_as_long_as_its_child),
		test(test_a_step_keeps_its_state_until_it_is_removed),
		test(test_what_a_living_lease_holds_stays),
		test(test_a_commit_can_add_to_the_lease_of_another),
		test(test_a_transaction_stores_again_what_was_deleted_behind_its_back),
		test(test_a_pack_with_few_living_objects_is_written_anew),
		test(test_a_dead_directory_is_not_found_after_its_files_went),
		test(test_a_lost_object_forbids_deleting),
		test(test_a_second_collector_is_turned_away),
		test(test_collecting_inside_a_transaction_of_ones_own_is_refused),
		test(test_bytes_that_are_file_and_directory_keep_what_the_directory_names),
		test(test_pages_of_large_directories_live),
		test(test_many_small_packs_are_put_together),
		test(test_copies_in_several_packs_become_one),
		test(test_leftovers_of_the_dead_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
