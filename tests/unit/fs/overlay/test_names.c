/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/overlay_fixture.h"

static const char LOWER[] = "d a 0755 0:0 1\n"
			    "f a/one 0644 1:2 2.000000005 1\n"
			    "f a/two 0600 0:0 3 2\n"
			    "d b 0700 5:5 4\n"
			    "d b/deep 0755 0:0 5\n"
			    "f b/deep/file 0644 0:0 6 deep\n";

static void test_names_below_and_above_are_found(void **state)
{
	struct view view;
	struct node *dir, *node;

	view_open(&view, *state, LOWER);
	put_file(&view, "a/new", "x");
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "a", &dir), 0);
	assert_int_equal(overlay_lookup(view.overlay, dir, "one", &node), 0);
	assert_int_equal(node->lookups, 1);
	assert_content(&view, node, "1");
	overlay_forget(view.overlay, node, 1);
	assert_int_equal(overlay_lookup(view.overlay, dir, "new", &node), 0);
	assert_content(&view, node, "x");
	overlay_forget(view.overlay, node, 1);
	assert_int_equal(overlay_lookup(view.overlay, dir, "no", &node), -ENOENT);
	overlay_forget(view.overlay, dir, 1);
	view_close(&view);
}

static void test_a_name_below_a_file_is_no_name(void **state)
{
	struct view view;
	struct node *node;

	view_open(&view, *state, LOWER);
	assert_int_equal(overlay_lookup(view.overlay, at(&view, "a/one"), "x", &node), -ENOTDIR);
	view_close(&view);
}

static void test_names_that_are_too_long_or_no_names(void **state)
{
	struct overlay_make what = { .type = DIR_ENTRY_FILE };
	struct view view;
	struct node *root, *node;
	char name[300];

	view_open(&view, *state, LOWER);
	root = overlay_root(view.overlay);
	memset(name, 'x', sizeof name);
	name[256] = '\0';
	assert_int_equal(overlay_lookup(view.overlay, root, name, &node), -ENAMETOOLONG);
	assert_int_equal(overlay_make(view.overlay, root, name, &what, &caller, &node),
			 -ENAMETOOLONG);
	assert_int_equal(overlay_rename(view.overlay, root, "a", root, name, 0), -ENAMETOOLONG);
	assert_int_equal(overlay_make(view.overlay, root, "..", &what, &caller, &node), -EINVAL);
	name[255] = '\0';
	assert_int_equal(overlay_make(view.overlay, root, name, &what, &caller, &node), 0);
	view_close(&view);
}

static void test_what_is_made_belongs_to_who_made_it(void **state)
{
	struct overlay_caller user = { 7, 8, 022 };
	struct overlay_make what = { .type = DIR_ENTRY_DIR, .mode = 0777 };
	struct stat attr = { .st_mode = 02775, .st_gid = 50 };
	struct view view;
	struct node *node;

	view_open(&view, *state, LOWER);
	assert_int_equal(overlay_make(view.overlay, at(&view, "a"), "dir", &what, &user, &node), 0);
	assert_int_equal(node->mode, 0755);
	assert_int_equal(node->uid, 7);
	assert_int_equal(node->gid, 8);
	/* In a directory with the set-group-id bit, it is the directory's group. */
	assert_int_equal(
		overlay_setattr(view.overlay, node, &attr, OVERLAY_SET_MODE | OVERLAY_SET_GID), 0);
	assert_int_equal(overlay_make(view.overlay, node, "sub", &what, &user, &node), 0);
	assert_int_equal(node->gid, 50);
	assert_int_equal(node->mode, 02755);
	view_close(&view);
}

static void test_a_lower_name_that_was_removed_is_gone(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(remove_at(&view, "a/one"), 0);
	assert_null(at(&view, "a/one"));
	assert_int_equal(remove_at(&view, "a/one"), -ENOENT);
	assert_int_equal(remove_at(&view, "a"), -ENOTEMPTY);
	assert_int_equal(remove_at(&view, "b/deep/file"), 0);
	assert_int_equal(remove_at(&view, "b/deep"), 0);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"f a/two 0600 0:0 3 2\n"
				"d b 0700 5:5 9\n");
	view_close(&view);
}

