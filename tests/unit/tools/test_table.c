/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/table.h"

static const struct table_column columns[] = {
	{ "ID", "id" },           { "NAME", "name" }, { "SIZE", "size" },
	{ "CREATED", "created" }, { "", "shared" },   { 0 },
};

static struct table *sample(void)
{
	const int64_t now_ns = 1772366400000000000;
	struct table *table = table_new(columns);

	table_add_text_as(table, "abcdef", "sha256:abcdef0123");
	table_add_text(table, "a\033[31m\xe4\xb8\xad");
	table_add_size(table, 1234567);
	table_add_time(table, now_ns - 7200000000000, now_ns);
	table_add_bool(table, true);
	table_add_text(table, "0");
	table_add_text(table, NULL);
	table_add_number(table, 42);
	table_add_time(table, 0, now_ns);
	table_add_bool(table, false);
	return table;
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
	cleanup_with(table_free) struct table *table = sample();
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	table_write(table, OUTPUT_TABLE, true, &text);
	assert_string_equal(buf_string(&text),
			    "ID       NAME       SIZE     CREATED\n"
			    "abcdef   a [31m\xe4\xb8\xad   1.23MB   2 hours ago\n"
			    "0                   42\n");
}

static void test_json_has_one_object_a_line_with_plain_values(void **state)
{
	cleanup_with(table_free) struct table *table = sample();
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	table_write(table, OUTPUT_JSON, false, &text);
	assert_string_equal(
		buf_string(&text),
		"{\"id\":\"sha256:abcdef0123\",\"name\":\"a\\u001b[31m\xe4\xb8\xad\",\"size\":1234567,"
		"\"created\":\"2026-03-01T10:00:00Z\",\"shared\":true}\n"
		"{\"id\":\"0\",\"name\":null,\"size\":42,\"created\":null,\"shared\":false}\n");
}

static void test_bytes_pass_where_no_terminal_reads_them(void **state)
{
	cleanup_with(table_free) struct table *table = sample();
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	table_write(table, OUTPUT_TABLE, false, &text);
	assert_non_null(strstr(buf_string(&text), "a\033[31m\xe4\xb8\xad"));
}

static void test_an_empty_table_has_headings_and_empty_json(void **state)
{
	cleanup_with(table_free) struct table *table = table_new(columns);
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	table_write(table, OUTPUT_TABLE, false, &text);
	assert_string_equal(buf_string(&text), "ID   NAME   SIZE   CREATED\n");
	buf_clear(&text);
	table_write(table, OUTPUT_JSON, false, &text);
	assert_int_equal(text.length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(test_json_has_one_object_a_line_with_plain_values),
		cmocka_unit_test(test_bytes_pass_where_no_terminal_reads_them),
		cmocka_unit_test(test_an_empty_table_has_headings_and_empty_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
