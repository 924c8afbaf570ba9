/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/json_text.h"
#include "tools/timestamp.h"

static void test_any_bytes_become_a_string_that_parsers_take(void **state)
{
	struct buf text = { 0 };
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	buf_add_char(&text, '{');
	json_add_field(&text, "first", "\"\\/\n\r\t\x01 \xe2\x82\xac \xff");
	json_add_key(&text, "all");
	json_add_string(&text, bytes, sizeof bytes);
	buf_add_char(&text, '}');

	json_t *root = json_loads(buf_string(&text), JSON_ALLOW_NUL, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "first")),
			    "\"\\/\n\r\t\x01 \xe2\x82\xac \xef\xbf\xbd");
	/* 128 of ASCII, and a replacement of three bytes for each of the others. */
	assert_int_equal(json_string_length(json_object_get(root, "all")), 128 + 3 * 128);
	json_decref(root);
	buf_release(&text);
}

static void test_base64_as_rfc_4648_has_it(void **state)
{
	static const char *const cases[][2] = {
		{ "", "\"\"" },
		{ "f", "\"Zg==\"" },
		{ "fo", "\"Zm8=\"" },
		{ "foo", "\"Zm9v\"" },
		{ "foob", "\"Zm9vYg==\"" },
		{ "fooba", "\"Zm9vYmE=\"" },
		{ "foobar", "\"Zm9vYmFy\"" },
		{ "\xfb\xff\xfe", "\"+//+\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf text = { 0 };

		json_add_base64(&text, cases[i][0], strlen(cases[i][0]));
		assert_string_equal(buf_string(&text), cases[i][1]);
		buf_release(&text);
	}
}

static void test_timestamps_have_no_idle_digits(void **state)
{
	char text[TIMESTAMP_MAX];

	(void)state;
	assert_string_equal(timestamp_text(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(timestamp_text(1772366400250000000, text), "2026-03-01T12:00:00.25Z");
	assert_string_equal(timestamp_text(1, text), "1970-01-01T00:00:00.000000001Z");
	assert_string_equal(timestamp_text(-500000000, text), "1969-12-31T23:59:59.5Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_bytes_become_a_string_that_parsers_take),
		cmocka_unit_test(test_base64_as_rfc_4648_has_it),
		cmocka_unit_test(test_timestamps_have_no_idle_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
