/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/created_by.h"
#include "builder/plan/vertex.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static void assert_duration(int64_t ns, const char *expected)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	created_by_duration(ns, &text);
	assert_string_equal(buf_string(&text), expected);
}

static void test_durations_are_printed_as_go_prints_them(void **state)
{
	(void)state;
	assert_duration(0, "0s");
	assert_duration(1, "1ns");
	assert_duration(1500, "1.5\xc2\xb5s");
	assert_duration(20000000, "20ms");
	assert_duration(1001000, "1.001ms");
	assert_duration(INT64_C(1000000000), "1s");
	assert_duration(INT64_C(61500000000), "1m1.5s");
	assert_duration(INT64_C(3600000000000), "1h0m0s");
	assert_duration(INT64_C(93784000000005), "26h3m4.000000005s");
	assert_duration(-INT64_C(1500000000), "-1.5s");
	assert_duration(INT64_MIN, "-2562047h47m16.854775808s");
	assert_duration(INT64_MAX, "2562047h47m16.854775807s");
}

static void test_quoted_lists_escape_as_go_does(void **state)
{
	const char *const items[] = { "a \"b\"", "c\n", NULL };
	const struct words words = { .items = items, .count = 2 }, none = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	created_by_quoted("CMD", &words, &text);
	assert_string_equal(buf_string(&text), "CMD [\"a \\\"b\\\"\" \"c\\n\"]");
	buf_truncate(&text, 0);
	created_by_quoted("CMD", &none, &text);
	assert_string_equal(buf_string(&text), "CMD []");
}

static void test_copies_show_their_flags(void **state)
{
	struct copy_work copy = { .add = true, .parents = true, .chown = "1:2", .chmod = "u=r" };
	cleanup_with(strings_release) struct strings sources = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	strings_add(&sources, "a");
	copy.sources = sources;
	created_by_copy(&copy, "b/", &text);
	assert_string_equal(buf_string(&text), "ADD --parents --chown=1:2 --chmod=u=r a b/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_are_printed_as_go_prints_them),
		cmocka_unit_test(test_quoted_lists_escape_as_go_does),
		cmocka_unit_test(test_copies_show_their_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
