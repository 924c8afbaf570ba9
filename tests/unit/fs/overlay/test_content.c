/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "fs/overlay/overlay_internal.h"
#include "tests/lib/overlay_fixture.h"

#define MIB ((uint64_t)1 << 20)

static const char LOWER[] = "f empty 0644 0:0 1\n"
			    "f inline 0644 0:0 1 a few bytes\n"
			    "f small 0644 0:0 1 *5000\n"
			    "f large 0644 0:0 1 *3145728\n";

static char *lower_bytes(uint64_t size)
{
	struct buf bytes = { 0 };

	text_fill(&bytes, size);
	return buf_take(&bytes);
}

/* Bytes on disk that were written for the workspace, as opposed to those that show through. */
static uint64_t staged_bytes(struct view *view)
{
	struct stat st;
	uint64_t total = view->overlay->staging.pool.in_use;

	for (uint64_t name = 1; name <= view->overlay->staging.next_name; name++) {
		char text[24];

		snprintf(text, sizeof text, "%" PRIu64, name);
		if (fstatat(store_lease_tmp_fd(view->f->lease), text, &st, 0) == 0)
			total += (uint64_t)st.st_blocks * 512;
	}
	return total;
}

/* What a file should hold, kept beside it. */
static void assert_bytes(struct view *view, const char *path, const char *bytes, uint64_t size)
{
	cleanup_free char *got = content_of(view, at(view, path));

	assert_int_equal(at(view, path)->size, size);
	assert_memory_equal(got, bytes, size);
}

static void test_content_of_every_kind_is_read_at_offsets(void **state)
{
	struct view view;
	const char *paths[] = { "inline", "small", "large" };
	char buffer[100];
	const void *data;

	view_open(&view, *state, LOWER);
	for (size_t i = 0; i < 3; i++) {
		struct node *node = at(&view, paths[i]);
		cleanup_free char *all = content_of(&view, node);

		assert_int_equal(overlay_read(view.overlay, node, buffer, 100, node->size, &data),
				 0);
		assert_int_equal(
			overlay_read(view.overlay, node, buffer, 100, node->size + 5, &data), 0);
		assert_int_equal(
			overlay_read(view.overlay, node, buffer, 100, node->size - 3, &data), 3);
		assert_memory_equal(data, all + node->size - 3, 3);
	}
	assert_int_equal(overlay_read(view.overlay, at(&view, "empty"), buffer, 100, 0, &data), 0);
	view_close(&view);
}

static void test_a_byte_written_to_a_large_lower_file_copies_a_block(void **state)
{
	struct view view;
	cleanup_free char *bytes = lower_bytes(3 * MIB);

	view_open(&view, *state, LOWER);
	assert_int_equal(write_to(&view, at(&view, "large"), "X", MIB + 77), 0);
	assert_true(staged_bytes(&view) <= 8192);
	bytes[MIB + 77] = 'X';
	assert_bytes(&view, "large", bytes, 3 * MIB);
	settle(&view);
	view_commit(&view);
	assert_bytes(&view, "large", bytes, 3 * MIB);
	view_close(&view);
}

static void test_a_large_lower_file_is_made_shorter_and_longer_without_copying(void **state)
{
	struct view view;
	cleanup_free char *bytes = lower_bytes(3 * MIB);

	view_open(&view, *state, LOWER);
	assert_int_equal(truncate_to(&view, at(&view, "large"), 2 * MIB + 5), 0);
	assert_int_equal(truncate_to(&view, at(&view, "large"), 3 * MIB), 0);
	assert_true(staged_bytes(&view) <= 8192);
	memset(bytes + 2 * MIB + 5, 0, MIB - 5);
	assert_bytes(&view, "large", bytes, 3 * MIB);
	settle(&view);
	view_commit(&view);
	assert_bytes(&view, "large", bytes, 3 * MIB);
	view_close(&view);
}

static void test_a_change_of_a_large_file_stores_only_the_change(void **state)
{
	struct view view;
	struct fixture *f = *state;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written;

	view_open(&view, f, LOWER);
	assert_int_equal(write_to(&view, at(&view, "large"), "one more", 3 * MIB), 0);
	written = view_write(&view, &txn);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	assert_true(store_txn_bytes(txn) < 32768);
	tree_commit_apply(written);
	view_close(&view);
}

