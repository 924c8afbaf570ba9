/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/object/snapshot_record.h"
#include "tests/lib/unit.h"

static struct snapshot_record sample(void)
{
	struct snapshot_record record = { .root = tree_root_empty(), .created_s = 1700000000 };

	record.root.dir = object_id_of("d", 1);
	record.root.mode = 01755;
	record.root.uid = 7;
	record.root.mtime_s = -1;
	record.root.mtime_ns = 5;
	record.parent = object_id_of("p", 1);
	record.config = object_id_of("c", 1);
	record.layer = object_id_of("l", 1);
	return record;
}

static void test_coding_there_and_back(void **state)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = sample(), got = { 0 };
	struct error err = { 0 };

	(void)state;
	snapshot_record_encode(&record, &bytes);
	assert_ok(snapshot_record_decode(bytes.data, bytes.length, &got, &err), err);
	assert_true(tree_root_equal(&record.root, &got.root));
	assert_true(object_id_equal(&record.parent, &got.parent));
	assert_true(object_id_is_zero(&got.step));
	assert_true(object_id_equal(&record.config, &got.config));
	assert_true(object_id_equal(&record.layer, &got.layer));
	assert_true(got.created_s == record.created_s);
}

static void test_other_spellings_of_the_same_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record record = sample(), got = { 0 };
	struct error err = { 0 };
	char *at;

	(void)state;
	snapshot_record_encode(&record, &bytes);
	assert_int_equal(snapshot_record_decode(bytes.data, bytes.length - 1, &got, &err),
			 -EBADMSG);
	at = strstr(bytes.data, "rootmeta 1755 7");
	assert_non_null(at);
	memcpy(at, "rootmeta 1755 07", 16); /* eats the blank that follows */
	assert_int_equal(snapshot_record_decode(bytes.data, bytes.length, &got, &err), -EBADMSG);
	buf_clear(&bytes);
	snapshot_record_encode(&record, &bytes);
	buf_add_string(&bytes, "more\n");
	assert_int_equal(snapshot_record_decode(bytes.data, bytes.length, &got, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coding_there_and_back),
		cmocka_unit_test(test_other_spellings_of_the_same_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
