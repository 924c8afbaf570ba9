/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/solve/live_log.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "tests/lib/unit.h"

/* What the reader was told, as "<label>", "1:out", "2:err". */
static struct buf told;

static void began(void *context, const char *label)
{
	(void)context;
	buf_add_format(&told, "<%s>", label);
}

static void said(void *context, int stream, const void *data, size_t size)
{
	(void)context;
	buf_add_format(&told, "%d:", stream);
	buf_append(&told, data, size);
}

static void assert_told(const char *text)
{
	assert_string_equal(buf_string(&told), text);
	buf_clear(&told);
}

static int new_file(void)
{
	int fd = memfd_create("key", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct live_reader new_reader(void)
{
	return (struct live_reader){ .fd = -1, .began = began, .log = said };
}

static void test_a_reader_follows_what_is_written(void **state)
{
	struct live_reader reader = new_reader();
	cleanup_fd int fd = new_file();
	struct live_log live;

	(void)state;
	live_reader_follow(&reader, fd);
	assert_told("");
	live_log_begin(&live, fd, "build x");
	live_log_add(&live, 1, "one", 3);
	live_reader_follow(&reader, fd);
	assert_told("<build x>1:one");
	live_reader_follow(&reader, fd);
	assert_told("");
	live_log_add(&live, 2, "two", 3);
	live_reader_finish(&reader);
	assert_told("2:two");
	live_reader_finish(&reader);
	assert_told("");
}

static void test_another_writer_of_the_same_file_begins_anew(void **state)
{
	struct live_reader reader = new_reader();
	cleanup_fd int fd = new_file();
	struct live_log live;

	(void)state;
	live_log_begin(&live, fd, "a");
	live_log_add(&live, 1, "long long words", 15);
	live_reader_follow(&reader, fd);
	assert_told("<a>1:long long words");
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	live_log_begin(&live, fd, "b");
	live_log_add(&live, 1, "x", 1);
	live_reader_follow(&reader, fd);
	assert_told("<b>1:x");
	live_reader_finish(&reader);
}

static void test_another_file_is_read_behind_the_rest_of_the_first(void **state)
{
	struct live_reader reader = new_reader();
	cleanup_fd int first = new_file(), second = new_file();
	struct live_log one, two;

	(void)state;
	live_log_begin(&one, first, "a");
	live_reader_follow(&reader, first);
	live_log_add(&one, 1, "end", 3);
	live_log_begin(&two, second, "b");
	live_reader_follow(&reader, second);
	assert_told("<a>1:end<b>");
	live_reader_finish(&reader);
}

static void test_half_a_record_is_waited_for(void **state)
{
	struct live_reader reader = new_reader();
	cleanup_fd int fd = new_file();
	struct live_log live;
	uint8_t head[4];

	(void)state;
	live_log_begin(&live, fd, "a");
	put_le32(head, 5 << 2 | 1);
	assert_int_equal(write(fd, head, 4), 4);
	assert_int_equal(write(fd, "wor", 3), 3);
	live_reader_follow(&reader, fd);
	assert_told("<a>");
	assert_int_equal(write(fd, "ds", 2), 2);
	live_reader_follow(&reader, fd);
	assert_told("1:words");
	live_reader_finish(&reader);
}

static void test_what_is_no_record_ends_it(void **state)
{
	static const uint32_t words[] = { 3, 0xfffffffd, (LIVE_LABEL_MAX + 1) << 2, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct live_reader reader = new_reader();
		cleanup_fd int fd = new_file(), bare = new_file();
		struct live_log live;
		uint8_t head[4];

		put_le32(head, words[i]);
		live_log_begin(&live, fd, "a");
		assert_int_equal(write(fd, head, 4), 4);
		live_log_add(&live, 1, "never", 5);
		live_reader_follow(&reader, fd);
		assert_told("<a>");
		assert_int_equal(write(bare, head, 4), 4);
		live_reader_follow(&reader, bare);
		live_reader_finish(&reader);
		assert_told(words[i] ? "" : "<>");
	}
}

static void test_no_more_is_written_than_others_are_shown(void **state)
{
	cleanup_free char *much = xcalloc(1, 1 << 20);
	cleanup_fd int fd = new_file();
	struct live_log live;

	(void)state;
	live_log_begin(&live, fd, "a");
	for (int i = 0; i < 100; i++)
		live_log_add(&live, 1, much, 1 << 20);
	assert_in_range(lseek(fd, 0, SEEK_END), LIVE_LOG_MAX, LIVE_LOG_MAX + (2 << 20));
}

static int release(void **state)
{
	(void)state;
	buf_release(&told);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_reader_follows_what_is_written, release),
		cmocka_unit_test_teardown(test_another_writer_of_the_same_file_begins_anew,
					  release),
		cmocka_unit_test_teardown(test_another_file_is_read_behind_the_rest_of_the_first,
					  release),
		cmocka_unit_test_teardown(test_half_a_record_is_waited_for, release),
		cmocka_unit_test_teardown(test_what_is_no_record_ends_it, release),
		cmocka_unit_test_teardown(test_no_more_is_written_than_others_are_shown, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
