/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/glyph.h"

static void test_every_character_survives_the_way_there_and_back(void **state)
{
	struct buf text = { 0 };

	(void)state;
	for (uint32_t codepoint = 0; codepoint <= 0x10ffff; codepoint++) {
		uint32_t decoded;

		if (codepoint >= 0xd800 && codepoint < 0xe000)
			continue;
		buf_clear(&text);
		glyph_add(&text, codepoint);
		assert_int_equal(glyph_decode(text.data, text.length, &decoded), text.length);
		assert_int_equal(decoded, codepoint);
		if (text.length > 1)
			assert_int_equal(glyph_decode(text.data, text.length - 1, &decoded), 0);
	}
	buf_release(&text);
}

static void test_what_is_no_utf8_gives_one_replacement_a_byte(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xff",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xc3(",
	};
	uint32_t decoded;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(glyph_decode(bad[i], strlen(bad[i]), &decoded), 1);
		assert_int_equal(decoded, GLYPH_REPLACEMENT);
	}
}

static void test_widths_are_those_of_terminals(void **state)
{
	(void)state;
	assert_int_equal(glyph_width('a'), 1);
	assert_int_equal(glyph_width(0xe9), 1);
	assert_int_equal(glyph_width(0x301), 0);
	assert_int_equal(glyph_width(0x4e2d), 2);
	assert_int_equal(glyph_width(0xac00), 2);
	assert_int_equal(glyph_width(0x1f600), 2);
	assert_int_equal(glyph_width(0x2500), 1);
	assert_int_equal(glyph_width(0x20000), 2);
	assert_int_equal(glyph_width(GLYPH_REPLACEMENT), 1);
}

static size_t clip(struct buf *ret, const char *text, size_t columns)
{
	buf_clear(ret);
	return glyph_add_clipped(ret, text, strlen(text), columns);
}

static void test_clipping_counts_columns_and_never_halves_a_character(void **state)
{
	struct buf text = { 0 };

	(void)state;
	assert_int_equal(clip(&text, "abc", 2), 2);
	assert_string_equal(buf_string(&text), "ab");
	assert_int_equal(clip(&text, "a\xe4\xb8\xad\xe6\x96\x87", 4), 3);
	assert_string_equal(buf_string(&text), "a\xe4\xb8\xad");
	assert_int_equal(clip(&text, "e\xcc\x81x", 1), 1);
	assert_string_equal(buf_string(&text), "e\xcc\x81");
	buf_release(&text);
}

static void test_clipping_leaves_nothing_that_a_terminal_obeys(void **state)
{
	struct buf text = { 0 };

	(void)state;
	(void)clip(&text,
		   "a\033[2J\tb\xe2\x80\xae"
		   "c\xff\xc2\x9b"
		   "d\xe2\x80",
		   80);
	assert_string_equal(buf_string(&text), "a [2J bc\xef\xbf\xbd"
					       "d\xef\xbf\xbd\xef\xbf\xbd");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_character_survives_the_way_there_and_back),
		cmocka_unit_test(test_what_is_no_utf8_gives_one_replacement_a_byte),
		cmocka_unit_test(test_widths_are_those_of_terminals),
		cmocka_unit_test(test_clipping_counts_columns_and_never_halves_a_character),
		cmocka_unit_test(test_clipping_leaves_nothing_that_a_terminal_obeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
