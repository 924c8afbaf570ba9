/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/utf8.h"
#include "tests/lib/unit.h"

static void test_characters_of_every_length(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t c;
	} cases[] = { { "a", 'a' },
		      { "\xc2\x80", 0x80 },
		      { "\xc3\xa9", 0xe9 },
		      { "\xe2\x98\x83", 0x2603 },
		      { "\xef\xbf\xbd", 0xfffd },
		      { "\xf0\x9f\x98\x80", 0x1f600 },
		      { "\xf4\x8f\xbf\xbf", 0x10ffff } };
	char encoded[4];
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *bytes = cases[i].bytes;
		size_t length = strlen(bytes);

		assert_int_equal(utf8_decode(bytes, length, &size), cases[i].c);
		assert_int_equal(size, length);
		assert_int_equal(utf8_decode_last(bytes, bytes + length, &size), cases[i].c);
		assert_int_equal(size, length);
		assert_int_equal(utf8_encode(cases[i].c, encoded), length);
		assert_memory_equal(encoded, bytes, length);
	}
}

static void test_what_is_no_utf8_counts_byte_by_byte(void **state)
{
	/* alone, cut off, too long, surrogate, too large, followed by something else */
	static const char *const cases[] = { "\x80",         "\xc3",         "\xe2\x98",
					     "\xf0\x9f\x98", "\xc0\x80",     "\xc1\xbf",
					     "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
					     "\xff",         "\xe2(\xa1" };
	size_t size;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *bytes = cases[i], *end = bytes + strlen(bytes);

		assert_int_equal(utf8_decode(bytes, strlen(bytes), &size), UTF8_INVALID);
		assert_int_equal(size, 1);
		assert_int_equal(utf8_decode_last(bytes, end, &size), UTF8_INVALID);
		assert_int_equal(size, 1);
	}
}

static void test_space_of_every_kind(void **state)
{
	(void)state;
	assert_true(utf8_is_space(' '));
	assert_true(utf8_is_space('\v'));
	assert_true(utf8_is_space(0xa0));
	assert_true(utf8_is_space(0x2003));
	assert_true(utf8_is_space(0x3000));
	assert_false(utf8_is_space(0));
	assert_false(utf8_is_space(0x200b));
	assert_false(utf8_is_space('a'));
}

static void test_what_can_be_printed(void **state)
{
	(void)state;
	assert_true(utf8_is_printable(' '));
	assert_true(utf8_is_printable('~'));
	assert_true(utf8_is_printable(0xe9));
	assert_true(utf8_is_printable(0x1f600));
	assert_false(utf8_is_printable('\n'));
	assert_false(utf8_is_printable(0x7f));
	assert_false(utf8_is_printable(0xa0));
	assert_false(utf8_is_printable(0x200b));
	assert_false(utf8_is_printable(0xe000));
	assert_false(utf8_is_printable(0xfeff));
	assert_false(utf8_is_printable(0x10ffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_characters_of_every_length),
		cmocka_unit_test(test_what_is_no_utf8_counts_byte_by_byte),
		cmocka_unit_test(test_space_of_every_kind),
		cmocka_unit_test(test_what_can_be_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
