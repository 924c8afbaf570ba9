/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/bytes.h"
#include "fs/object/extents.h"
#include "tests/lib/unit.h"

static void test_touching_pieces_become_one(void **state)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct object_id a = object_id_of("a", 1), b = object_id_of("b", 1), hole = { 0 };

	(void)state;
	extents_add(&extents, &a, 0, 10);
	extents_add(&extents, &a, 10, 5);
	extents_add(&extents, &b, 0, 0);
	extents_add(&extents, &a, 20, 5);
	extents_add(&extents, &hole, 0, 100);
	extents_add(&extents, &hole, 0, 100);
	assert_int_equal(extents.count, 3);
	assert_int_equal(extents.size, 220);
}

static void test_finding_a_place(void **state)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct object_id a = object_id_of("a", 1), b = object_id_of("b", 1);
	uint64_t inside;

	(void)state;
	for (int i = 0; i < 100; i++)
		extents_add(&extents, i % 2 ? &a : &b, 0, 7);
	for (uint64_t offset = 0; offset < 700; offset++) {
		assert_int_equal(extents_find(&extents, offset, &inside), offset / 7);
		assert_int_equal(inside, offset % 7);
	}
}

static void test_coding_there_and_back(void **state)
{
	cleanup_with(extents_release) struct extents extents = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id a = object_id_of("a", 1), hole = { 0 };
	struct error err = { 0 };

	(void)state;
	extents_add(&extents, &a, 4096, 1 << 20);
	extents_add(&extents, &hole, 0, 1 << 30);
	extents_encode(&extents, &bytes);
	assert_ok(extents_decode(bytes.data, bytes.length, &got, &err), err);
	assert_int_equal(got.count, 2);
	assert_int_equal(got.size, extents.size);
	assert_true(object_id_equal(&got.items[0].source, &a));
}

static void test_absurd_lists_are_refused(void **state)
{
	cleanup_with(extents_release) struct extents extents = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id a = object_id_of("a", 1);
	struct error err = { 0 };

	(void)state;
	extents_add(&extents, &a, 0, 10);
	extents_encode(&extents, &bytes);
	assert_int_equal(extents_decode(bytes.data, bytes.length - 1, &got, &err), -EBADMSG);
	put_le64(bytes.data + 8, 11);
	assert_int_equal(extents_decode(bytes.data, bytes.length, &got, &err), -EBADMSG);
	put_le64(bytes.data + 8, UINT64_MAX);
	put_le64(bytes.data + 16 + 40, UINT64_MAX);
	assert_int_equal(extents_decode(bytes.data, bytes.length, &got, &err), -EBADMSG);
}

/* Whoever stores the bytes of a list as a file must not get what the list stands for. */
static void test_a_list_that_names_itself_is_not_the_file_with_its_bytes(void **state)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct object_id a = object_id_of("a", 1), own, plain;

	(void)state;
	extents_add(&extents, &a, 0, 10);
	extents_encode(&extents, &bytes);
	own = extents_own_id(bytes.data, bytes.length);
	plain = object_id_of(bytes.data, bytes.length);
	assert_false(object_id_equal(&own, &plain));
	for (size_t i = 0; i < OBJECT_ID_SIZE; i++)
		assert_int_equal(own.bytes[i] ^ plain.bytes[i], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_touching_pieces_become_one),
		cmocka_unit_test(test_finding_a_place),
		cmocka_unit_test(test_coding_there_and_back),
		cmocka_unit_test(test_absurd_lists_are_refused),
		cmocka_unit_test(test_a_list_that_names_itself_is_not_the_file_with_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
