/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/object/xattrs.h"
#include "tests/lib/unit.h"

static void test_items_are_sorted_replaced_and_removed(void **state)
{
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };

	(void)state;
	xattrs_set(&xattrs, "user.b", "2", 1);
	xattrs_set(&xattrs, "user.a", "1", 1);
	xattrs_set(&xattrs, "user.b", "two", 3);
	xattrs_set(&xattrs, "user.c", "", 0);
	assert_int_equal(xattrs.count, 3);
	assert_string_equal(xattrs.items[0].key, "user.a");
	assert_memory_equal(xattrs_get(&xattrs, "user.b")->value, "two", 3);
	assert_int_equal(xattrs_remove(&xattrs, "user.a"), 0);
	assert_int_equal(xattrs_remove(&xattrs, "user.a"), -ENODATA);
	assert_int_equal(xattrs.count, 2);
}

static void test_coding_there_and_back(void **state)
{
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct error err = { 0 };

	(void)state;
	xattrs_set(&xattrs, "security.capability", "\1\0\0\2", 4);
	xattrs_set(&xattrs, "user.x", "", 0);
	xattrs_encode(&xattrs, &bytes);
	assert_int_equal(bytes.length, xattrs_encoded_size(&xattrs));
	assert_ok(xattrs_decode(bytes.data, bytes.length, &got, &err), err);
	assert_int_equal(got.count, 2);
	assert_memory_equal(xattrs_get(&got, "security.capability")->value, "\1\0\0\2", 4);
}

static void test_damage_is_refused(void **state)
{
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct error err = { 0 };

	(void)state;
	xattrs_set(&xattrs, "user.x", "value", 5);
	xattrs_set(&xattrs, "user.y", "value", 5);
	xattrs_encode(&xattrs, &bytes);
	for (size_t length = 0; length < bytes.length; length++) {
		struct xattrs got = { 0 };

		assert_int_equal(xattrs_decode(bytes.data, length, &got, &err), -EBADMSG);
	}
	bytes.data[8 + 6 + 5] = 'z'; /* user.z before user.y */
	{
		struct xattrs got = { 0 };

		assert_int_equal(xattrs_decode(bytes.data, bytes.length, &got, &err), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_are_sorted_replaced_and_removed),
		cmocka_unit_test(test_coding_there_and_back),
		cmocka_unit_test(test_damage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
