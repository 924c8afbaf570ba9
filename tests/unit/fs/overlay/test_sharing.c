/* SPDX-License-Identifier: Apache-2.0 */
/* Content that takes no room: holes, and copies that refer to what is stored. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/lib/overlay_fixture.h"

#define MIB   (1 << 20)
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static const char LOWER[] = "f large 0644 0:0 2 *3145728\n"
			    "f other 0644 0:0 2 *2097152\n";

static void assert_equal_files(struct view *view, const char *path, const char *wanted,
			       uint64_t size)
{
	cleanup_free char *bytes = content_of(view, at(view, path));

	assert_int_equal(at(view, path)->size, size);
	assert_memory_equal(bytes, wanted, size);
}

static uint64_t sought(struct view *view, const char *path, uint64_t offset, int whence)
{
	uint64_t found = UINT64_MAX;

	assert_int_equal(overlay_seek(view->overlay, at(view, path), offset, whence, &found), 0);
	return found;
}

static uint64_t space(struct view *view, const char *path)
{
	struct stat attr;

	overlay_stat(view->overlay, at(view, path), &attr);
	return (uint64_t)attr.st_blocks * 512;
}

/* What the transaction of this commit added. */
static uint64_t commit_size(struct view *view)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written = view_write(view, &txn);

	view->root = *tree_commit_root(written);
	assert_ok(store_txn_commit(txn, &view->f->err), view->f->err);
	tree_commit_apply(written);
	overlay_commit_done(view->overlay);
	return store_txn_bytes(txn);
}

static void test_a_hole_in_a_stored_file_stays_one(void **state)
{
	struct view view, again;
	cleanup_free char *bytes = NULL;

	view_open(&view, *state, LOWER);
	bytes = content_of(&view, at(&view, "large"));
	assert_int_equal(overlay_fallocate(view.overlay, at(&view, "large"), PUNCH, MIB, MIB), 0);
	memset(bytes + MIB, 0, MIB);
	assert_true(commit_size(&view) < 32768);
	view_open_root(&again, *state, &view.root);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(sought(&again, "large", 5, SEEK_HOLE), MIB);
		assert_int_equal(sought(&again, "large", MIB, SEEK_DATA), 2 * MIB);
		assert_true(space(&again, "large") <= 2 * MIB + 65536);
		assert_equal_files(&again, "large", bytes, 3 * MIB);
		assert_int_equal(write_to(&again, at(&again, "large"), "change", 5), 0);
		memcpy(bytes + 5, "change", 6);
		assert_int_equal(sought(&again, "large", 5, SEEK_HOLE), MIB);
		assert_true(commit_size(&again) < 32768);
	}
	view_close(&again);
	view_close(&view);
}

static void test_a_new_file_with_holes_is_stored_with_them(void **state)
{
	struct view view, again;

	view_open(&view, *state, LOWER);
	put_file(&view, "sparse", "");
	assert_int_equal(write_to(&view, at(&view, "sparse"), "end", 64 * MIB), 0);
	view_commit(&view);
	view_open_root(&again, *state, &view.root);
	assert_int_equal(sought(&again, "sparse", 0, SEEK_HOLE), 0);
	assert_int_equal(sought(&again, "sparse", 0, SEEK_DATA), 64 * MIB);
	assert_true(space(&again, "sparse") < MIB);
	view_close(&again);
	view_close(&view);
}

static void copy(struct view *view, const char *from, uint64_t offset, uint64_t length)
{
	assert_int_equal(overlay_copy_range(view->overlay, at(view, from), offset, at(view, "copy"),
					    offset, length),
			 length);
}

static void test_a_copy_in_parts_is_the_same_object(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	put_file(&view, "copy", "");
	for (uint64_t offset = 0; offset < 3 * MIB; offset += MIB)
		copy(&view, "large", offset, MIB);
	assert_true(space(&view, "copy") <= 3 * MIB + 4096);
	assert_true(commit_size(&view) < 4096);
	assert_true(object_id_equal(&at(&view, "copy")->blob, &at(&view, "large")->blob));
	view_close(&view);
}

static void test_a_copy_of_the_beginning_shares_it(void **state)
{
	struct view view;
	cleanup_free char *bytes = NULL;

	view_open(&view, *state, LOWER);
	bytes = content_of(&view, at(&view, "large"));
	put_file(&view, "copy", "");
	copy(&view, "large", 0, 2 * MIB);
	assert_int_equal(write_to(&view, at(&view, "copy"), "tail", 2 * MIB), 0);
	memcpy(bytes + 2 * MIB, "tail", 4);
	assert_equal_files(&view, "copy", bytes, 2 * MIB + 4);
	assert_true(commit_size(&view) < 32768);
	assert_equal_files(&view, "copy", bytes, 2 * MIB + 4);
	view_close(&view);
}

static void test_what_was_written_before_does_not_show_in_a_part(void **state)
{
	struct view view;
	cleanup_free char *bytes = NULL, *other = NULL;

	view_open(&view, *state, LOWER);
	bytes = content_of(&view, at(&view, "large"));
	other = content_of(&view, at(&view, "other"));
	put_file(&view, "copy", "");
	copy(&view, "large", 0, 2 * MIB);
	assert_int_equal(write_to(&view, at(&view, "copy"), "written", MIB + 5), 0);
	assert_int_equal(truncate_to(&view, at(&view, "copy"), MIB), 0);
	copy(&view, "large", MIB, 2 * MIB);
	assert_equal_files(&view, "copy", bytes, 3 * MIB);
	/* Not in a whole block: it has to be copied then. */
	assert_int_equal(truncate_to(&view, at(&view, "copy"), MIB + 7), 0);
	copy(&view, "large", MIB + 7, MIB);
	assert_equal_files(&view, "copy", bytes, 2 * MIB + 7);
	/* Nor of another file. */
	assert_int_equal(truncate_to(&view, at(&view, "copy"), MIB), 0);
	copy(&view, "other", MIB, MIB);
	memcpy(bytes + MIB, other + MIB, MIB);
	assert_equal_files(&view, "copy", bytes, 2 * MIB);
	view_commit(&view);
	assert_equal_files(&view, "copy", bytes, 2 * MIB);
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_hole_in_a_stored_file_stays_one),
		CASE(test_a_new_file_with_holes_is_stored_with_them),
		CASE(test_a_copy_in_parts_is_the_same_object),
		CASE(test_a_copy_of_the_beginning_shares_it),
		CASE(test_what_was_written_before_does_not_show_in_a_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
