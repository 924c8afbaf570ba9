/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"
#include "tools/mount_helper.h"

static bool called(const char *a, const char *b, const char *c, const char *d, bool is_verb)
{
	char *argv[] = { xstrdup(a), xstrdup(b), xstrdup(c), xstrdup(d), xstrdup("ro"), NULL };
	bool result = mount_helper_called(5, argv, is_verb);

	for (size_t i = 0; i < 5; i++)
		free(argv[i]);
	return result;
}

static void test_it_is_told_by_its_name_or_by_the_form_of_the_call(void **state)
{
	(void)state;
	assert_true(called("/sbin/mount.fuse.varve", "last", "/mnt", "-o", false));
	assert_true(called("/sbin/mount.fuse.varve", "build", "/mnt", "-o", true));
	assert_true(called("varve", "last@build:3", "/mnt", "-o", false));
	assert_false(called("varve", "build", "/mnt", "-o", true));
	assert_false(called("varve", "--debug", "build", "-o", false));
	assert_false(called("varve", "history", "-n", "3", true));
}

static void test_options_for_others_are_passed_over(void **state)
{
	struct mount_list list;

	(void)state;
	mount_list_parse("rw,noauto,user,x-systemd.automount,nofail,noexec,comment=a,allow_other,",
			 &list);
	assert_false(list.read_only);
	assert_false(list.all);
	assert_null(list.store);
	assert_string_equal(list.rest, "noexec,allow_other");
	mount_list_release(&list);
}

static void test_options_of_our_own_are_taken_out(void **state)
{
	struct mount_list list;

	(void)state;
	mount_list_parse("rw,store=/a,ro,all,store=/b,setuid=me", &list);
	assert_true(list.read_only);
	assert_true(list.all);
	assert_string_equal(list.store, "/b");
	assert_string_equal(list.user, "me");
	assert_string_equal(list.rest, "");
	mount_list_release(&list);
	mount_list_parse("", &list);
	assert_string_equal(list.rest, "");
	assert_false(list.remount);
	mount_list_release(&list);
	mount_list_parse("rw,nosuid,remount,ro", &list);
	assert_true(list.remount);
	assert_true(list.read_only);
	assert_string_equal(list.rest, "nosuid");
	mount_list_release(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_told_by_its_name_or_by_the_form_of_the_call),
		cmocka_unit_test(test_options_for_others_are_passed_over),
		cmocka_unit_test(test_options_of_our_own_are_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