static void test_a_removed_lower_name_can_be_another_thing(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(remove_at(&view, "a/one"), 0);
	assert_int_equal(make(&view, "a/one", DIR_ENTRY_DIR, NULL), 0);
	put_file(&view, "a/one/in", "i");
	assert_int_equal(remove_at(&view, "a/two"), 0);
	assert_int_equal(make(&view, "a/two", DIR_ENTRY_SYMLINK, "one"), 0);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"d a/one 0755 0:0 9\n"
				"f a/one/in 0755 0:0 9 i\n"
				"l a/two 0:0 9 one\n"
				"d b 0700 5:5 4\n"
				"d b/deep 0755 0:0 5\n"
				"f b/deep/file 0644 0:0 6 deep\n");
	view_close(&view);
}

static void test_a_lower_directory_made_anew_is_empty(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(remove_at(&view, "a/one"), 0);
	assert_int_equal(remove_at(&view, "a/two"), 0);
	assert_int_equal(remove_at(&view, "a"), 0);
	assert_int_equal(make(&view, "a", DIR_ENTRY_DIR, NULL), 0);
	assert_names(&view, at(&view, "a"), "");
	assert_committed(&view, "d a 0755 0:0 9\n"
				"d b 0700 5:5 4\n"
				"d b/deep 0755 0:0 5\n"
				"f b/deep/file 0644 0:0 6 deep\n");
	view_close(&view);
}

static void test_renaming_keeps_all_that_a_file_is(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(rename_at(&view, "a/one", "b/deep/uno", 0), 0);
	assert_int_equal(rename_at(&view, "b/deep/file", "a/file", 0), 0);
	assert_null(at(&view, "a/one"));
	assert_committed(&view, "d a 0755 0:0 9\n"
				"f a/file 0644 0:0 6 deep\n"
				"f a/two 0600 0:0 3 2\n"
				"d b 0700 5:5 4\n"
				"d b/deep 0755 0:0 9\n"
				"f b/deep/uno 0644 1:2 2.000000005 1\n");
	view_close(&view);
}

static void test_a_lower_directory_is_renamed_with_all_below(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(rename_at(&view, "b", "a/c", 0), 0);
	assert_null(at(&view, "b"));
	assert_content(&view, at(&view, "a/c/deep/file"), "deep");
	put_file(&view, "a/c/deep/more", "m");
	assert_committed(&view, "d a 0755 0:0 9\n"
				"d a/c 0700 5:5 4\n"
				"d a/c/deep 0755 0:0 9\n"
				"f a/c/deep/file 0644 0:0 6 deep\n"
				"f a/c/deep/more 0755 0:0 9 m\n"
				"f a/one 0644 1:2 2.000000005 1\n"
				"f a/two 0600 0:0 3 2\n");
	view_close(&view);
}

static void test_renaming_onto_what_is_there(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	put_file(&view, "new", "n");
	assert_int_equal(rename_at(&view, "new", "a/one", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_at(&view, "new", "a/one", 0), 0);
	assert_content(&view, at(&view, "a/one"), "n");
	assert_int_equal(rename_at(&view, "a/two", "b", 0), -EISDIR);
	assert_int_equal(rename_at(&view, "b", "a/two", 0), -ENOTDIR);
	assert_int_equal(rename_at(&view, "b/deep", "a", 0), -ENOTEMPTY);
	assert_int_equal(rename_at(&view, "b", "b/deep/b", 0), -EINVAL);
	assert_int_equal(rename_at(&view, "no", "a/x", 0), -ENOENT);
	assert_int_equal(rename_at(&view, "a/one", "a/x", 1 << 30), -EINVAL);
	assert_int_equal(remove_at(&view, "b/deep/file"), 0);
	assert_int_equal(make(&view, "c", DIR_ENTRY_DIR, NULL), 0);
	put_file(&view, "c/in", "i");
	assert_int_equal(rename_at(&view, "c", "b/deep", 0), 0);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"f a/one 0755 0:0 9 n\n"
				"f a/two 0600 0:0 3 2\n"
				"d b 0700 5:5 9\n"
				"d b/deep 0755 0:0 9\n"
				"f b/deep/in 0755 0:0 9 i\n");
	view_close(&view);
}

