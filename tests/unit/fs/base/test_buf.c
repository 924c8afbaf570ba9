/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "tests/lib/unit.h"

static void test_an_empty_buffer_is_an_empty_string(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	assert_string_equal(buf_string(&buf), "");
	buf_release(&buf);
}

static void test_appended_bytes_are_ended_by_nul(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_add_format(&buf, "%d,", i % 10);
	assert_int_equal(buf.length, 2000);
	assert_int_equal(buf.data[2000], '\0');
	buf_truncate(&buf, 4);
	assert_string_equal(buf_string(&buf), "0,1,");
	buf_release(&buf);
}

static void test_integers_are_little_endian(void **state)
{
	struct buf buf = { 0 };

	(void)state;
	buf_add_le16(&buf, 0x0102);
	buf_add_le32(&buf, 0x03040506);
	buf_add_le64(&buf, 0x0708090a0b0c0d0eULL);
	assert_memory_equal(buf.data, "\2\1\6\5\4\3\16\15\14\13\12\11\10\7", 14);
	assert_int_equal(get_le32(buf.data + 2), 0x03040506);
	buf_release(&buf);
}

static void test_taken_memory_leaves_an_empty_buffer(void **state)
{
	struct buf buf = { 0 };
	char *text;

	(void)state;
	buf_add_string(&buf, "all");
	text = buf_take(&buf);
	assert_string_equal(text, "all");
	assert_int_equal(buf.length, 0);
	assert_null(buf.data);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(test_appended_bytes_are_ended_by_nul),
		cmocka_unit_test(test_integers_are_little_endian),
		cmocka_unit_test(test_taken_memory_leaves_an_empty_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
