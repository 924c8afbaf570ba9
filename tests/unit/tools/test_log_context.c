/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"
#include "tools/log_context.h"

/* Go through lines of a letter each, of which large ones match: what is shown. */
static void go(struct log_context *context, const char *letters, struct buf *ret)
{
	for (const char *at = letters; *at; at++) {
		struct log_line line = { .data = at, .length = 1 }, before;

		if (*at >= 'a') {
			if (log_context_pass(context, &line))
				buf_add_char(ret, *at);
			continue;
		}
		if (log_context_match(context))
			buf_add_char(ret, '-');
		while (log_context_next(context, &before) > 0)
			buf_append(ret, before.data, before.length);
		buf_add_char(ret, *at);
	}
}

static void check(uint32_t before, uint32_t after, const char *letters, const char *shown)
{
	cleanup_with(log_context_free) struct log_context *context = log_context_new(before, after);
	cleanup_with(buf_release) struct buf text = { 0 };

	log_context_begin(context);
	go(context, letters, &text);
	assert_string_equal(buf_string(&text), shown);
}

static void test_lines_around_are_those_that_grep_shows(void **state)
{
	(void)state;
	check(0, 0, "abXcdYe", "XY");
	check(1, 0, "abXcdYe", "bX-dY");
	check(0, 1, "abXcdYe", "Xc-Ye");
	check(1, 1, "abXcdYe", "bXcdYe");
	check(1, 1, "abXcddYe", "bXc-dYe");
	check(9, 9, "abXcdYe", "abXcdYe");
	check(2, 2, "XYabZ", "XYabZ");
	check(1, 2, "XaYbcde", "XaYbc");
	check(2, 0, "", "");
}

static void test_logs_are_no_neighbours(void **state)
{
	cleanup_with(log_context_free) struct log_context *context = log_context_new(2, 2);
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	log_context_begin(context);
	go(context, "abX", &text);
	log_context_begin(context);
	go(context, "cY", &text);
	log_context_begin(context);
	go(context, "de", &text);
	assert_string_equal(buf_string(&text), "abX-cY");
}

static void test_no_more_is_kept_than_there_is_room_for(void **state)
{
	cleanup_with(log_context_free) struct log_context *context = log_context_new(UINT32_MAX, 0);
	size_t size = LOG_CONTEXT_BYTES_MAX / 4, count = 0;
	cleanup_free char *bytes = xcalloc(size, 1);
	struct log_line line = { .data = bytes, .length = size };

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_false(log_context_pass(context, &line));
	(void)log_context_match(context);
	while (log_context_next(context, &line) > 0)
		count++;
	assert_int_equal(count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_around_are_those_that_grep_shows),
		cmocka_unit_test(test_logs_are_no_neighbours),
		cmocka_unit_test(test_no_more_is_kept_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
