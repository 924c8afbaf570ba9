/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/object/links.h"
#include "tests/lib/unit.h"

static void fill(struct links *links)
{
	links_add(links, 9, "usr/bin/git");
	links_add(links, 9, "usr/bin/git-add");
	links_add(links, 4, "b");
	links_add(links, 4, "a");
}

static void test_coding_there_and_back(void **state)
{
	cleanup_with(links_release) struct links links = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct error err = { 0 };

	(void)state;
	fill(&links);
	links_encode(&links, &bytes);
	assert_ok(links_decode(bytes.data, bytes.length, &got, &err), err);
	assert_int_equal(got.count, 2);
	assert_string_equal(links_find(&got, 4)->paths.items[0], "a");
	assert_string_equal(links_find(&got, 9)->paths.items[1], "usr/bin/git-add");
	assert_null(links_find(&got, 5));
	links_remove(&got, 4);
	assert_null(links_find(&got, 4));
	assert_non_null(links_find(&got, 9));
}

static void test_damage_is_refused(void **state)
{
	cleanup_with(links_release) struct links links = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct error err = { 0 };

	(void)state;
	fill(&links);
	links_encode(&links, &bytes);
	for (size_t length = 0; length < bytes.length; length++) {
		struct links got = { 0 };

		assert_int_equal(links_decode(bytes.data, length, &got, &err), -EBADMSG);
	}
	for (size_t i = 8; i < bytes.length; i++) {
		struct links got = { 0 };

		bytes.data[i] = (char)(bytes.data[i] ^ 0x80);
		(void)links_decode(bytes.data, bytes.length, &got, &err);
		links_release(&got);
		bytes.data[i] = (char)(bytes.data[i] ^ 0x80);
	}
}

static void test_paths_that_lead_away_are_refused(void **state)
{
	static const char *const bad[] = { "/a", "../a", "a//b", "a/", "" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cleanup_with(links_release) struct links links = { 0 }, got = { 0 };
		cleanup_with(buf_release) struct buf bytes = { 0 };
		struct error err = { 0 };

		links_add(&links, 1, bad[i]);
		links_add(&links, 1, "z");
		links_encode(&links, &bytes);
		assert_int_equal(links_decode(bytes.data, bytes.length, &got, &err), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coding_there_and_back),
		cmocka_unit_test(test_damage_is_refused),
		cmocka_unit_test(test_paths_that_lead_away_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
