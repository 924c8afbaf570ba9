/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/fd.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static void test_a_replaced_file_is_old_or_new_and_leaves_nothing_beside_it(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	char *dir = test_directory();
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(file_replace(fd, "f", "one", 3, 0600, false), 0);
	assert_int_equal(file_replace(fd, "f", "second", 6, 0600, true), 0);
	assert_int_equal(file_read(fd, "f", 100, &got), 0);
	assert_string_equal(buf_string(&got), "second");
	assert_int_equal(unlinkat(fd, "f", 0), 0);
	assert_int_equal(rmdir(dir), 0);
	free(dir);
}

static void test_a_file_without_a_name_is_empty_and_nowhere(void **state)
{
	char *dir = test_directory(), byte;
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), one = -1, other = -1;

	(void)state;
	one = file_unnamed(fd, "f");
	assert_int_equal(fd_write_all(one, "x", 1), 0);
	assert_int_equal(fd_pread_exactly(one, &byte, 1, 0), 0);
	other = file_unnamed(fd, "f");
	assert_int_equal(fd_pread_exactly(other, &byte, 1, 0), -ENODATA);
	assert_int_equal(file_unnamed(fd, "missing/f"), -ENOENT);
	assert_int_equal(rmdir(dir), 0);
	free(dir);
}

static void test_reading_past_the_limit_is_refused(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	char *dir = test_directory();
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(file_replace(fd, "f", "12345678", 8, 0600, false), 0);
	assert_int_equal(file_read(fd, "f", 7, &got), -E2BIG);
	buf_clear(&got);
	assert_int_equal(file_read(fd, "f", 8, &got), 0);
	test_directory_remove(dir);
}

static void test_removing_a_deep_tree_with_closed_directories(void **state)
{
	char *dir = test_directory();
	cleanup_free char *deep = xasprintf("%s/a/b/c/d/e", dir);
	cleanup_free char *middle = xasprintf("%s/a/b", dir);
	cleanup_free char *link = xasprintf("%s/a/link", dir);
	cleanup_free char *outside = test_directory();
	cleanup_free char *kept = xasprintf("%s/kept", outside);

	(void)state;
	assert_int_equal(dir_make_all(deep, 0755), 0);
	assert_int_equal(file_replace(AT_FDCWD, kept, "x", 1, 0600, false), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(chmod(middle, 0), 0);
	assert_int_equal(dir_remove_all(AT_FDCWD, dir), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(dir_remove_all(AT_FDCWD, outside), 0);
	free(dir);
}

static void test_the_names_in_a_directory(void **state)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	char *dir = test_directory();
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(dir_list(fd, ".", &names), 0);
	assert_int_equal(names.count, 0);
	assert_int_equal(dir_make(fd, "b", 0700), 0);
	assert_int_equal(file_replace(fd, ".a", "x", 1, 0600, false), 0);
	assert_int_equal(dir_list(fd, ".", &names), 0);
	strings_sort(&names);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0], ".a");
	assert_string_equal(names.items[1], "b");
	assert_int_equal(dir_list(fd, ".a", &names), -ENOTDIR);
	assert_int_equal(dir_list(fd, "c", &names), -ENOENT);
	test_directory_remove(dir);
}

static void test_a_range_is_copied(void **state)
{
	char *dir = test_directory();
	cleanup_free char *from = xasprintf("%s/from", dir);
	cleanup_free char *to = xasprintf("%s/to", dir);
	cleanup_fd int in = open(from, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	cleanup_fd int out = open(to, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char got[4] = { 0 };

	(void)state;
	assert_int_equal(fd_write_all(in, "0123456789", 10), 0);
	assert_int_equal(fd_copy_range(in, 3, out, 1, 3), 0);
	assert_int_equal(fd_pread_exactly(out, got, 4, 0), 0);
	assert_memory_equal(got, "\000345", 4);
	assert_int_equal(fd_pread_exactly(out, got, 4, 1), -ENODATA);
	test_directory_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_replaced_file_is_old_or_new_and_leaves_nothing_beside_it),
		cmocka_unit_test(test_a_file_without_a_name_is_empty_and_nowhere),
		cmocka_unit_test(test_reading_past_the_limit_is_refused),
		cmocka_unit_test(test_removing_a_deep_tree_with_closed_directories),
		cmocka_unit_test(test_the_names_in_a_directory),
		cmocka_unit_test(test_a_range_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