static void test_truncating_to_nothing_and_writing_anew_leaves_the_lower_bytes(void **state)
{
	struct fixture *f = *state;
	struct view view, other;
	struct tree_root before;

	view_open(&view, f, LOWER);
	before = view.root;
	for (int i = 0; i < 4; i++) {
		const char *path = &"empty\0\0inline\0small\0\0large"[i * 7];

		assert_int_equal(truncate_to(&view, at(&view, path), 0), 0);
		assert_content(&view, at(&view, path), "");
		assert_int_equal(write_to(&view, at(&view, path), "anew", 0), 0);
		assert_content(&view, at(&view, path), "anew");
	}
	assert_committed(&view, "f empty 0644 0:0 9 anew\n"
				"f inline 0644 0:0 9 anew\n"
				"f large 0644 0:0 9 anew\n"
				"f small 0644 0:0 9 anew\n");
	view_open_root(&other, f, &before);
	assert_content(&other, at(&other, "inline"), "a few bytes");
	view_close(&other);
	view_close(&view);
}

static void test_writing_past_the_end_leaves_zeros_between(void **state)
{
	struct view view;
	char zeros[314] = { 0 };

	view_open(&view, *state, LOWER);
	assert_int_equal(write_to(&view, at(&view, "inline"), "end", 311), 0);
	memcpy(zeros, "a few bytes", 11);
	memcpy(zeros + 311, "end", 3);
	assert_bytes(&view, "inline", zeros, sizeof zeros);
	view_close(&view);
}

static void test_a_file_too_large_is_refused(void **state)
{
	struct view view;
	struct node *node;

	view_open(&view, *state, LOWER);
	node = at(&view, "small");
	assert_int_equal(write_to(&view, node, "x", (uint64_t)16 << 40), -EFBIG);
	assert_int_equal(write_to(&view, node, "x", UINT64_MAX), -EFBIG);
	assert_int_equal(overlay_fallocate(view.overlay, node, 0, UINT64_MAX - 5, 100), -EFBIG);
	assert_int_equal(truncate_to(&view, node, ((uint64_t)16 << 40) + 1), -EFBIG);
	assert_int_equal(node->size, 5000);
	view_close(&view);
}

static void test_directories_have_no_content(void **state)
{
	struct view view;

	view_open(&view, *state, "d dir 0755 0:0 1\np pipe 0644 0:0 1\n");
	assert_int_equal(truncate_to(&view, at(&view, "dir"), 0), -EISDIR);
	assert_int_equal(truncate_to(&view, at(&view, "pipe"), 0), -EINVAL);
	assert_int_equal(overlay_fallocate(view.overlay, at(&view, "dir"), 0, 0, 1), -EBADF);
	view_close(&view);
}

/* ---- files without a name ---- */

static void test_a_removed_file_is_read_and_written_until_it_is_let_go(void **state)
{
	struct view view;
	struct node *node;
	struct stat attr;
	cleanup_free char *bytes = lower_bytes(3 * MIB);

	view_open(&view, *state, LOWER);
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "large", &node),
			 0);
	assert_int_equal(remove_at(&view, "large"), 0);
	overlay_stat(view.overlay, node, &attr);
	assert_int_equal(attr.st_nlink, 0);
	assert_int_equal(write_to(&view, node, "X", 3 * MIB - 1), 0);
	bytes[3 * MIB - 1] = 'X';
	/* A commit does not see it, and it outlives the commit. */
	settle(&view);
	view_commit(&view);
	for (int i = 0; i < 2; i++) {
		cleanup_free char *got = content_of(&view, node);

		assert_memory_equal(got, bytes, 3 * MIB);
		assert_int_equal(write_to(&view, node, "X", 5), 0);
		bytes[5] = 'X';
	}
	assert_true(staged_bytes(&view) > 0);
	overlay_forget(view.overlay, node, 1);
	assert_int_equal(staged_bytes(&view), 0);
	assert_committed(&view, "f empty 0644 0:0 1\n"
				"f inline 0644 0:0 1 a few bytes\n"
				"f small 0644 0:0 1 *5000\n");
	view_close(&view);
}

static void test_a_replaced_file_stays_what_it_was_for_its_readers(void **state)
{
	struct view view;
	struct node *node;

	view_open(&view, *state, LOWER);
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "inline", &node),
			 0);
	put_file(&view, "new", "new");
	assert_int_equal(rename_at(&view, "new", "inline", 0), 0);
	assert_content(&view, node, "a few bytes");
	assert_content(&view, at(&view, "inline"), "new");
	overlay_forget(view.overlay, node, 1);
	view_close(&view);
}

