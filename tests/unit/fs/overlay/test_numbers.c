/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/overlay.h"
#include "tests/lib/tree_fixture.h"

static const struct overlay_caller root_user = { 0 };

static struct overlay *new_overlay(struct fixture *f)
{
	struct overlay *overlay;

	assert_ok(overlay_open(f->store, f->lease, NULL, &overlay, &f->err), f->err);
	return overlay;
}

static struct node *make(struct overlay *overlay, struct node *dir, const char *name,
			 enum dir_entry_type type)
{
	const struct overlay_make what = { .type = type, .mode = 0755 };
	struct node *node;

	assert_int_equal(overlay_make(overlay, dir, name, &what, &root_user, &node), 0);
	return node;
}

static void test_the_root_is_found(void **state)
{
	struct overlay *overlay = new_overlay(*state);
	struct node *root = overlay_root(overlay);

	assert_ptr_equal(overlay_find_number(overlay, root->ino), root);
	overlay_close(overlay);
}

static void test_nodes_at_any_depth_are_found(void **state)
{
	struct overlay *overlay = new_overlay(*state);
	struct node *a = make(overlay, overlay_root(overlay), "a", DIR_ENTRY_DIR);
	struct node *b = make(overlay, a, "b", DIR_ENTRY_DIR);
	struct node *file = make(overlay, b, "file", DIR_ENTRY_FILE);

	assert_ptr_equal(overlay_find_number(overlay, b->ino), b);
	assert_ptr_equal(overlay_find_number(overlay, b->ino), b);
	assert_ptr_equal(overlay_find_number(overlay, file->ino), file);
	assert_ptr_equal(overlay_find_number(overlay, a->ino), a);
	assert_null(overlay_find_number(overlay, file->ino + 1000));
	overlay_close(overlay);
}

static void test_a_directory_that_was_removed_is_not_found(void **state)
{
	struct overlay *overlay = new_overlay(*state);
	struct node *root = overlay_root(overlay);
	struct node *a = make(overlay, root, "a", DIR_ENTRY_DIR);
	uint64_t ino = a->ino;

	assert_ptr_equal(overlay_find_number(overlay, ino), a);
	assert_int_equal(overlay_rmdir(overlay, root, "a"), 0);
	assert_null(overlay_find_number(overlay, ino));
	overlay_forget(overlay, a, 1);
	assert_null(overlay_find_number(overlay, ino));
	overlay_close(overlay);
}

static void test_a_node_that_was_found_stays_until_another_is(void **state)
{
	struct overlay *overlay = new_overlay(*state);
	struct node *root = overlay_root(overlay);
	struct node *a = make(overlay, root, "a", DIR_ENTRY_DIR);
	struct node *b = make(overlay, root, "b", DIR_ENTRY_DIR);
	uint64_t ino = a->ino;

	assert_ptr_equal(overlay_find_number(overlay, ino), a);
	overlay_forget(overlay, a, 1);
	assert_ptr_equal(overlay_find_number(overlay, ino), a);
	assert_int_equal(overlay_rename(overlay, root, "a", b, "c", 0), 0);
	assert_ptr_equal(overlay_find_number(overlay, ino), a);
	assert_ptr_equal(overlay_find_number(overlay, b->ino), b);
	overlay_close(overlay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_root_is_found),
		CASE(test_nodes_at_any_depth_are_found),
		CASE(test_a_directory_that_was_removed_is_not_found),
		CASE(test_a_node_that_was_found_stays_until_another_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
