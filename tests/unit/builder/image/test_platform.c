/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/platform.h"
#include "tests/lib/unit.h"

static struct error err;

static struct platform parsed(const char *text)
{
	struct platform platform = { 0 };

	assert_ok(platform_parse(text, &platform, &err), err);
	return platform;
}

static const char *text_of(const char *text)
{
	static char out[PLATFORM_TEXT_MAX];
	struct platform platform = parsed(text);

	platform_format(&platform, out);
	return out;
}

static void test_names_are_normalised(void **state)
{
	(void)state;
	assert_string_equal(text_of("linux/x86_64"), "linux/amd64");
	assert_string_equal(text_of("Linux/AMD64/v1"), "linux/amd64");
	assert_string_equal(text_of("linux/amd64/v3"), "linux/amd64/v3");
	assert_string_equal(text_of("linux/aarch64"), "linux/arm64");
	assert_string_equal(text_of("linux/arm64/8"), "linux/arm64");
	assert_string_equal(text_of("linux/arm"), "linux/arm/v7");
	assert_string_equal(text_of("linux/armel"), "linux/arm/v6");
	assert_string_equal(text_of("linux/arm/6"), "linux/arm/v6");
	assert_string_equal(text_of("linux/i686"), "linux/386");
	assert_string_equal(text_of("riscv64"), "linux/riscv64");
	assert_string_equal(text_of("windows/amd64"), "windows/amd64");
}

static void test_bad_platforms_are_refused(void **state)
{
	const char *bad[] = { "",
			      "/",
			      "linux/",
			      "linux//v8",
			      "a/b/c/d",
			      "turtle",
			      "li nux/amd64",
			      "linux/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	struct platform platform;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(platform_parse(bad[i], &platform, &err), -EINVAL);
}

static void test_the_host_is_a_platform_of_its_own(void **state)
{
	struct platform host = platform_host(), again;
	char text[PLATFORM_TEXT_MAX];

	(void)state;
	platform_format(&host, text);
	again = parsed(text);
	assert_true(platform_equal(&host, &again));
	assert_true(platform_match(&host, &host) > 0);
}

static unsigned match(const char *want, const char *have)
{
	struct platform a = parsed(want), b = parsed(have);

	return platform_match(&a, &b);
}

static void test_what_runs_where(void **state)
{
	(void)state;
	assert_true(match("linux/amd64", "linux/amd64") > match("linux/amd64", "linux/386"));
	assert_true(match("linux/amd64", "linux/386") > 0);
	assert_int_equal(match("linux/386", "linux/amd64"), 0);
	assert_int_equal(match("linux/amd64", "linux/amd64/v2"), 0);
	assert_true(match("linux/amd64/v3", "linux/amd64/v2") >
		    match("linux/amd64/v3", "linux/amd64"));
	assert_true(match("linux/arm/v7", "linux/arm/v6") > match("linux/arm/v7", "linux/arm/v5"));
	assert_true(match("linux/arm/v7", "linux/arm/v5") > 0);
	assert_int_equal(match("linux/arm/v6", "linux/arm/v7"), 0);
	assert_true(match("linux/arm64", "linux/arm/v7") > 0);
	assert_true(match("linux/arm64", "linux/arm64") > match("linux/arm64", "linux/arm/v7"));
	assert_int_equal(match("linux/amd64", "windows/amd64"), 0);
	assert_int_equal(match("linux/amd64", "linux/arm64"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_normalised),
		cmocka_unit_test(test_bad_platforms_are_refused),
		cmocka_unit_test(test_the_host_is_a_platform_of_its_own),
		cmocka_unit_test(test_what_runs_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
