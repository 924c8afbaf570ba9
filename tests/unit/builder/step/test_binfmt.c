/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/step/binfmt.h"
#include "tests/lib/handlers_fixture.h"

static const struct binfmt_machine *machine(const char *name)
{
	for (size_t i = 0; i < binfmt_machine_count; i++) {
		if (strcmp(binfmt_machines[i].name, name) == 0)
			return &binfmt_machines[i];
	}
	fail_msg("no machine %s", name);
	return NULL;
}

static bool runs(const char *text, const char *name)
{
	cleanup_with(binfmt_handler_release) struct binfmt_handler handler = { 0 };
	struct binfmt_head head;

	binfmt_handler_parse(text, &handler);
	binfmt_machine_head(machine(name), &head);
	return binfmt_handler_matches(&handler, &head);
}

static void test_a_handler_runs_what_its_magic_and_mask_say(void **state)
{
	(void)state;
	assert_true(runs("enabled\ninterpreter /q\nflags: F\n" AARCH64_LINES, "arm64"));
	assert_false(runs("enabled\ninterpreter /q\nflags: F\n" AARCH64_LINES, "amd64"));
	assert_false(runs("enabled\ninterpreter /q\nflags: F\n" AARCH64_LINES, "arm"));
	assert_false(runs("disabled\ninterpreter /q\nflags: F\n" AARCH64_LINES, "arm64"));
	assert_true(runs("enabled\nmagic 7f454c46\n", "s390x"));
	assert_true(runs("enabled\noffset 18\nmagic 0016\n", "s390x"));
	assert_false(runs("enabled\noffset 18\nmagic 0016\n", "ppc64le"));
}

static void test_lines_that_mean_nothing_are_passed_over(void **state)
{
	cleanup_with(binfmt_handler_release) struct binfmt_handler handler = { 0 };

	(void)state;
	assert_false(runs("", "arm64"));
	assert_false(runs("enabled\nextension .py\n", "arm64"));
	assert_false(runs("enabled\noffset 4294967295\nmagic 7f\n", "arm64"));
	assert_false(runs("enabled\nmagic zz\n", "arm64"));
	binfmt_handler_parse("enabled\ninterpreter /one\ninterpreter /two\nflags: OC\nmagic 7\n",
			     &handler);
	assert_string_equal(handler.interpreter, "/one");
	assert_false(handler.fixed);
	assert_int_equal(handler.magic_size, 0);
}

static void test_magic_that_is_too_long_is_cut(void **state)
{
	cleanup_with(binfmt_handler_release) struct binfmt_handler handler = { 0 };
	char text[1200] = "enabled\nmagic ";

	(void)state;
	memset(text + strlen(text), '0', 1000);
	binfmt_handler_parse(text, &handler);
	assert_int_equal(handler.magic_size, BINFMT_HEAD_SIZE);
}

static void test_all_that_match_are_found(void **state)
{
	cleanup_with(binfmt_close) struct binfmt *binfmt = NULL;
	char *dir = test_directory();
	struct binfmt_head head;
	size_t found = 0;
	struct binfmt_handler handler;

	(void)state;
	assert_int_equal(binfmt_open("/no/such", &binfmt), -ENODATA);
	assert_int_equal(binfmt_open(dir, &binfmt), -ENODATA);
	write_handler(dir, "status", "enabled\n");
	write_handler(dir, "register", "enabled\n" AARCH64_LINES);
	write_handler(dir, "one", "enabled\ninterpreter /1\n" AARCH64_LINES);
	write_handler(dir, "two", "enabled\ninterpreter /2\n" AARCH64_LINES);
	write_handler(dir, "other", "enabled\ninterpreter /3\nmagic 4d5a\n");
	assert_int_equal(binfmt_open(dir, &binfmt), 0);
	binfmt_machine_head(machine("arm64"), &head);
	while (binfmt_next(binfmt, &head, &handler) > 0) {
		assert_string_not_equal(handler.interpreter, "/3");
		binfmt_handler_release(&handler);
		found++;
	}
	assert_int_equal(found, 2);
	test_directory_remove(dir);
}

static void test_a_host_runs_its_own_and_smaller_machines(void **state)
{
	(void)state;
	assert_true(binfmt_machine_is_native(machine("amd64"), "amd64"));
	assert_true(binfmt_machine_is_native(machine("386"), "amd64"));
	assert_true(binfmt_machine_is_native(machine("arm"), "arm64"));
	assert_false(binfmt_machine_is_native(machine("amd64"), "386"));
	assert_false(binfmt_machine_is_native(machine("arm64"), "amd64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_handler_runs_what_its_magic_and_mask_say),
		cmocka_unit_test(test_lines_that_mean_nothing_are_passed_over),
		cmocka_unit_test(test_magic_that_is_too_long_is_cut),
		cmocka_unit_test(test_all_that_match_are_found),
		cmocka_unit_test(test_a_host_runs_its_own_and_smaller_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
