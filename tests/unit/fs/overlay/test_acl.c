/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/xattr.h>

#include "fs/base/bytes.h"
#include "fs/overlay/acl.h"
#include "tests/lib/overlay_fixture.h"

enum { OWNER = 1, USER = 2, GROUP_OWNER = 4, MASK = 16, OTHER = 32 };

struct list {
	uint8_t bytes[4 + 8 * 8];
	size_t size;
};

/* Pairs of a tag and permissions, ended by 0. */
static struct list list_of(const unsigned *pairs)
{
	struct list list = { .size = 4 };

	put_le32(list.bytes, 2);
	for (; pairs[0]; pairs += 2, list.size += 8) {
		put_le16(list.bytes + list.size, (uint16_t)pairs[0]);
		put_le16(list.bytes + list.size + 2, (uint16_t)pairs[1]);
		put_le32(list.bytes + list.size + 4, pairs[0] == USER ? 1000 : UINT32_MAX);
	}
	return list;
}

#define LIST(...) list_of((const unsigned[]){ __VA_ARGS__, 0 })

static int set_list(struct view *view, const char *path, const char *key, const struct list *list,
		    int flags)
{
	return overlay_setxattr(view->overlay, at(view, path), key, list->bytes, list->size, flags);
}

static void assert_list(struct view *view, const char *path, const char *key,
			const struct list *list)
{
	uint8_t found[128];
	ssize_t n = overlay_getxattr(view->overlay, at(view, path), key, found, sizeof found);

	assert_int_equal(n, list->size);
	assert_memory_equal(found, list->bytes, list->size);
}

static void test_only_lists_that_stand_for_a_mode_are_taken(void **state)
{
	struct list list = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, MASK, 4, OTHER, 0);

	(void)state;
	assert_int_equal(acl_check(list.bytes, list.size), 0);
	assert_int_equal(acl_check(list.bytes, list.size - 1), -EINVAL);
	assert_int_equal(acl_check(list.bytes, list.size - 8), -EINVAL);
	assert_int_equal(acl_check(list.bytes, 4), -EINVAL);
	assert_int_equal(acl_check(list.bytes, 0), -EINVAL);
	put_le32(list.bytes, 3);
	assert_int_equal(acl_check(list.bytes, list.size), -EOPNOTSUPP);
	list = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, OTHER, 0);
	assert_int_equal(acl_check(list.bytes, list.size), -EINVAL);
	list = LIST(OWNER, 7, OWNER, 6, GROUP_OWNER, 5, OTHER, 0);
	assert_int_equal(acl_check(list.bytes, list.size), -EINVAL);
	list = LIST(OWNER, 8, GROUP_OWNER, 5, OTHER, 0);
	assert_int_equal(acl_check(list.bytes, list.size), -EINVAL);
	list = LIST(OWNER, 7, GROUP_OWNER, 5, OTHER, 0, 64, 1);
	assert_int_equal(acl_check(list.bytes, list.size), -EINVAL);
}

static void test_a_list_of_access_and_the_mode_follow_each_other(void **state)
{
	struct list list = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, MASK, 4, OTHER, 1);
	struct stat attr = { .st_mode = 04620 };
	struct view view;

	view_open(&view, *state, "f file 0600 0:0 1 x\n");
	assert_int_equal(set_list(&view, "file", ACL_ACCESS, &list, 0), 0);
	assert_int_equal(at(&view, "file")->mode, 0741);
	assert_int_equal(overlay_setattr(view.overlay, at(&view, "file"), &attr, OVERLAY_SET_MODE),
			 0);
	assert_int_equal(at(&view, "file")->mode, 04620);
	list = LIST(OWNER, 6, USER, 6, GROUP_OWNER, 5, MASK, 2, OTHER, 0);
	assert_list(&view, "file", ACL_ACCESS, &list);
	view_close(&view);
}

