/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include "builder/image/progress.h"
#include "builder/image/stream.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

static struct error err;

static void test_a_part_of_a_file_is_read_and_skipped(void **state)
{
	char *dir = test_directory(), text[16] = "";
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;
	struct file_source source;

	(void)state;
	assert_true(asprintf(&path, "%s/f", dir) > 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, "0123456789", 10), 0);
	file_source_init(&source, fd, 2, 6);
	assert_ok(source_skip(&source.base, 1, &err), err);
	assert_int_equal(source_read_full(&source.base, text, 3, &err), 3);
	assert_string_equal(text, "345");
	assert_int_equal(source_skip(&source.base, 3, &err), -ENODATA);
	assert_int_equal(source_read_full(&source.base, text, 16, &err), 2);
	assert_int_equal(source_read_full(&source.base, text, 16, &err), 0);
	file_source_init(&source, fd, 8, 6);
	assert_int_equal(source_read_full(&source.base, text, 6, &err), -ENODATA);
	test_directory_remove(dir);
}

static void test_what_goes_by_is_hashed(void **state)
{
	cleanup_with(digest_source_release) struct digest_source hashed = { 0 };
	cleanup_with(digest_sink_release) struct digest_sink sink = { 0 };
	struct object_id want = object_id_of("abc", 3), got;
	struct memory_source source;

	(void)state;
	memory_source_init(&source, "abc", 3);
	digest_source_init(&hashed, &source.base);
	digest_sink_init(&sink, NULL);
	assert_ok(sink_copy(&sink.base, &hashed.base, &err), err);
	digest_source_result(&hashed, &got);
	assert_true(object_id_equal(&got, &want));
	digest_sink_result(&sink, &got);
	assert_true(object_id_equal(&got, &want));
	assert_int_equal(hashed.size, 3);
	assert_int_equal(sink.size, 3);
}

static void test_more_than_the_limit_is_refused_at_once(void **state)
{
	cleanup_with(digest_source_release) struct digest_source hashed = { 0 };
	struct memory_source source;
	char text[4];

	(void)state;
	memory_source_init(&source, "abcd", 4);
	digest_source_init(&hashed, &source.base);
	hashed.limit = 3;
	assert_int_equal(source_read_full(&hashed.base, text, 4, &err), -E2BIG);
}

static void test_zeros_and_skips_without_seeking(void **state)
{
	cleanup_with(buf_release) struct buf out = { 0 };
	struct memory_source source;
	struct buf_sink sink;

	(void)state;
	buf_sink_init(&sink, &out);
	assert_ok(sink_zeros(&sink.base, 10000, &err), err);
	assert_int_equal(out.length, 10000);
	assert_int_equal(out.data[9999], 0);
	memory_source_init(&source, out.data, out.length);
	assert_ok(source_skip(&source.base, 9999, &err), err);
	assert_int_equal(source_skip(&source.base, 2, &err), -ENODATA);
}

static void test_a_guard_stops_what_is_given_up(void **state)
{
	cleanup_fd int fd = eventfd(0, EFD_CLOEXEC);
	const struct progress progress = { .cancel_fd = &fd };
	cleanup_with(buf_release) struct buf out = { 0 };
	cleanup_free char *block = xcalloc(1, 1 << 20);
	struct guard_sink guard;
	struct buf_sink sink;

	(void)state;
	buf_sink_init(&sink, &out);
	guard_sink_init(&guard, &sink.base, &progress);
	assert_ok(sink_write(&guard.base, block, 1 << 20, &err), err);
	assert_int_equal(out.length, 1 << 20);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_int_equal(sink_write(&guard.base, block, 1 << 20, &err), -ECANCELED);
	assert_int_equal(out.length, 1 << 20);
	/* Also before the first byte. */
	guard_sink_init(&guard, &sink.base, &progress);
	assert_int_equal(sink_write(&guard.base, block, 1, &err), -ECANCELED);
	guard_sink_init(&guard, &sink.base, NULL);
	assert_ok(sink_write(&guard.base, block, 1, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_part_of_a_file_is_read_and_skipped),
		cmocka_unit_test(test_what_goes_by_is_hashed),
		cmocka_unit_test(test_more_than_the_limit_is_refused_at_once),
		cmocka_unit_test(test_zeros_and_skips_without_seeking),
		cmocka_unit_test(test_a_guard_stops_what_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
