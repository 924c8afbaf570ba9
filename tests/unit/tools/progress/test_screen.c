/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/progress/screen.h"

/* Whatever `text` shows on a screen, its rows with "|" between them. */
static const char *shown(size_t rows, size_t columns, bool wrap, const char *text)
{
	static char result[1024];
	struct screen *screen = screen_new(rows, columns, wrap);
	struct buf out = { 0 };

	screen_write(screen, text, strlen(text));
	for (size_t i = 0; i < rows; i++) {
		if (i > 0)
			buf_add_char(&out, '|');
		screen_add_row(screen, i, &out);
	}
	snprintf(result, sizeof result, "%s", buf_string(&out));
	buf_release(&out);
	screen_free(screen);
	return result;
}

static void test_lines_scroll_and_the_last_ones_stay(void **state)
{
	(void)state;
	assert_string_equal(shown(3, 10, false, "a\nb\nc\nd"), "b|c|d");
	assert_string_equal(shown(3, 10, false, "a\n"), "a||");
	assert_string_equal(shown(1, 10, false, "a\nb"), "b");
}

static void test_a_carriage_return_overwrites(void **state)
{
	(void)state;
	assert_string_equal(shown(2, 20, false, "10%\r20%\r100%\ndone"), "100%|done");
	assert_string_equal(shown(1, 20, false, "longer text\rshort"), "shortr text");
	assert_string_equal(shown(1, 20, false, "ab\bc\b\b\b\bd"), "dc");
}

static void test_long_lines_are_cut_or_wrapped(void **state)
{
	(void)state;
	assert_string_equal(shown(2, 4, false, "abcdefg\nx"), "abcd|x");
	assert_string_equal(shown(3, 4, true, "abcdefg\nx"), "abcd|efg|x");
	assert_string_equal(shown(2, 4, true, "abcd\nx"), "abcd|x");
}

static void test_cursor_movements_stay_on_the_screen(void **state)
{
	(void)state;
	assert_string_equal(shown(2, 10, false, "one\ntwo\033[999Ax"), "onex|two");
	assert_string_equal(shown(2, 10, false, "\033[999;999Hx"), "|         x");
	assert_string_equal(shown(2, 10, false, "a\033[5Cb\033[2Dc\033[1Gd"), "d    cb|");
	assert_string_equal(shown(3, 10, false, "a\033[2Bb\033[Fc"), "a|c| b");
	assert_string_equal(shown(2, 10, false, "a\0337b\nc\0338d"), "ad|c");
	assert_string_equal(shown(2, 10, false, "a\033[sb\nc\033[ud"), "ad|c");
	assert_string_equal(shown(2, 10, false, "a\nb\033Mc"), "ac|b");
}

static void test_erasing_takes_away_what_is_shown(void **state)
{
	(void)state;
	assert_string_equal(shown(1, 10, false, "abcdef\033[3D\033[K"), "abc");
	assert_string_equal(shown(1, 10, false, "abcdef\033[3D\033[1K"), "    ef");
	assert_string_equal(shown(1, 10, false, "abcdef\033[2Kx"), "      x");
	assert_string_equal(shown(3, 10, false, "a\nb\nc\033[2;1H\033[J"), "a||");
	assert_string_equal(shown(3, 10, false, "a\nb\nc\033[2J\033[Hx"), "x||");
	assert_string_equal(shown(1, 10, false, "abcdef\033[5D\033[3X"), "a   ef");
}

static void test_colours_titles_and_links_leave_only_text(void **state)
{
	(void)state;
	assert_string_equal(shown(1, 40, false, "\033[1;31mred\033[0m \033[38;2;1;2;3mrgb\033[m"),
			    "red rgb");
	assert_string_equal(shown(1, 40, false, "\033]0;title\007text \033]8;;http://x\033\\link"),
			    "text link");
	assert_string_equal(shown(1, 40, false, "\033[?1049h\033[?25lx\033(By\033Pdcs\033\\z"),
			    "xyz");
	assert_string_equal(shown(2, 40, false, "\033]0;never ends\nnext"), "|next");
	assert_string_equal(shown(1, 40, false, "a\033[12\030b"), "ab");
}

static void test_sequences_and_characters_may_come_in_pieces(void **state)
{
	static const char text[] = "\033[31ma\xe2\x82\xac\033[1Gb\xf0\x9f\x98\x80"
				   "c";
	struct screen *screen = screen_new(1, 10, false);
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++)
		screen_write(screen, text + i, 1);
	screen_add_row(screen, 0, &out);
	assert_string_equal(buf_string(&out), "b\xf0\x9f\x98\x80"
					      "c");
	buf_release(&out);
	screen_free(screen);
}

static void test_controls_that_come_in_pieces_are_dropped_too(void **state)
{
	/* U+009B begins a sequence on terminals that know it. */
	static const char text[] = "a\xc2\x9b"
				   "1mb\xe2\x80\xae"
				   "c";
	struct screen *screen = screen_new(1, 10, false);
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++)
		screen_write(screen, text + i, 1);
	screen_add_row(screen, 0, &out);
	assert_string_equal(buf_string(&out), "a1mbc");
	buf_release(&out);
	screen_free(screen);
}

static void test_wide_characters_and_marks_keep_their_columns(void **state)
{
	(void)state;
	assert_string_equal(shown(1, 5, false, "\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97"),
			    "\xe4\xb8\xad\xe6\x96\x87");
	/* Half of one overwritten: the other half goes too. */
	assert_string_equal(shown(1, 10, false, "\xe4\xb8\xad\xe6\x96\x87\033[2Gx"),
			    " x\xe6\x96\x87");
	assert_string_equal(shown(1, 10, false, "e\xcc\x81x"), "e\xcc\x81x");
	assert_string_equal(shown(1, 10, false, "\xff\xc3("), "\xef\xbf\xbd\xef\xbf\xbd(");
}

static void test_resizing_keeps_the_lower_rows(void **state)
{
	struct screen *screen = screen_new(4, 10, false);
	struct buf out = { 0 };
	size_t row, column;

	(void)state;
	screen_write(screen, "a\nb\nc\nlonger", 12);
	screen_resize(screen, 2, 4);
	assert_int_equal(screen_rows(screen), 2);
	screen_add_row(screen, 0, &out);
	screen_add_row(screen, 1, &out);
	assert_string_equal(buf_string(&out), "clong");
	screen_cursor(screen, &row, &column);
	assert_int_equal(row, 1);
	screen_resize(screen, 3, 20);
	screen_write(screen, "\nx", 2);
	assert_false(screen_row_is_blank(screen, 2));
	screen_resize(screen, 0, 0);
	assert_int_equal(screen_rows(screen), 1);
	buf_release(&out);
	screen_free(screen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_scroll_and_the_last_ones_stay),
		cmocka_unit_test(test_a_carriage_return_overwrites),
		cmocka_unit_test(test_long_lines_are_cut_or_wrapped),
		cmocka_unit_test(test_cursor_movements_stay_on_the_screen),
		cmocka_unit_test(test_erasing_takes_away_what_is_shown),
		cmocka_unit_test(test_colours_titles_and_links_leave_only_text),
		cmocka_unit_test(test_sequences_and_characters_may_come_in_pieces),
		cmocka_unit_test(test_controls_that_come_in_pieces_are_dropped_too),
		cmocka_unit_test(test_wide_characters_and_marks_keep_their_columns),
		cmocka_unit_test(test_resizing_keeps_the_lower_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
