/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/heredoc.h"
#include "tests/lib/unit.h"

static struct arena arena;

static const char *name_of(const char *word)
{
	struct heredoc heredoc = { 0 };
	struct error err = { 0 };
	int r = heredoc_of_word(word, &arena, &heredoc, &err);

	return r < 0 ? "error" : r == 0 ? "none" : heredoc.name;
}

static void test_H02_words_that_begin_a_heredoc(void **state)
{
	static const char *const words[] = { "<<EOF",    "<<'EOF'",   "<<\"EOF\"", "<<-EOF",
					     "<<-'EOF'", "<<EO\"F\"", "<< EOF",    "<<- EOF",
					     "3<<EOF",   "<<E\\OF" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		assert_string_equal(name_of(words[i]), "EOF");
	assert_string_equal(name_of("<<End-of-Script"), "End-of-Script");
	assert_string_equal(name_of("<<$EOF"), "$EOF");
	assert_string_equal(name_of("<< -EOF"), "-EOF");
	assert_string_equal(name_of("<<'one two'"), "one two");
	assert_string_equal(name_of("<<eo\\'f"), "eo'f");
	assert_string_equal(name_of("<<a/b.c"), "a/b.c");
}

static void test_H02_words_that_do_not(void **state)
{
	static const char *const words[] = { "",       "EOF",      "<<",     "<<-",   "<EOF",
					     "<<<EOF", "<<EOF sh", "a<<EOF", "<<E<F", "-1<<EOF",
					     "<<'EOF", "<<\"EOF",  "<<EOF'" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		assert_string_equal(name_of(words[i]), i < 10 ? "none" : "error");
}

static void test_H02_digits_in_front_are_a_descriptor(void **state)
{
	struct heredoc heredoc = { 0 };

	(void)state;
	assert_int_equal(heredoc_of_word("12<<E", &arena, &heredoc, NULL), 1);
	assert_int_equal(heredoc.fd, 12);
	assert_int_equal(heredoc_of_word("99999999999<<E", &arena, &heredoc, NULL), 1);
	assert_int_equal(heredoc.fd, UINT32_MAX);
}

static bool expands(const char *word)
{
	struct heredoc heredoc = { 0 };

	assert_int_equal(heredoc_of_word(word, &arena, &heredoc, NULL), 1);
	return heredoc.expand;
}

static void test_H03_any_quoting_of_the_name_stops_expansion(void **state)
{
	(void)state;
	assert_true(expands("<<EOF"));
	assert_true(expands("<<-EOF"));
	assert_true(expands("<<eo\\'f"));
	assert_false(expands("<<'EOF'"));
	assert_false(expands("<<\"EOF\""));
	assert_false(expands("<<E\"O\"F"));
	assert_false(expands("<<'e'o\\'f"));
}

static size_t count_of(const char *line)
{
	cleanup_with(heredoc_list_release) struct heredoc_list list = { 0 };
	struct error err = { 0 };

	assert_ok(heredocs_of_line(line, &arena, &list, &err), err);
	return list.count;
}

static void test_H06_a_line_may_have_several(void **state)
{
	(void)state;
	assert_int_equal(count_of("RUN <<EOF"), 1);
	assert_int_equal(count_of("RUN <<EOF <<EOF2 > x"), 2);
	assert_int_equal(count_of("RUN a && cat << EOF | b"), 1);
	assert_int_equal(count_of("RUN '<<EOF' \"<<EOF\" \\<<EOF"), 0);
	assert_int_equal(count_of("RUN echo $((1<<2)) <<< x"), 0);
	assert_int_equal(count_of("RUN it's <<EOF"), 0);
	assert_int_equal(count_of("RUN ${x@y} <<EOF"), 0);
	assert_int_equal(count_of("RUN $x${y:-z} <<EOF"), 1);
}

static void test_H04_chomping_takes_tabs_only(void **state)
{
	struct heredoc heredoc = { .content = "\ta\n\t\tb\t\n \tc\n\t\n\t", .content_size = 15 };
	cleanup_with(buf_release) struct buf buf = { 0 };

	(void)state;
	heredoc.content_size = strlen(heredoc.content);
	heredoc_chomp(&heredoc, &buf);
	assert_string_equal(buf.data, "a\nb\t\n \tc\n\n");
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_H02_words_that_begin_a_heredoc),
		cmocka_unit_test(test_H02_words_that_do_not),
		cmocka_unit_test(test_H02_digits_in_front_are_a_descriptor),
		cmocka_unit_test(test_H03_any_quoting_of_the_name_stops_expansion),
		cmocka_unit_test(test_H06_a_line_may_have_several),
		cmocka_unit_test(test_H04_chomping_takes_tabs_only),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
