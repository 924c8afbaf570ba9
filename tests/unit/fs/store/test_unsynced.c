/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/store_internal.h"
#include "fs/store/sync.h"
#include "fs/store/unsynced.h"
#include "tests/unit/fs/store/fixture.h"

/* The list of this run of the machine, sorted. */
static void read_list(struct fixture *f, struct strings *ret)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	int64_t since;

	assert_int_equal(file_read(f->store->unsynced_fd, f->store->boot_id, 1 << 20, &text), 0);
	unsynced_parse(buf_string(&text), text.length, ret, &since);
	assert_true(since > 0);
}

static void append(struct fixture *f, const char *text)
{
	cleanup_fd int fd = openat(f->store->unsynced_fd, f->store->boot_id,
				   O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void test_what_a_commit_publishes_is_listed_until_it_is_synced(void **state)
{
	struct fixture *f = *state;
	cleanup_with(strings_release) struct strings before = { 0 };
	struct store_txn *txn = fixture_begin(f);

	(void)fixture_put_state(f, txn, 1, 5);
	fixture_commit(f, txn);
	read_list(f, &before);
	assert_true(before.count >= 2); /* a pack or two, and a loose object */
	assert_ok(store_sync(f->store, &f->err), f->err);
	/* With nobody in the way the list itself goes. */
	assert_int_equal(faccessat(f->store->unsynced_fd, f->store->boot_id, F_OK, 0), -1);
}

/* A full disk takes a part of a line; what is added when there is room again counts all the same. */
static void test_lines_behind_one_that_was_cut_off_count(void **state)
{
	struct fixture *f = *state;
	cleanup_with(strings_release) struct strings lines = { 0 };
	cleanup_with(buf_release) struct buf first = { 0 }, second = { 0 };
	struct object_id id = object_id_of("x", 1);
	cleanup_free char *expected = xasprintf("object %s", object_id_hex(&id).text);

	unsynced_line_pack(&first, "one");
	assert_ok(unsynced_add(f->store, &first, &f->err), f->err);
	append(f, "object 5d40");
	unsynced_line_object(&second, &id);
	assert_ok(unsynced_add(f->store, &second, &f->err), f->err);
	read_list(f, &lines);
	assert_true(strings_contain(&lines, expected));
	assert_true(strings_contain(&lines, "pack one"));
}

/* The same for the line that says how far the list is done. */
static void test_a_sync_behind_a_line_that_was_cut_off_counts(void **state)
{
	struct fixture *f = *state;
	cleanup_with(strings_release) struct strings lines = { 0 };
	struct store_txn *txn = fixture_begin(f);

	(void)fixture_put_state(f, txn, 1, 5);
	fixture_commit(f, txn);
	append(f, "object 5d40");
	assert_ok(store_sync_keep_list(f->store, &f->err), f->err);
	read_list(f, &lines);
	for (size_t i = 0; i < lines.count; i++)
		assert_string_equal(lines.items[i], "object 5d40");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_a_commit_publishes_is_listed_until_it_is_synced),
		CASE(test_lines_behind_one_that_was_cut_off_count),
		CASE(test_a_sync_behind_a_line_that_was_cut_off_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
