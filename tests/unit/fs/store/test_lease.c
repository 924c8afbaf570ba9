/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/wait.h>

#include "fs/store/lease.h"
#include "fs/store/store_internal.h"
#include "tests/unit/fs/store/fixture.h"

static struct object_id commit_blob(struct fixture *f, uint32_t seed)
{
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_noise(f, txn, seed, 100);

	fixture_commit(f, txn);
	return id;
}

static size_t count_held(struct fixture *f)
{
	struct id_list ids = { 0 };
	size_t count;

	assert_ok(lease_read_all(f->store, &ids, &f->err), f->err);
	count = ids.count;
	id_list_release(&ids);
	return count;
}

static void test_what_is_held_is_written_once(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_blob(f, 1), other = commit_blob(f, 2);

	assert_ok(store_lease_hold(f->lease, &id, &f->err), f->err);
	assert_ok(store_lease_hold(f->lease, &id, &f->err), f->err);
	assert_ok(store_lease_hold(f->lease, &other, &f->err), f->err);
	assert_int_equal(count_held(f), 2);
}

static void test_what_is_missing_cannot_be_held(void **state)
{
	struct fixture *f = *state;
	struct object_id id = object_id_of("nothing", 7);

	assert_int_equal(store_lease_hold(f->lease, &id, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, object_id_hex(&id).text));
	assert_int_equal(count_held(f), 0);
}

static void test_an_ended_lease_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_lease *lease = NULL;

	assert_ok(store_lease_begin(f->store, &lease, &f->err), f->err);
	assert_int_equal(file_replace(store_lease_tmp_fd(lease), "x", "x", 1, 0600, false), 0);
	assert_int_equal(count_entries(f, "leases"), 2);
	assert_int_equal(count_entries(f, "tmp"), 2);
	store_lease_end(lease);
	assert_int_equal(count_entries(f, "leases"), 1);
	assert_int_equal(count_entries(f, "tmp"), 1);
}

/* Begin a lease that holds `id`, in a process that dies at once. */
static void leave_dead_lease(struct fixture *f, const struct object_id *id)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct store *store = NULL;
		struct store_lease *lease = NULL;

		if (store_open(f->path, 0, &store, NULL) == 0 &&
		    store_lease_begin(store, &lease, NULL) == 0 &&
		    store_lease_hold(lease, id, NULL) == 0)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_what_the_dead_held_does_not_count(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_blob(f, 1);

	leave_dead_lease(f, &id);
	assert_int_equal(count_entries(f, "leases"), 2);
	assert_int_equal(count_held(f), 0);
	(void)fixture_gc(f);
	assert_false(fixture_has(f, &id));
	assert_int_equal(count_entries(f, "leases"), 1);
	assert_int_equal(count_entries(f, "tmp"), 1);
}

static void test_whoever_begins_a_lease_clears_away_a_few_dead_ones(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_blob(f, 1);
	struct store_lease *lease = NULL;

	leave_dead_lease(f, &id);
	assert_ok(store_lease_begin(f->store, &lease, &f->err), f->err);
	assert_int_equal(count_entries(f, "leases"), 2);
	store_lease_end(lease);
}

static void test_a_torn_line_does_not_spoil_the_next(void **state)
{
	struct object_id a = object_id_of("a", 1), b = object_id_of("b", 1);
	cleanup_with(buf_release) struct buf text = { 0 };
	struct id_list ids = { 0 };

	(void)state;
	buf_add_format(&text, "%s\n", object_id_hex(&a).text);
	buf_append(&text, object_id_hex(&b).text, 30);
	buf_add_format(&text, "%s\n", object_id_hex(&b).text);
	buf_append(&text, object_id_hex(&a).text, 63);
	lease_parse(text.data, text.length, &ids);
	assert_int_equal(ids.count, 2);
	assert_true(object_id_equal(&ids.items[0], &a));
	assert_true(object_id_equal(&ids.items[1], &b));
	id_list_release(&ids);
}

static void test_holding_for_a_lease_that_ended_is_fine(void **state)
{
	struct fixture *f = *state;
	struct object_id id = commit_blob(f, 1);
	struct store_txn *txn = fixture_begin(f);

	assert_ok(store_txn_hold(txn, "0123456789abcdef0123456789abcdef", &id, &f->err), f->err);
	assert_int_equal(store_txn_hold(txn, "../../etc/passwd", &id, &f->err), -EINVAL);
	fixture_commit(f, txn);
	assert_int_equal(count_entries(f, "leases"), 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_what_is_held_is_written_once),
		test(test_what_is_missing_cannot_be_held),
		test(test_an_ended_lease_leaves_nothing),
		test(test_what_the_dead_held_does_not_count),
		test(test_whoever_begins_a_lease_clears_away_a_few_dead_ones),
		cmocka_unit_test(test_a_torn_line_does_not_spoil_the_next),
		test(test_holding_for_a_lease_that_ended_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