static void test_an_unnamed_file_gets_a_name(void **state)
{
	struct view view;
	struct node *root, *first, *second;
	struct stat attr;

	view_open(&view, *state, "");
	root = overlay_root(view.overlay);
	assert_int_equal(overlay_make_unnamed(view.overlay, root, 0600, &caller, &first), 0);
	assert_int_equal(overlay_make_unnamed(view.overlay, root, 0600, &caller, &second), 0);
	overlay_stat(view.overlay, first, &attr);
	assert_int_equal(attr.st_nlink, 0);
	assert_int_equal(write_to(&view, first, "linked", 0), 0);
	assert_int_equal(write_to(&view, second, "dropped", 0), 0);
	assert_int_equal(overlay_link(view.overlay, first, root, "name"), 0);
	overlay_stat(view.overlay, first, &attr);
	assert_int_equal(attr.st_nlink, 1);
	overlay_forget(view.overlay, first, 2);
	overlay_forget(view.overlay, second, 1);
	assert_committed(&view, "f name 0600 0:0 9 linked\n");
	assert_int_equal(staged_bytes(&view), 0);
	view_close(&view);
}

/* ---- ranges ---- */

static void test_space_is_reserved_punched_and_zeroed(void **state)
{
	struct view view;
	struct node *node;
	cleanup_free char *bytes = lower_bytes(3 * MIB);

	view_open(&view, *state, LOWER);
	node = at(&view, "large");
	assert_int_equal(overlay_fallocate(view.overlay, node,
					   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1000,
					   2 * MIB),
			 0);
	memset(bytes + 1000, 0, 2 * MIB);
	assert_bytes(&view, "large", bytes, 3 * MIB);
	assert_true(staged_bytes(&view) <= 16384);
	assert_int_equal(
		overlay_fallocate(view.overlay, at(&view, "inline"), FALLOC_FL_ZERO_RANGE, 2, 1),
		0);
	assert_int_equal(overlay_fallocate(view.overlay, at(&view, "small"), FALLOC_FL_KEEP_SIZE,
					   5000, 100000),
			 0);
	assert_int_equal(at(&view, "small")->size, 5000);
	assert_int_equal(overlay_fallocate(view.overlay, at(&view, "small"), 0, 0, 6000), 0);
	assert_int_equal(at(&view, "small")->size, 6000);
	assert_int_equal(overlay_fallocate(view.overlay, at(&view, "empty"), 0, MIB, MIB), 0);
	assert_int_equal(at(&view, "empty")->size, 2 * MIB);
	assert_int_equal(overlay_fallocate(view.overlay, node, FALLOC_FL_COLLAPSE_RANGE, 0, 4096),
			 -EOPNOTSUPP);
	assert_int_equal(overlay_fallocate(view.overlay, node, 0, 0, 0), -EINVAL);
	view_close(&view);
}

static void test_data_and_holes_are_sought(void **state)
{
	struct view view;
	struct node *node;
	uint64_t found;

	view_open(&view, *state, LOWER);
	node = at(&view, "large");
	assert_int_equal(overlay_seek(view.overlay, node, 7, SEEK_DATA, &found), 0);
	assert_int_equal(found, 7);
	assert_int_equal(overlay_seek(view.overlay, node, 7, SEEK_HOLE, &found), 0);
	assert_int_equal(found, 3 * MIB);
	assert_int_equal(overlay_seek(view.overlay, node, 3 * MIB, SEEK_DATA, &found), -ENXIO);
	assert_int_equal(overlay_fallocate(view.overlay, node,
					   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB, MIB),
			 0);
	assert_int_equal(overlay_seek(view.overlay, node, 7, SEEK_HOLE, &found), 0);
	assert_int_equal(found, MIB);
	assert_int_equal(overlay_seek(view.overlay, node, MIB + 5, SEEK_DATA, &found), 0);
	assert_int_equal(found, 2 * MIB);
	view_close(&view);
}

static void test_a_whole_stored_file_is_copied_by_reference(void **state)
{
	struct view view;
	cleanup_free char *bytes = lower_bytes(3 * MIB);

	view_open(&view, *state, LOWER);
	put_file(&view, "copy", "");
	assert_int_equal(overlay_copy_range(view.overlay, at(&view, "large"), 0, at(&view, "copy"),
					    0, 9 * MIB),
			 3 * MIB);
	assert_int_equal(staged_bytes(&view), 0);
	assert_int_equal(write_to(&view, at(&view, "copy"), "X", 0), 0);
	assert_bytes(&view, "large", bytes, 3 * MIB);
	bytes[0] = 'X';
	assert_bytes(&view, "copy", bytes, 3 * MIB);
	view_close(&view);
}

