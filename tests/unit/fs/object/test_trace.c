/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/bytes.h"
#include "fs/base/hash.h"
#include "fs/object/trace.h"
#include "tests/lib/unit.h"

static void fill(struct trace *trace)
{
	struct trace_entry *entry = trace_add(trace, 0, "", 0);

	trace->links = object_id_of("links", 5);
	*entry = (struct trace_entry){ .name = entry->name,
				       .found = true,
				       .type = DIR_ENTRY_DIR,
				       .flags = TRACE_LISTED | TRACE_WHOLE,
				       .mode = 0755,
				       .mtime_s = -5,
				       .mtime_ns = 6,
				       .content = object_id_of("root", 4),
				       .names = object_id_of("names", 5),
				       .whole = object_id_of("whole", 5) };
	entry = trace_add(trace, 0, "src", 3);
	entry->found = true;
	entry->type = DIR_ENTRY_DIR;
	entry = trace_add(trace, 1, "main.c", 6);
	entry->found = true;
	entry->type = DIR_ENTRY_FILE;
	entry->flags = TRACE_XATTRS | TRACE_LINKED;
	entry->mode = 04711;
	entry->uid = 1000;
	entry->gid = 2000;
	entry->size = 77;
	entry->content = object_id_of("content", 7);
	entry->xattrs = object_id_of("xattrs", 6);
	entry->links = object_id_of("paths", 5);
	(void)trace_add(trace, 1, "none", 4);
	entry = trace_add(trace, 0, "null", 4);
	entry->found = true;
	entry->type = DIR_ENTRY_CHAR;
	entry->size = UINT64_C(1) << 32 | 3;
}

static void test_coding_there_and_back(void **state)
{
	cleanup_with(trace_release) struct trace trace = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 }, again = { 0 };
	cleanup_free char *path = NULL;
	struct error err = { 0 };

	(void)state;
	fill(&trace);
	trace_encode(&trace, &bytes);
	assert_ok(trace_decode(bytes.data, bytes.length, &got, &err), err);
	assert_int_equal(got.count, 5);
	path = trace_path(&got, 3);
	assert_string_equal(path, "src/none");
	assert_false(got.items[3].found);
	assert_int_equal(got.items[2].mode, 04711);
	assert_int_equal(got.items[0].mtime_s, -5);
	trace_encode(&got, &again);
	assert_int_equal(again.length, bytes.length);
	assert_memory_equal(again.data, bytes.data, bytes.length);
}

static void test_every_flipped_bit_and_every_cut_is_found(void **state)
{
	cleanup_with(trace_release) struct trace trace = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };

	(void)state;
	fill(&trace);
	trace_encode(&trace, &bytes);
	for (size_t i = 0; i < bytes.length * 8; i++) {
		bytes.data[i / 8] ^= (char)(1 << i % 8);
		assert_int_equal(trace_decode(bytes.data, bytes.length, &got, NULL), -EBADMSG);
		bytes.data[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t i = 0; i < bytes.length; i++)
		assert_int_equal(trace_decode(bytes.data, i, &got, NULL), -EBADMSG);
}

/* With a check sum that is right, as somebody who wanted to would write it. */
static int decode_changed(size_t at, uint8_t value)
{
	cleanup_with(trace_release) struct trace trace = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf bytes = { 0 };

	fill(&trace);
	trace_encode(&trace, &bytes);
	bytes.data[at] = (char)value;
	put_le32(bytes.data + bytes.length - 4, crc32c(0, bytes.data, bytes.length - 4));
	return trace_decode(bytes.data, bytes.length, &got, NULL);
}

static void test_absurd_traces_are_refused(void **state)
{
	(void)state;
	assert_int_equal(decode_changed(4, 1), 0);
	assert_int_equal(decode_changed(4, 2), -EBADMSG);     /* version */
	assert_int_equal(decode_changed(8, 4), -EBADMSG);     /* one entry less */
	assert_int_equal(decode_changed(8, 6), -EBADMSG);     /* one more */
	assert_int_equal(decode_changed(44, 1), -EBADMSG);    /* the root is in a directory */
	assert_int_equal(decode_changed(48, 0x13), -EBADMSG); /* flags that are none */
	assert_int_equal(decode_changed(49, 'f'), -EBADMSG);  /* the root is a file */
	assert_int_equal(decode_changed(49, 'x'), -EBADMSG);
	assert_int_equal(decode_changed(53, 0x10), -EBADMSG); /* its mode has more bits */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_coding_there_and_back),
		cmocka_unit_test(test_every_flipped_bit_and_every_cut_is_found),
		cmocka_unit_test(test_absurd_traces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
