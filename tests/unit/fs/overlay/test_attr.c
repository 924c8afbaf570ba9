/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/sysmacros.h>

#include "tests/lib/overlay_fixture.h"

static const char LOWER[] = "d dir 0755 1:1 1\n"
			    "f file 4755 1:2 2.000000005 *200000\n"
			    "x file security.capability=cap\n"
			    "x file user.a=1\n"
			    "l link 0:0 3 file\n"
			    "c tty 0620 0:5 4 5:1\n";

static void set(struct view *view, const char *path, const struct stat *attr, unsigned what)
{
	assert_int_equal(overlay_setattr(view->overlay, at(view, path), attr, what), 0);
}

static void test_what_is_stored_is_shown(void **state)
{
	struct view view;
	struct stat attr;

	view_open(&view, *state, LOWER);
	overlay_stat(view.overlay, at(&view, "file"), &attr);
	assert_int_equal(attr.st_mode, S_IFREG | 04755);
	assert_int_equal(attr.st_uid, 1);
	assert_int_equal(attr.st_gid, 2);
	assert_int_equal(attr.st_size, 200000);
	assert_int_equal(attr.st_blocks, 392);
	assert_int_equal(attr.st_mtim.tv_sec, 2);
	assert_int_equal(attr.st_mtim.tv_nsec, 5);
	overlay_stat(view.overlay, at(&view, "link"), &attr);
	assert_int_equal(attr.st_mode, S_IFLNK | 0777);
	assert_int_equal(attr.st_size, 4);
	overlay_stat(view.overlay, at(&view, "tty"), &attr);
	assert_int_equal(attr.st_mode, S_IFCHR | 0620);
	assert_int_equal(attr.st_rdev, makedev(5, 1));
	view_close(&view);
}

static void test_changing_attributes_copies_no_content(void **state)
{
	struct view view;
	struct stat attr = { .st_mode = 0600, .st_uid = 7, .st_gid = 8 };

	view_open(&view, *state, LOWER);
	attr.st_mtim = (struct timespec){ 77, 123456789 };
	set(&view, "file", &attr,
	    OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID | OVERLAY_SET_MTIME);
	assert_int_equal(at(&view, "file")->content, CONTENT_BLOB);
	assert_int_equal(overlay_setxattr(view.overlay, at(&view, "file"), "user.b", "2", 1, 0), 0);
	assert_int_equal(at(&view, "file")->content, CONTENT_BLOB);
	assert_committed(&view, "d dir 0755 1:1 1\n"
				"f file 0600 7:8 77.123456789 *200000\n"
				"x file security.capability=cap\n"
				"x file user.a=1\n"
				"x file user.b=2\n"
				"l link 0:0 3 file\n"
				"c tty 0620 0:5 4 5:1\n");
	view_close(&view);
}

static void test_writing_keeps_mode_owner_and_attributes(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(truncate_to(&view, at(&view, "file"), 3), 0);
	assert_int_equal(write_to(&view, at(&view, "file"), "new", 0), 0);
	assert_committed(&view, "d dir 0755 1:1 1\n"
				"f file 4755 1:2 9 new\n"
				"x file security.capability=cap\n"
				"x file user.a=1\n"
				"l link 0:0 3 file\n"
				"c tty 0620 0:5 4 5:1\n");
	view_close(&view);
}

static void test_an_ordinary_write_takes_privileges_away(void **state)
{
	struct view view;
	struct node *node;

	view_open(&view, *state, LOWER);
	node = at(&view, "file");
	assert_int_equal(overlay_write(view.overlay, node, "x", 1, 0, true), 0);
	assert_int_equal(node->mode, 0755);
	assert_int_equal(overlay_getxattr(view.overlay, node, "security.capability", NULL, 0),
			 -ENODATA);
	assert_int_equal(overlay_getxattr(view.overlay, node, "user.a", NULL, 0), 1);
	view_close(&view);
}

static void test_a_new_owner_takes_privileges_away(void **state)
{
	struct view view;
	struct stat attr = { .st_uid = 9 };

	view_open(&view, *state, LOWER);
	set(&view, "file", &attr, OVERLAY_SET_UID);
	assert_int_equal(at(&view, "file")->mode, 0755);
	attr.st_mode = 02750;
	set(&view, "dir", &attr, OVERLAY_SET_MODE);
	set(&view, "dir", &attr, OVERLAY_SET_UID);
	assert_int_equal(at(&view, "dir")->mode, 02750);
	view_close(&view);
}

static void test_a_truncation_by_an_ordinary_user_takes_privileges_away(void **state)
{
	struct view view;
	struct stat attr = { .st_size = 5 };

	view_open(&view, *state, LOWER);
	set(&view, "file", &attr, OVERLAY_SET_SIZE | OVERLAY_KILL_PRIV);
	assert_int_equal(at(&view, "file")->mode, 0755);
	view_close(&view);
}

