/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "builder/image/beneath.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

static void check(int top_fd, const char *path, int flags, int want)
{
	int fd = -1, r = open_beneath(top_fd, path, flags, 0600, &fd);

	if (r != want)
		fail_msg("'%s': %d instead of %d", path, r, want);
	if (r == 0)
		close(fd);
}

static void test_no_symlink_is_followed_and_nothing_above_is_reached(void **state)
{
	char *dir = test_directory();
	cleanup_fd int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(mkdirat(top, "a", 0700), 0);
	assert_int_equal(mkdirat(top, "a/b", 0700), 0);
	assert_int_equal(symlinkat("a", top, "inside"), 0);
	assert_int_equal(symlinkat("/", top, "outside"), 0);
	check(top, "", O_RDONLY | O_DIRECTORY, 0);
	check(top, "a/b", O_RDONLY | O_DIRECTORY, 0);
	check(top, "a/b/new", O_WRONLY | O_CREAT | O_EXCL, 0);
	check(top, "inside/b", O_RDONLY, -ELOOP);
	check(top, "inside", O_RDONLY, -ELOOP);
	check(top, "outside/etc", O_RDONLY, -ELOOP);
	check(top, "a/../..", O_RDONLY, -EXDEV);
	check(top, "/etc", O_RDONLY, -EXDEV);
	check(top, "missing", O_RDONLY, -ENOENT);
	test_directory_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_symlink_is_followed_and_nothing_above_is_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