static void test_two_names_are_exchanged(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(rename_at(&view, "a/one", "no", RENAME_EXCHANGE), -ENOENT);
	assert_int_equal(rename_at(&view, "b", "b/deep", RENAME_EXCHANGE), -EINVAL);
	assert_int_equal(rename_at(&view, "a/one", "b", RENAME_EXCHANGE), 0);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"d a/one 0700 5:5 4\n"
				"d a/one/deep 0755 0:0 5\n"
				"f a/one/deep/file 0644 0:0 6 deep\n"
				"f a/two 0600 0:0 3 2\n"
				"f b 0644 1:2 2.000000005 1\n");
	view_close(&view);
}

static void test_exchanging_a_name_with_itself_changes_nothing(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(rename_at(&view, "a/one", "a/one", RENAME_EXCHANGE), 0);
	assert_int_equal(rename_at(&view, "b", "b", RENAME_EXCHANGE), 0);
	assert_int_equal(rename_at(&view, "a/one", "a/one", 0), 0);
	assert_committed(&view, LOWER);
	view_close(&view);
}

static void test_sub_directories_are_counted(void **state)
{
	struct view view;
	struct stat attr;

	view_open(&view, *state, LOWER);
	overlay_stat(view.overlay, overlay_root(view.overlay), &attr);
	assert_int_equal(attr.st_nlink, 4);
	assert_int_equal(rename_at(&view, "b", "a/b", 0), 0);
	overlay_stat(view.overlay, overlay_root(view.overlay), &attr);
	assert_int_equal(attr.st_nlink, 3);
	overlay_stat(view.overlay, at(&view, "a"), &attr);
	assert_int_equal(attr.st_nlink, 3);
	assert_int_equal(rename_at(&view, "a/b", "a/one", RENAME_EXCHANGE), 0);
	overlay_stat(view.overlay, at(&view, "a"), &attr);
	assert_int_equal(attr.st_nlink, 3);
	view_close(&view);
}

/* ---- listing ---- */

static void test_a_listing_goes_on_after_its_last_name_was_removed(void **state)
{
	struct view view;
	struct dentry *dentry;
	uint64_t position = 0;
	int seen = 0;

	view_open(&view, *state, "");
	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof name, "f%d", i);
		put_file(&view, name, "x");
	}
	/* As rm -rf does it: each name is removed when it has been seen. */
	while (overlay_list(view.overlay, overlay_root(view.overlay), position, &dentry) > 0) {
		position = dentry->position + 1;
		assert_int_equal(remove_at(&view, dentry->name), 0);
		seen++;
	}
	assert_int_equal(seen, 1000);
	assert_names(&view, overlay_root(view.overlay), "");
	view_close(&view);
}

static void test_a_listing_shows_each_old_name_once_while_others_come_and_go(void **state)
{
	struct view view;
	struct dentry *dentry;
	uint64_t position = 0;
	int seen = 0, step = 0;

	view_open(&view, *state, "");
	for (int i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof name, "keep%d", i);
		put_file(&view, name, "");
		snprintf(name, sizeof name, "go%d", i);
		put_file(&view, name, "");
	}
	while (overlay_list(view.overlay, overlay_root(view.overlay), position, &dentry) > 0) {
		char name[16];

		position = dentry->position + 1;
		seen += strncmp(dentry->name, "keep", 4) == 0;
		if (step >= 200)
			continue;
		snprintf(name, sizeof name, "go%d", step);
		assert_int_equal(remove_at(&view, name), 0);
		snprintf(name, sizeof name, "new%d", step++);
		put_file(&view, name, "");
	}
	assert_int_equal(seen, 200);
	view_close(&view);
}

/* A program that renames, or replaces by another file, whatever it reads, comes to an end. */
static void test_a_listing_ends_though_each_name_seen_is_renamed(void **state)
{
	struct view view;
	struct dentry *dentry;
	uint64_t position = 0;
	int seen = 0;

	view_open(&view, *state, LOWER);
	while (overlay_list(view.overlay, at(&view, "a"), position, &dentry) > 0) {
		cleanup_free char *from = xasprintf("a/%s", dentry->name);
		cleanup_free char *to = xasprintf("a/%s.x", dentry->name);

		position = dentry->position + 1;
		assert_int_equal(rename_at(&view, from, to, 0), 0);
		assert_true(++seen <= 2);
	}
	position = 0;
	while (overlay_list(view.overlay, at(&view, "a"), position, &dentry) > 0) {
		cleanup_free char *to = xasprintf("a/%s", dentry->name);

		position = dentry->position + 1;
		put_file(&view, "a/temporary", "t");
		assert_int_equal(rename_at(&view, "a/temporary", to, 0), 0);
		assert_true(++seen <= 4);
	}
	assert_int_equal(seen, 4);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"f a/one.x 0755 0:0 9 t\n"
				"f a/two.x 0755 0:0 9 t\n"
				"d b 0700 5:5 4\n"
				"d b/deep 0755 0:0 5\n"
				"f b/deep/file 0644 0:0 6 deep\n");
	view_close(&view);
}