static void test_ranges_are_copied_inside_a_file_and_between_kinds(void **state)
{
	struct view view;
	cleanup_free char *large = lower_bytes(3 * MIB), *small = lower_bytes(5000);

	view_open(&view, *state, LOWER);
	assert_int_equal(overlay_copy_range(view.overlay, at(&view, "large"), 100,
					    at(&view, "large"), MIB + 101, MIB),
			 MIB);
	memcpy(large + MIB + 101, large + 100, MIB);
	assert_bytes(&view, "large", large, 3 * MIB);
	assert_int_equal(overlay_copy_range(view.overlay, at(&view, "large"), MIB,
					    at(&view, "small"), 10, 300),
			 300);
	memcpy(small + 10, large + MIB, 300);
	assert_bytes(&view, "small", small, 5000);
	assert_int_equal(overlay_copy_range(view.overlay, at(&view, "inline"), 2,
					    at(&view, "empty"), 0, 100),
			 9);
	assert_content(&view, at(&view, "empty"), "few bytes");
	assert_int_equal(overlay_copy_range(view.overlay, at(&view, "inline"), 11,
					    at(&view, "empty"), 0, 100),
			 0);
	view_close(&view);
}

/* ---- after a commit that came to nothing ---- */

static void test_everything_works_on_after_an_aborted_commit(void **state)
{
	struct view view;
	struct node *node;
	cleanup_free char *bytes = lower_bytes(MIB);

	view_open(&view, *state, "f other 0644 0:0 1 *1048576\n");
	put_file(&view, "file", "");
	node = at(&view, "file");
	assert_int_equal(overlay_write(view.overlay, node, bytes, MIB / 2, 0, false), 0);
	/* By now the file is the store's. */
	view_abort(&view);
	for (int i = 0; i < 200; i++) {
		/* Enough others to have its descriptor closed. */
		char name[16];

		snprintf(name, sizeof name, "f%d", i);
		put_file(&view, name, "");
		assert_int_equal(truncate_to(&view, at(&view, name), 200000), 0);
	}
	assert_int_equal(overlay_fallocate(view.overlay, node, 0, 0, MIB), 0);
	memset(bytes + MIB / 2, 0, MIB / 2);
	assert_bytes(&view, "file", bytes, MIB);
	view_abort(&view);
	assert_int_equal(overlay_fallocate(view.overlay, node,
					   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5000),
			 0);
	memset(bytes, 0, 5000);
	assert_bytes(&view, "file", bytes, MIB);
	settle(&view);
	view_commit(&view);
	assert_bytes(&view, "file", bytes, MIB);
	view_close(&view);
}

/* ---- damage ---- */

/* Content that nobody has: an error, never zeros, nor a name that is said to be missing. */
static void test_a_lower_file_whose_content_is_lost_cannot_be_read(void **state)
{
	const uint64_t sizes[] = { 5000, MIB };
	struct view view;
	char buffer[100];
	const void *data;

	view_open(&view, *state, LOWER);
	for (size_t i = 0; i < 2; i++) {
		struct object_id lost = object_id_of(&i, sizeof i);
		struct node *node = at(&view, "empty");

		node_set_blob(overlay_tree(view.overlay), node, &lost, sizes[i]);
		assert_int_equal(overlay_read(view.overlay, node, buffer, 100, 0, &data), -EIO);
		assert_int_equal(write_to(&view, node, "x", 5), -EIO);
		assert_int_equal(
			overlay_copy_range(view.overlay, node, 1, at(&view, "small"), 0, 10), -EIO);
	}
	view_close(&view);
}

static void test_a_lower_file_shorter_than_its_entry_says_cannot_be_read(void **state)
{
	struct view view;
	char buffer[100];
	const void *data;
	struct node *node;

	view_open(&view, *state, LOWER);
	node = at(&view, "small");
	node->size = 5100;
	assert_int_equal(overlay_read(view.overlay, node, buffer, 100, 4900, &data), 100);
	assert_int_equal(overlay_read(view.overlay, node, buffer, 100, 4950, &data), -EIO);
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_content_of_every_kind_is_read_at_offsets),
		CASE(test_a_byte_written_to_a_large_lower_file_copies_a_block),
		CASE(test_a_large_lower_file_is_made_shorter_and_longer_without_copying),
		CASE(test_a_change_of_a_large_file_stores_only_the_change),
		CASE(test_truncating_to_nothing_and_writing_anew_leaves_the_lower_bytes),
		CASE(test_writing_past_the_end_leaves_zeros_between),
		CASE(test_a_file_too_large_is_refused),
		CASE(test_directories_have_no_content),
		CASE(test_a_removed_file_is_read_and_written_until_it_is_let_go),
		CASE(test_a_replaced_file_stays_what_it_was_for_its_readers),
		CASE(test_an_unnamed_file_gets_a_name),
		CASE(test_space_is_reserved_punched_and_zeroed),
		CASE(test_data_and_holes_are_sought),
		CASE(test_a_whole_stored_file_is_copied_by_reference),
		CASE(test_ranges_are_copied_inside_a_file_and_between_kinds),
		CASE(test_a_lower_file_whose_content_is_lost_cannot_be_read),
		CASE(test_a_lower_file_shorter_than_its_entry_says_cannot_be_read),
		CASE(test_everything_works_on_after_an_aborted_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
