/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/tar/tar_read.h"
#include "builder/image/tar/tar_write.h"
#include "tests/lib/unit.h"

static struct error err;

/* Write one entry, and read it back. */
static void round_trip(const struct tar_item *item, const char *content, bool extended)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	cleanup_with(tar_reader_free) struct tar_reader *reader = NULL;
	struct tar_writer writer = { 0 };
	struct memory_source source;
	const struct tar_entry *got;
	struct buf_sink sink;
	char text[64] = "";

	buf_sink_init(&sink, &tar);
	writer.sink = &sink.base;
	assert_ok(tar_writer_begin(&writer, item, &err), err);
	if (content)
		assert_ok(tar_writer_add(&writer, content, strlen(content), &err), err);
	assert_ok(tar_writer_finish(&writer, &err), err);
	assert_int_equal(tar.length % 512, 0);
	assert_int_equal(tar.data[TAR_TYPE_AT] == 'x', extended);
	memory_source_init(&source, tar.data, tar.length);
	reader = tar_reader_new(&source.base);
	assert_int_equal(tar_reader_next(reader, &got, &err), 1);
	assert_int_equal(got->type, item->type);
	assert_int_equal(strncmp(got->name, item->name, strlen(item->name)), 0);
	assert_string_equal(got->name + strlen(item->name), item->type == TAR_DIR ? "/" : "");
	assert_string_equal(got->link, item->link ? item->link : "");
	assert_int_equal(got->mode, item->mode);
	assert_int_equal(got->uid, item->uid);
	assert_int_equal(got->gid, item->gid);
	assert_int_equal(got->mtime_s, item->mtime_s);
	assert_int_equal(got->mtime_ns, item->mtime_ns);
	assert_int_equal(got->device_major, item->device_major);
	assert_int_equal(got->device_minor, item->device_minor);
	if (content)
		assert_int_equal(tar_reader_read(reader, text, sizeof text, &err), strlen(content));
	if (content)
		assert_string_equal(text, content);
	assert_int_equal(got->xattrs.count, item->xattrs ? item->xattrs->count : 0);
	for (size_t i = 0; i < got->xattrs.count; i++) {
		assert_string_equal(got->xattrs.items[i].key, item->xattrs->items[i].key);
		assert_int_equal(got->xattrs.items[i].size, item->xattrs->items[i].size);
		assert_memory_equal(got->xattrs.items[i].value, item->xattrs->items[i].value,
				    got->xattrs.items[i].size);
	}
	assert_int_equal(tar_reader_next(reader, &got, &err), 0);
}

static void test_plain_entries_have_plain_headers(void **state)
{
	char name[101];

	(void)state;
	memset(name, 'n', 100);
	name[100] = '\0';
	round_trip(&(struct tar_item){ .type = TAR_FILE,
				       .name = "a/b",
				       .mode = 04755,
				       .size = 5,
				       .uid = 1000,
				       .gid = 2097151,
				       .mtime_s = 1700000000 },
		   "hello", false);
	round_trip(&(struct tar_item){ .type = TAR_DIR, .name = ".", .mode = 0755 }, NULL, false);
	round_trip(
		&(struct tar_item){ .type = TAR_SYMLINK, .name = name, .link = name, .mode = 0777 },
		NULL, false);
	round_trip(&(struct tar_item){ .type = TAR_CHAR,
				       .name = "c",
				       .device_major = 4095,
				       .device_minor = 1048575 },
		   NULL, false);
	round_trip(&(struct tar_item){ .type = TAR_HARDLINK, .name = "h", .link = "a/b" }, NULL,
		   false);
	round_trip(&(struct tar_item){ .type = TAR_FIFO, .name = "p" }, NULL, false);
}

