/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/lower/remote.h"
#include "tests/lib/unit.h"

static void test_K11_files_behind_urls(void **state)
{
	(void)state;
	assert_int_equal(remote_kind_of("http://x/y"), REMOTE_HTTP);
	assert_int_equal(remote_kind_of("https://x"), REMOTE_HTTP);
	assert_int_equal(remote_kind_of("https://x.git/y"), REMOTE_HTTP);
	assert_int_equal(remote_kind_of("https://x/y?z.git"), REMOTE_HTTP);
}

static void test_K12_repositories(void **state)
{
	(void)state;
	assert_int_equal(remote_kind_of("https://x/y.git"), REMOTE_GIT);
	assert_int_equal(remote_kind_of("https://x/y.git#main:dir"), REMOTE_GIT);
	assert_int_equal(remote_kind_of("http://x/y.git?ref=v1"), REMOTE_GIT);
	assert_int_equal(remote_kind_of("git://x/y"), REMOTE_GIT);
	assert_int_equal(remote_kind_of("ssh://git@x:22/y"), REMOTE_GIT);
	assert_int_equal(remote_kind_of("git@example.com:a/b.git"), REMOTE_GIT);
}

static void test_paths_are_neither(void **state)
{
	static const char *const paths[] = { "",         "a",     "/http://x", "a@b", "@h:x",
					     "file://x", "y.git", "http:/x",   "u@:x" };

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		assert_int_equal(remote_kind_of(paths[i]), REMOTE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_K11_files_behind_urls),
		cmocka_unit_test(test_K12_repositories),
		cmocka_unit_test(test_paths_are_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
