/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "fs/base/quote.h"
#include "tests/lib/unit.h"

static void test_quoting(void **state)
{
	static const char *const cases[][2] = {
		{ "", "\"\"" },
		{ "a b", "\"a b\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\a\b\t\n\v\f\r", "\"\\a\\b\\t\\n\\v\\f\\r\"" },
		{ "\x01\x1f\x7f", "\"\\x01\\x1f\\x7f\"" },
		{ "\xe2\x98\x83", "\"\xe2\x98\x83\"" },
		{ "\xc2\xa0\xe2\x80\x8b", "\"\\u00a0\\u200b\"" },
		{ "\xf3\xa0\x80\x81", "\"\\U000e0001\"" },
		{ "\xff\xc3", "\"\\xff\\xc3\"" },
		{ "\xef\xbf\xbd", "\"\xef\xbf\xbd\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cleanup_free char *quoted = quote_string(cases[i][0], 100);

		assert_string_equal(quoted, cases[i][1]);
	}
}

static void test_a_nul_is_a_byte_as_any(void **state)
{
	cleanup_with(buf_release) struct buf buf = { 0 };

	(void)state;
	quote_append(&buf, "a\0b", 3);
	assert_string_equal(buf.data, "\"a\\x00b\"");
}

static void test_long_text_is_cut_between_characters(void **state)
{
	cleanup_free char *ascii = quote_string("abcdef", 3);
	cleanup_free char *snow = quote_string("ab\xe2\x98\x83xyz", 4);

	(void)state;
	assert_string_equal(ascii, "\"abc\"...");
	assert_string_equal(snow, "\"ab\"...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_a_nul_is_a_byte_as_any),
		cmocka_unit_test(test_long_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