static void test_what_does_not_fit_is_extended(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'n', 299);
	name[299] = '\0';
	round_trip(&(struct tar_item){ .type = TAR_FILE, .name = name }, NULL, true);
	name[100] = '\0';
	round_trip(&(struct tar_item){ .type = TAR_DIR, .name = name }, NULL, true);
	name[101] = '\0';
	round_trip(&(struct tar_item){ .type = TAR_SYMLINK, .name = "s", .link = "n" }, NULL,
		   false);
	round_trip(&(struct tar_item){ .type = TAR_FILE, .name = "caf\xc3\xa9" }, NULL, true);
	round_trip(&(struct tar_item){ .type = TAR_FILE, .name = "bad\xff" }, NULL, true);
	round_trip(&(struct tar_item){ .type = TAR_FILE, .name = "x", .uid = 2097152 }, NULL, true);
	round_trip(&(struct tar_item){ .type = TAR_FILE, .name = "x", .gid = 4294967294 }, NULL,
		   true);
}

static void test_times_of_all_ages(void **state)
{
	const struct {
		int64_t s;
		uint32_t ns;
		bool extended;
	} times[] = { { 0, 0, false },          { 0, 1, true },
		      { 8589934591, 0, false }, { 8589934592, 0, true },
		      { -1, 0, true },          { -1, 750000000, true },
		      { -2, 500000000, true },  { 1700000000, 120000000, true } };

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		round_trip(&(struct tar_item){ .type = TAR_FILE,
					       .name = "x",
					       .mtime_s = times[i].s,
					       .mtime_ns = times[i].ns },
			   NULL, times[i].extended);
}

static void test_attributes_with_any_bytes(void **state)
{
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };
	char *big = calloc(1, 60000);

	(void)state;
	xattrs_set(&xattrs, "security.capability", "\1\0\0\2\0\4\0\0", 8);
	xattrs_set(&xattrs, "user.empty", "", 0);
	xattrs_set(&xattrs, "user.big", big, 60000);
	xattrs_set(&xattrs, "user.a=b c", "\0\xff\n=", 4);
	xattrs_set(&xattrs, "user.a=b d", "12345", 5);
	round_trip(&(struct tar_item){ .type = TAR_FILE, .name = "x", .xattrs = &xattrs }, NULL,
		   true);
	free(big);
}

static void test_a_large_file_says_its_size_apart(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct buf_sink sink;
	struct tar_writer writer = { .sink = &sink.base };

	(void)state;
	buf_sink_init(&sink, &tar);
	assert_ok(tar_writer_begin(
			  &writer,
			  &(struct tar_item){ .type = TAR_FILE, .name = "x", .size = 8589934592 },
			  &err),
		  err);
	assert_non_null(memmem(tar.data, tar.length, "19 size=8589934592\n", 19));
}

static void test_lengths_of_records_count_their_own_digits(void **state)
{
	(void)state;
	for (size_t length = 85; length < 110; length++) {
		cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };
		char value[120];

		memset(value, 'v', sizeof value);
		xattrs_set(&xattrs, "user.x", value, length - 24);
		xattrs_set(&xattrs, "user.y", value, length);
		round_trip(&(struct tar_item){ .type = TAR_FILE, .name = "x", .xattrs = &xattrs },
			   NULL, true);
	}
}

static void test_a_device_that_does_not_fit_is_refused(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct buf_sink sink;
	struct tar_writer writer = { .sink = &sink.base };

	(void)state;
	buf_sink_init(&sink, &tar);
	assert_int_equal(tar_writer_begin(&writer,
					  &(struct tar_item){ .type = TAR_CHAR,
							      .name = "c",
							      .device_major = 2097152 },
					  &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "'c'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_entries_have_plain_headers),
		cmocka_unit_test(test_what_does_not_fit_is_extended),
		cmocka_unit_test(test_times_of_all_ages),
		cmocka_unit_test(test_attributes_with_any_bytes),
		cmocka_unit_test(test_a_large_file_says_its_size_apart),
		cmocka_unit_test(test_lengths_of_records_count_their_own_digits),
		cmocka_unit_test(test_a_device_that_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
