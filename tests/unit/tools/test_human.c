/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/unit.h"
#include "tools/human.h"

static void test_sizes_as_buildkit_prints_them(void **state)
{
	char text[HUMAN_SIZE_MAX];

	(void)state;
	assert_string_equal(human_size(0, text), "0B");
	assert_string_equal(human_size(999, text), "999B");
	assert_string_equal(human_size(1000, text), "1.00kB");
	assert_string_equal(human_size(12345, text), "12.35kB");
	assert_string_equal(human_size(183920000, text), "183.92MB");
	assert_string_equal(human_size(UINT64_MAX, text), "18.45EB");
}

static void test_short_sizes_as_docker_images_prints_them(void **state)
{
	char text[HUMAN_SIZE_MAX];

	(void)state;
	assert_string_equal(human_size_short(0, text), "0B");
	assert_string_equal(human_size_short(7046656, text), "7.05MB");
	assert_string_equal(human_size_short(187654321, text), "188MB");
	assert_string_equal(human_size_short(999700, text), "1MB");
}

static void test_durations_as_docker_prints_them(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ -5, "Less than a second" },
		{ 0, "Less than a second" },
		{ 1, "1 second" },
		{ 59, "59 seconds" },
		{ 60, "About a minute" },
		{ 119, "About a minute" },
		{ 150, "2 minutes" },
		{ 3600, "About an hour" },
		{ 3 * 3600, "3 hours" },
		{ 47 * 3600, "47 hours" },
		{ 3 * 86400, "3 days" },
		{ 20 * 86400, "2 weeks" },
		{ 90 * 86400, "3 months" },
		{ 800 * 86400, "2 years" },
	};
	char text[HUMAN_AGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_string_equal(human_duration(cases[i].seconds * 1000000000, text),
				    cases[i].text);
	assert_string_equal(human_age(7200LL * 1000000000, text), "2 hours ago");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_as_buildkit_prints_them),
		cmocka_unit_test(test_short_sizes_as_docker_images_prints_them),
		cmocka_unit_test(test_durations_as_docker_prints_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
