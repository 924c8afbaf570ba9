/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/platform.h"
#include "builder/sandbox/probe.h"
#include "tests/lib/handlers_fixture.h"
#include "tools/doctor_platforms.h"

static struct probe_result look(const char *dir, struct probe_report *report)
{
	doctor_platforms(dir, report);
	return report->items[report->count - 1];
}

static void test_the_platforms_of_the_host_are_said_and_what_others_take(void **state)
{
	cleanup_with(probe_report_release) struct probe_report report = { 0 };
	cleanup_free char *own = xasprintf("linux/%s", platform_host().architecture);
	char *dir = test_directory();
	struct probe_result result;

	(void)state;
	result = look(dir, &report);
	assert_int_equal(result.verdict, PROBE_OK);
	assert_non_null(strstr(result.found, own));
	assert_non_null(strstr(result.found, "is not shown"));
	assert_non_null(strstr(result.mend, "mount -t binfmt_misc"));
	write_handler(dir, "status", "enabled\n");
	result = look(dir, &report);
	assert_non_null(strstr(result.found, "no handler for others"));
	assert_non_null(strstr(result.mend, "apt-get install qemu-user-static binfmt-support"));
	test_directory_remove(dir);
}

static void test_handlers_are_told_by_what_they_need(void **state)
{
	cleanup_with(probe_report_release) struct probe_report report = { 0 };
	bool is_arm = strcmp(platform_host().architecture, "arm64") == 0;
	char *dir = test_directory();
	struct probe_result result;

	(void)state;
	write_handler(dir, "status", "enabled\n");
	write_handler(dir, "s390x",
		      "enabled\ninterpreter /q/s390x\nflags: OC\noffset 18\nmagic 0016\n");
	result = look(dir, &report);
	assert_non_null(strstr(result.found,
			       "where the image has the handler's program for linux/s390x "
			       "(/q/s390x)"));
	assert_non_null(result.mend);
	write_handler(dir, "qemu-aarch64",
		      "enabled\ninterpreter /q/aarch64\nflags: OCF\n" AARCH64_LINES);
	write_handler(dir, "riscv", "enabled\ninterpreter /q\nflags: F\noffset 18\nmagic f300\n");
	result = look(dir, &report);
	assert_non_null(strstr(result.found, is_arm ? "kernel for linux/riscv64"
						    : "kernel for linux/arm64, linux/riscv64"));
	assert_null(result.mend);
	test_directory_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_platforms_of_the_host_are_said_and_what_others_take),
		cmocka_unit_test(test_handlers_are_told_by_what_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
