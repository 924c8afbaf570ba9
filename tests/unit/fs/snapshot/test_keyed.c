/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "fs/base/fault.h"
#include "fs/base/lockfile.h"
#include "fs/snapshot/keyed.h"
#include "fs/snapshot/keyed_internal.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "tests/lib/overlay_fixture.h"

static const struct object_id none;

static int prepare(struct fixture *f, const char *key, const char *parent)
{
	struct keyed keyed = { 0 };
	struct object_id state = { 0 };
	int r = *parent ? keyed_find(f->store, parent, &keyed, &f->err) : 0;

	if (r > 0)
		state = keyed.state;
	keyed_release(&keyed);
	return keyed_prepare(f->store, f->lease, key, KEYED_ACTIVE, parent, &state, &f->err);
}

/* Write a file in an active snapshot. */
static void write_in(struct fixture *f, const char *key, const char *name, const char *text)
{
	cleanup_with(keyed_close) struct keyed_work *work = NULL;
	struct view view = { .f = f };

	assert_ok(keyed_open(f->store, f->lease, key, NULL, &work, &f->err), f->err);
	view.overlay = keyed_overlay(work);
	put_file(&view, name, text);
	assert_int_equal(overlay_sync(view.overlay, NULL), 0);
}

static struct snapshot_result commit_as(struct fixture *f, const char *name, const char *key)
{
	struct snapshot_result result;

	assert_ok(keyed_commit(f->store, f->lease, key, name, NULL, &result, &f->err), f->err);
	return result;
}

static void test_an_active_one_is_kept_and_becomes_a_state(void **state)
{
	struct fixture *f = *state;
	struct keyed keyed = { 0 };
	struct snapshot_result result;

	assert_ok(prepare(f, "work", ""), f->err);
	write_in(f, "work", "a", "one");
	write_in(f, "work", "b", "two");
	result = commit_as(f, "done", "work");
	assert_int_equal(keyed_find(f->store, "work", &keyed, &f->err), 0);
	assert_int_equal(keyed_find(f->store, "done", &keyed, &f->err), 1);
	assert_int_equal(keyed.kind, KEYED_COMMITTED);
	assert_true(object_id_equal(&keyed.state, &result.id));
	keyed_release(&keyed);
	assert_ok(prepare(f, "next", "done"), f->err);
	write_in(f, "next", "c", "three");
	(void)commit_as(f, "last", "next");
	assert_int_equal(keyed_find(f->store, "last", &keyed, &f->err), 1);
	assert_string_equal(keyed.parent, "done");
	keyed_release(&keyed);
}

static void test_keys_are_taken_once(void **state)
{
	struct fixture *f = *state;

	assert_ok(prepare(f, "x", ""), f->err);
	assert_int_equal(prepare(f, "x", ""), -EEXIST);
	(void)commit_as(f, "y", "x");
	assert_int_equal(prepare(f, "y", ""), -EEXIST);
	assert_int_equal(keyed_remove(f->store, "x", &f->err), -ENOENT);
	assert_int_equal(prepare(f, "", ""), -EINVAL);
	assert_int_equal(prepare(f, "a\nb", ""), -EINVAL);
}

static void test_parents_outlive_their_children(void **state)
{
	struct fixture *f = *state;

	assert_ok(prepare(f, "x", ""), f->err);
	(void)commit_as(f, "base", "x");
	assert_ok(prepare(f, "child", "base"), f->err);
	assert_int_equal(keyed_remove(f->store, "base", &f->err), -ENOTEMPTY);
	assert_ok(keyed_remove(f->store, "child", &f->err), f->err);
	assert_ok(keyed_remove(f->store, "base", &f->err), f->err);
}

static void test_one_works_on_it_at_a_time(void **state)
{
	struct fixture *f = *state;
	cleanup_with(keyed_close) struct keyed_work *work = NULL, *look = NULL;
	cleanup_fd int dir_fd = -1, lock_fd = -1;

	assert_ok(prepare(f, "x", ""), f->err);
	assert_ok(keyed_open(f->store, f->lease, "x", "/", &work, &f->err), f->err);
	dir_fd = keyed_own_dir(f->store, "x");
	assert_int_equal(lockfile_open(dir_fd, "lock", LOCKFILE_EXCLUSIVE, false, &lock_fd),
			 -EWOULDBLOCK);
	assert_ok(keyed_open(f->store, NULL, "x", NULL, &look, &f->err), f->err);
}

