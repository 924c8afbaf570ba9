/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static void test_a_list_ends_in_null(void **state)
{
	cleanup_with(strings_release) struct strings list = { 0 };

	(void)state;
	assert_null(strings_argv(&list)[0]);
	for (int i = 0; i < 20; i++)
		strings_add_format(&list, "%02d", 19 - i);
	assert_null(strings_argv(&list)[20]);
	strings_sort(&list);
	assert_string_equal(list.items[0], "00");
	strings_remove(&list, 0);
	assert_string_equal(list.items[0], "01");
	assert_int_equal(list.count, 19);
	assert_null(list.items[19]);
}

static void test_joining(void **state)
{
	cleanup_with(strings_release) struct strings list = { 0 };
	char *joined;

	(void)state;
	strings_add(&list, "a");
	strings_add(&list, "b");
	joined = strings_join(&list, ", ");
	assert_string_equal(joined, "a, b");
	free(joined);
}

static void test_an_environment_keeps_its_order(void **state)
{
	cleanup_with(strings_release) struct strings env = { 0 };

	(void)state;
	strings_env_set(&env, "PATH", "/bin");
	strings_env_set(&env, "PAT", "x");
	strings_env_set(&env, "PATH", "/usr/bin");
	assert_string_equal(strings_env_get(&env, "PATH"), "/usr/bin");
	assert_string_equal(strings_env_get(&env, "PAT"), "x");
	assert_null(strings_env_get(&env, "PA"));
	assert_string_equal(env.items[0], "PATH=/usr/bin");
	assert_int_equal(env.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_ends_in_null),
		cmocka_unit_test(test_joining),
		cmocka_unit_test(test_an_environment_keeps_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