static void test_extended_attributes_are_set_read_listed_and_removed(void **state)
{
	struct view view;
	struct node *node;
	char value[16], list[64];

	view_open(&view, *state, LOWER);
	node = at(&view, "file");
	assert_int_equal(overlay_getxattr(view.overlay, node, "user.a", value, 16), 1);
	assert_int_equal(overlay_setxattr(view.overlay, node, "user.a", "22", 2, XATTR_CREATE),
			 -EEXIST);
	assert_int_equal(overlay_setxattr(view.overlay, node, "user.z", "22", 2, XATTR_REPLACE),
			 -ENODATA);
	assert_int_equal(overlay_setxattr(view.overlay, node, "user.a", "22", 2, XATTR_REPLACE), 0);
	assert_int_equal(overlay_setxattr(view.overlay, node, "user.e", "", 0, 0), 0);
	assert_int_equal(overlay_getxattr(view.overlay, node, "user.a", value, 1), -ERANGE);
	assert_int_equal(overlay_getxattr(view.overlay, node, "user.e", value, 16), 0);
	assert_int_equal(overlay_listxattr(view.overlay, node, NULL, 0), 34);
	assert_int_equal(overlay_listxattr(view.overlay, node, list, 33), -ERANGE);
	assert_int_equal(overlay_listxattr(view.overlay, node, list, 64), 34);
	assert_memory_equal(list, "security.capability\0user.a\0user.e", 34);
	assert_int_equal(overlay_removexattr(view.overlay, node, "user.no"), -ENODATA);
	assert_int_equal(overlay_removexattr(view.overlay, node, "user.a"), 0);
	assert_int_equal(overlay_removexattr(view.overlay, node, "user.e"), 0);
	assert_int_equal(overlay_removexattr(view.overlay, node, "security.capability"), 0);
	assert_int_equal(overlay_listxattr(view.overlay, node, list, 64), 0);
	assert_int_equal(overlay_removexattr(view.overlay, at(&view, "dir"), "user.a"), -ENODATA);
	assert_committed(&view, "d dir 0755 1:1 1\n"
				"f file 4755 1:2 2.000000005 *200000\n"
				"l link 0:0 3 file\n"
				"c tty 0620 0:5 4 5:1\n");
	view_close(&view);
}

static void test_too_many_extended_attributes_are_refused_and_leave_the_old(void **state)
{
	struct view view;
	struct node *node;
	static char value[65536];
	int r = 0, count = 0;

	view_open(&view, *state, LOWER);
	node = at(&view, "dir");
	while (r == 0 && count < 1000) {
		char key[16];

		snprintf(key, sizeof key, "user.%d", count);
		r = overlay_setxattr(view.overlay, node, key, value, sizeof value, 0);
		count += r == 0;
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(overlay_getxattr(view.overlay, node, "user.0", NULL, 0), 65536);
	settle(&view);
	view_commit(&view);
	view_close(&view);
}

static void test_a_capability_of_our_own_root_is_stored_as_a_plain_one(void **state)
{
	static const unsigned char nested[24] = { 1, 0, 0, 3, 0x20, 4 };
	static const unsigned char plain[20] = { 1, 0, 0, 2, 0x20, 4 };
	unsigned char value[24];
	struct view view;

	view_open(&view, *state, LOWER);
	assert_int_equal(overlay_setxattr(view.overlay, at(&view, "file"), "security.capability",
					  nested, 24, 0),
			 0);
	assert_int_equal(
		overlay_getxattr(view.overlay, at(&view, "file"), "security.capability", value, 24),
		20);
	assert_memory_equal(value, plain, 20);
	view_close(&view);
}

static void test_the_roots_own_attributes_are_kept(void **state)
{
	struct view view, again;
	struct stat attr = { .st_mode = 01777, .st_uid = 3, .st_gid = 4 };
	struct node *root;
	char value[4];

	view_open(&view, *state, "");
	root = overlay_root(view.overlay);
	assert_int_equal(overlay_setattr(view.overlay, root, &attr,
					 OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID),
			 0);
	assert_int_equal(overlay_setxattr(view.overlay, root, "user.r", "yes", 3, 0), 0);
	assert_true(overlay_changed(view.overlay));
	settle(&view);
	view_commit(&view);
	view_open_root(&again, *state, &view.root);
	overlay_stat(again.overlay, overlay_root(again.overlay), &attr);
	assert_int_equal(attr.st_mode, S_IFDIR | 01777);
	assert_int_equal(attr.st_uid, 3);
	assert_int_equal(
		overlay_getxattr(again.overlay, overlay_root(again.overlay), "user.r", value, 4),
		3);
	view_close(&again);
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_is_stored_is_shown),
		CASE(test_changing_attributes_copies_no_content),
		CASE(test_writing_keeps_mode_owner_and_attributes),
		CASE(test_an_ordinary_write_takes_privileges_away),
		CASE(test_a_new_owner_takes_privileges_away),
		CASE(test_a_truncation_by_an_ordinary_user_takes_privileges_away),
		CASE(test_extended_attributes_are_set_read_listed_and_removed),
		CASE(test_too_many_extended_attributes_are_refused_and_leave_the_old),
		CASE(test_a_capability_of_our_own_root_is_stored_as_a_plain_one),
		CASE(test_the_roots_own_attributes_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