static void test_a_checkpoint_changes_nothing(void **state)
{
	struct fixture *f = *state;
	cleanup_with(keyed_close) struct keyed_work *work = NULL;
	struct gc_options options = { 0 };
	struct ref_list refs = { 0 };
	struct gc_stats stats;
	struct view view = { .f = f };
	uint64_t number;
	cleanup_fd int dir_fd = -1;

	assert_ok(prepare(f, "x", ""), f->err);
	write_in(f, "x", "a", "one");
	assert_ok(keyed_open(f->store, f->lease, "x", NULL, &work, &f->err), f->err);
	setenv("VARVE_FAULT", "keyed.checkpoint:EIO", 1);
	fault_init();
	assert_ok(keyed_checkpoint(work, &f->err), f->err);
	unsetenv("VARVE_FAULT");
	fault_init();
	keyed_close(take_ptr(&work));
	assert_ok(store_gc(f->store, &options, &stats, &f->err), f->err);
	dir_fd = keyed_own_dir(f->store, "x");
	{
		cleanup_fd int changes_fd = openat(dir_fd, "changes", O_RDONLY | O_CLOEXEC);

		assert_int_equal(keyed_newest(changes_fd, &number), 0);
		assert_int_equal(number, 1);
	}
	assert_ok(store_ref_list(f->store, "work/", &refs, &f->err), f->err);
	assert_int_equal(refs.count, 1);
	ref_list_release(&refs);
	write_in(f, "x", "b", "two");
	assert_ok(keyed_open(f->store, f->lease, "x", NULL, &work, &f->err), f->err);
	view.overlay = keyed_overlay(work);
	assert_content(&view, at(&view, "a"), "one");
	assert_content(&view, at(&view, "b"), "two");
}

static void test_usage_counts_what_was_added(void **state)
{
	struct fixture *f = *state;
	struct keyed keyed = { 0 };
	struct keyed_usage usage;

	assert_ok(prepare(f, "x", ""), f->err);
	write_in(f, "x", "a", "0123456789");
	assert_int_equal(keyed_find(f->store, "x", &keyed, &f->err), 1);
	assert_ok(keyed_usage(f->store, &keyed, &usage, &f->err), f->err);
	assert_int_equal(usage.inodes, 2);
	keyed_release(&keyed);
	(void)commit_as(f, "y", "x");
	assert_int_equal(keyed_find(f->store, "y", &keyed, &f->err), 1);
	assert_ok(keyed_usage(f->store, &keyed, &usage, &f->err), f->err);
	assert_int_equal(usage.bytes, 10);
	keyed_release(&keyed);
}

static void test_an_info_is_read_strictly(void **state)
{
	static const char ZEROS[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	cleanup_free char *good =
		xasprintf("kind view\nkey a b\nparent \nstate %s\ncreated 5\n", ZEROS);
	cleanup_free char *twice = xasprintf("%skind view\n", good);
	struct keyed keyed = { 0 };

	(void)state;
	assert_int_equal(keyed_parse_info(good, &keyed), 0);
	assert_int_equal(keyed.kind, KEYED_VIEW);
	assert_string_equal(keyed.key, "a b");
	assert_true(object_id_equal(&keyed.state, &none));
	keyed_release(&keyed);
	assert_int_equal(keyed_parse_info(twice, &keyed), -EBADMSG);
	assert_int_equal(keyed_parse_info("", &keyed), -EBADMSG);
	assert_int_equal(keyed_parse_info("kind other\n", &keyed), -EBADMSG);
	assert_int_equal(keyed_parse_info("nonsense", &keyed), -EBADMSG);
}

static void test_checking_finds_what_is_damaged_and_left(void **state)
{
	struct fixture *f = *state;
	struct strings problems = { 0 }, leftovers = { 0 };
	cleanup_fd int dir_fd = -1;

	assert_ok(keyed_check(f->store, false, &problems, &leftovers, &f->err), f->err);
	assert_ok(prepare(f, "x", ""), f->err);
	write_in(f, "x", "a", "one");
	assert_ok(keyed_check(f->store, false, &problems, &leftovers, &f->err), f->err);
	assert_int_equal(problems.count + leftovers.count, 0);
	dir_fd = keyed_own_dir(f->store, "x");
	assert_int_equal(file_replace(dir_fd, "changes/journal.0", "garbage", 7, 0600, false), 0);
	assert_ok(keyed_check(f->store, false, &problems, &leftovers, &f->err), f->err);
	assert_int_equal(problems.count, 1);
	assert_int_equal(unlinkat(dir_fd, "info", 0), 0);
	strings_clear(&problems);
	assert_ok(keyed_check(f->store, false, &problems, &leftovers, &f->err), f->err);
	assert_int_equal(problems.count, 0);
	assert_int_equal(leftovers.count, 1);
	strings_clear(&leftovers);
	assert_ok(keyed_check(f->store, true, &problems, &leftovers, &f->err), f->err);
	assert_ok(keyed_check(f->store, false, &problems, &leftovers, &f->err), f->err);
	assert_int_equal(leftovers.count, 0);
	strings_release(&problems);
	strings_release(&leftovers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_active_one_is_kept_and_becomes_a_state),
		CASE(test_keys_are_taken_once),
		CASE(test_parents_outlive_their_children),
		CASE(test_one_works_on_it_at_a_time),
		CASE(test_a_checkpoint_changes_nothing),
		CASE(test_usage_counts_what_was_added),
		cmocka_unit_test(test_an_info_is_read_strictly),
		CASE(test_checking_finds_what_is_damaged_and_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