static void test_a_removed_directory_takes_no_names(void **state)
{
	struct overlay_make what = { .type = DIR_ENTRY_FILE };
	struct view view;
	struct node *dir, *node;
	struct stat attr;

	view_open(&view, *state, "d a 0755 0:0 1\n");
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "a", &dir), 0);
	assert_int_equal(remove_at(&view, "a"), 0);
	assert_int_equal(overlay_make(view.overlay, dir, "x", &what, &caller, &node), -ENOENT);
	put_file(&view, "y", "y");
	assert_int_equal(overlay_link(view.overlay, at(&view, "y"), dir, "x"), -ENOENT);
	assert_int_equal(overlay_rename(view.overlay, overlay_root(view.overlay), "y", dir, "x", 0),
			 -ENOENT);
	assert_names(&view, dir, "");
	overlay_stat(view.overlay, dir, &attr);
	assert_int_equal(attr.st_nlink, 0);
	overlay_forget(view.overlay, dir, 1);
	assert_committed(&view, "f y 0755 0:0 9 y\n");
	view_close(&view);
}

static void test_a_read_only_view_refuses_every_change(void **state)
{
	struct fixture *f = *state;
	struct tree_root root = stored_tree(f, LOWER);
	struct view view = { .f = f };
	struct node *node;
	struct stat attr = { .st_mode = 0700 };

	assert_ok(overlay_open(f->store, NULL, &root, &view.overlay, &f->err), f->err);
	node = at(&view, "a/one");
	assert_int_equal(make(&view, "a/x", DIR_ENTRY_FILE, NULL), -EROFS);
	assert_int_equal(remove_at(&view, "a/one"), -EROFS);
	assert_int_equal(remove_at(&view, "b"), -EROFS);
	assert_int_equal(link_at(&view, "a/one", "x"), -EROFS);
	assert_int_equal(rename_at(&view, "a", "x", 0), -EROFS);
	assert_int_equal(write_to(&view, node, "x", 0), -EROFS);
	assert_int_equal(truncate_to(&view, node, 0), -EROFS);
	assert_int_equal(overlay_setattr(view.overlay, node, &attr, OVERLAY_SET_MODE), -EROFS);
	assert_int_equal(overlay_setxattr(view.overlay, node, "user.a", "b", 1, 0), -EROFS);
	assert_int_equal(overlay_removexattr(view.overlay, node, "user.a"), -EROFS);
	assert_int_equal(overlay_fallocate(view.overlay, node, 0, 0, 10), -EROFS);
	assert_int_equal(overlay_copy_range(view.overlay, node, 0, at(&view, "a/two"), 0, 1),
			 -EROFS);
	assert_content(&view, node, "1");
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_names_below_and_above_are_found),
		CASE(test_a_name_below_a_file_is_no_name),
		CASE(test_names_that_are_too_long_or_no_names),
		CASE(test_what_is_made_belongs_to_who_made_it),
		CASE(test_a_lower_name_that_was_removed_is_gone),
		CASE(test_a_removed_lower_name_can_be_another_thing),
		CASE(test_a_lower_directory_made_anew_is_empty),
		CASE(test_renaming_keeps_all_that_a_file_is),
		CASE(test_a_lower_directory_is_renamed_with_all_below),
		CASE(test_renaming_onto_what_is_there),
		CASE(test_two_names_are_exchanged),
		CASE(test_exchanging_a_name_with_itself_changes_nothing),
		CASE(test_sub_directories_are_counted),
		CASE(test_a_listing_goes_on_after_its_last_name_was_removed),
		CASE(test_a_listing_shows_each_old_name_once_while_others_come_and_go),
		CASE(test_a_listing_ends_though_each_name_seen_is_renamed),
		CASE(test_a_removed_directory_takes_no_names),
		CASE(test_a_read_only_view_refuses_every_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