static void test_a_list_that_says_no_more_than_the_mode_is_not_kept(void **state)
{
	struct list list = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, MASK, 4, OTHER, 1);
	struct list plain = LIST(OWNER, 7, GROUP_OWNER, 1, OTHER, 2);
	struct view view;

	view_open(&view, *state, "f file 0600 0:0 1 x\n");
	assert_int_equal(set_list(&view, "file", ACL_ACCESS, &plain, 0), 0);
	assert_int_equal(set_list(&view, "file", ACL_ACCESS, &list, 0), 0);
	assert_int_equal(set_list(&view, "file", ACL_ACCESS, &plain, 0), 0);
	assert_int_equal(at(&view, "file")->mode, 0712);
	assert_null(at(&view, "file")->xattrs);
	view_close(&view);
}

static void test_who_may_not_keep_the_group_bit_loses_it(void **state)
{
	struct list list = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, MASK, 4, OTHER, 1);
	struct view view;

	view_open(&view, *state, "f file 6750 0:0 1 x\n");
	assert_int_equal(set_list(&view, "file", ACL_ACCESS, &list, 0), 0);
	assert_int_equal(at(&view, "file")->mode, 06741);
	assert_int_equal(set_list(&view, "file", ACL_ACCESS, &list, OVERLAY_XATTR_KILL_SGID), 0);
	assert_int_equal(at(&view, "file")->mode, 04741);
	view_close(&view);
}

static void test_what_is_made_inherits_the_default_list(void **state)
{
	const struct overlay_caller strict = { .umask = 0777 };
	struct overlay_make file = { .type = DIR_ENTRY_FILE, .mode = 0666 };
	struct overlay_make dir = { .type = DIR_ENTRY_DIR, .mode = 0750 };
	struct list list = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, MASK, 7, OTHER, 4);
	struct list inherited = LIST(OWNER, 6, USER, 6, GROUP_OWNER, 5, MASK, 6, OTHER, 4);
	struct node *node;
	struct view view;

	view_open(&view, *state, "d dir 0755 0:0 1\n");
	assert_int_equal(set_list(&view, "dir", ACL_DEFAULT, &list, 0), 0);
	assert_int_equal(overlay_make(view.overlay, at(&view, "dir"), "f", &file, &strict, &node),
			 0);
	assert_int_equal(node->mode, 0664);
	assert_list(&view, "dir/f", ACL_ACCESS, &inherited);
	overlay_forget(view.overlay, node, 1);
	assert_int_equal(overlay_make(view.overlay, at(&view, "dir"), "d", &dir, &strict, &node),
			 0);
	assert_int_equal(node->mode, 0750);
	assert_list(&view, "dir/d", ACL_DEFAULT, &list);
	inherited = LIST(OWNER, 7, USER, 6, GROUP_OWNER, 5, MASK, 5, OTHER, 0);
	assert_list(&view, "dir/d", ACL_ACCESS, &inherited);
	overlay_forget(view.overlay, node, 1);
	view_close(&view);
}

static void test_names_that_are_no_filesystems_are_refused(void **state)
{
	struct list list = LIST(OWNER, 7, GROUP_OWNER, 1, OTHER, 2);
	struct view view;

	view_open(&view, *state, "f file 0600 0:0 1 x\n");
	assert_int_equal(set_list(&view, "file", "strange.name", &list, 0), -EOPNOTSUPP);
	assert_int_equal(set_list(&view, "file", "system.nfs4_acl", &list, 0), -EOPNOTSUPP);
	assert_int_equal(set_list(&view, "file", ACL_DEFAULT, &list, 0), -EACCES);
	assert_int_equal(overlay_getxattr(view.overlay, at(&view, "file"), "strange.name", NULL, 0),
			 -EOPNOTSUPP);
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_only_lists_that_stand_for_a_mode_are_taken),
		CASE(test_a_list_of_access_and_the_mode_follow_each_other),
		CASE(test_a_list_that_says_no_more_than_the_mode_is_not_kept),
		CASE(test_who_may_not_keep_the_group_bit_loses_it),
		CASE(test_what_is_made_inherits_the_default_list),
		CASE(test_names_that_are_no_filesystems_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
