/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/history_catalog.h"

static void assert_name(unsigned step, const char *name, const char *expected)
{
	cleanup_with(buf_release) struct buf got = { 0 };

	history_step_name(step, name, &got);
	assert_string_equal(buf_string(&got), expected);
}

static void test_names_are_made_of_number_and_command(void **state)
{
	(void)state;
	assert_name(7, "[build 7/9] RUN make -j2 install", "07-RUN-make-j2-install");
	assert_name(1, "[stage-1 1/2] FROM docker.io/library/debian:12",
		    "01-FROM-docker.io-library-debian-12");
	assert_name(123, "RUN x", "123-RUN-x");
}

static void test_they_are_safe_as_names_of_files(void **state)
{
	(void)state;
	assert_name(2, "[a 2/2] RUN rm -rf ../../ && echo \"$HOME\" \n; \xc3\xa4 'x'",
		    "02-RUN-rm-rf-..-..-echo-HOME-x");
	assert_name(3, "[a 3/3] ///", "03");
	assert_name(4, "", "04");
}

static void test_long_ones_are_cut(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };

	(void)state;
	history_step_name(
		5, "RUN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		&got);
	assert_in_range(got.length, 40, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_made_of_number_and_command),
		cmocka_unit_test(test_they_are_safe_as_names_of_files),
		cmocka_unit_test(test_long_ones_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
