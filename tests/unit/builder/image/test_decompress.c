/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/compress.h"
#include "builder/image/decompress.h"
#include "tests/lib/unit.h"

static struct error err;

/* "varve\n", by the tools of Debian. */
static const char gz[] =
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\x4b\x2c\x2a\x4b\xe5\x02\x00\x8b\x1b"
	"\xfe\xa1\x06\x00\x00\x00";
static const char bz2[] =
	"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x20\x90\x74\xe8\x00\x00\x02\x41\x80\x00"
	"\x10\x22\x00\x11\x00\x20\x00\x30\xcd\x00\xc3\x45\xc8\x37\x17\x72\x45\x38\x50\x90"
	"\x20\x90\x74\xe8";
static const char xz[] =
	"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00"
	"\x74\x2f\xe5\xa3\x01\x00\x05\x76\x61\x72\x76\x65\x0a\x00\x00\x00\x66\x7e\x36\xf1"
	"\x00\x4f\xa6\x38\x00\x01\x1e\x06\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00"
	"\x00\x04\x59\x5a";
static const char zst[] =
	"\x28\xb5\x2f\xfd\x04\x58\x31\x00\x00\x76\x61\x72\x76\x65\x0a\x1f\xec\x50\xad";

/* Everything that `data` holds, or what it failed with. */
static int undo(const void *data, size_t size, struct buf *ret, bool *ret_compressed)
{
	cleanup_with(decompress_close) struct decompress *plain = NULL;
	struct memory_source source;
	struct buf_sink sink;
	int r;

	memory_source_init(&source, data, size);
	buf_sink_init(&sink, ret);
	r = decompress_open(&source.base, &plain, &err);
	if (r < 0)
		return r;
	r = sink_copy(&sink.base, decompress_source(plain), &err);
	*ret_compressed = decompress_was_compressed(plain);
	return r;
}

static void test_plain_bytes_pass_through(void **state)
{
	const char *texts[] = { "", "a", "BZh", "BZh9 is a name", "\x1f\x8b" };
	bool was;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cleanup_with(buf_release) struct buf got = { 0 };

		assert_ok(undo(texts[i], strlen(texts[i]), &got, &was), err);
		assert_string_equal(buf_string(&got), texts[i]);
		assert_false(was);
	}
}

static void test_members_in_a_row_are_one_stream(void **state)
{
	cleanup_with(buf_release) struct buf two = { 0 }, got = { 0 };
	bool was;

	(void)state;
	buf_append(&two, gz, sizeof gz - 1);
	buf_append(&two, gz, sizeof gz - 1);
	assert_ok(undo(two.data, two.length, &got, &was), err);
	assert_string_equal(buf_string(&got), "varve\nvarve\n");
	assert_true(was);
}

static void test_one_compression_is_undone_not_two(void **state)
{
	cleanup_with(compress_close) struct compress *compress = NULL;
	cleanup_with(buf_release) struct buf twice = { 0 }, got = { 0 };
	struct buf_sink sink;
	bool was;

	(void)state;
	buf_sink_init(&sink, &twice);
	assert_ok(compress_open(COMPRESSION_ZSTD, -1, 1, &sink.base, &compress, &err), err);
	assert_ok(sink_write(compress_sink(compress), gz, sizeof gz - 1, &err), err);
	assert_ok(compress_finish(compress, &err), err);
	assert_ok(undo(twice.data, twice.length, &got, &was), err);
	assert_int_equal(got.length, sizeof gz - 1);
	assert_memory_equal(got.data, gz, got.length);
}

static void test_a_stream_cut_short_is_an_error(void **state)
{
	bool was;

	(void)state;
	for (size_t length = 12; length < sizeof gz - 9; length++) {
		cleanup_with(buf_release) struct buf got = { 0 };

		assert_int_equal(undo(gz, length, &got, &was), -EINVAL);
		assert_non_null(strstr(err.text, "cannot decompress"));
	}
}

static void test_all_kinds_are_known_by_their_first_bytes(void **state)
{
	const struct {
		const char *data;
		size_t size;
	} kinds[] = { { gz, sizeof gz - 1 },
		      { bz2, sizeof bz2 - 1 },
		      { xz, sizeof xz - 1 },
		      { zst, sizeof zst - 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		cleanup_with(buf_release) struct buf got = { 0 };
		bool was;

		assert_ok(undo(kinds[i].data, kinds[i].size, &got, &was), err);
		assert_string_equal(buf_string(&got), "varve\n");
		assert_true(was);
	}
}

static void test_first_bytes_tell(void **state)
{
	(void)state;
	assert_int_equal(compression_sniff(bz2, sizeof bz2 - 1), SEEN_BZIP2);
	assert_int_equal(compression_sniff("\xfd"
					   "7zXZ\0",
					   6),
			 SEEN_XZ);
	assert_int_equal(compression_sniff("\x28\xb5\x2f\xfd", 4), SEEN_ZSTD);
	assert_int_equal(compression_sniff("\x50\x2a\x4d\x18", 4), SEEN_ZSTD);
	assert_int_equal(compression_sniff("", 0), SEEN_PLAIN);
}

static ssize_t dead_line(struct byte_source *source, void *data, size_t size, struct error *error)
{
	(void)source;
	(void)data;
	(void)size;
	return error_set(error, -EPROTO, "the line is dead");
}

struct broken {
	struct byte_source base;
	struct memory_source head;
};

static ssize_t read_then_fail(struct byte_source *source, void *data, size_t size,
			      struct error *error)
{
	struct broken *broken = (struct broken *)source;
	ssize_t n = broken->head.base.read(&broken->head.base, data, size, error);

	return n ? n : dead_line(source, data, size, error);
}

static void test_the_words_of_the_source_are_kept(void **state)
{
	struct broken broken = { .base.read = read_then_fail };
	cleanup_with(decompress_close) struct decompress *plain = NULL;
	int r;

	(void)state;
	memory_source_init(&broken.head, gz, 14);
	r = decompress_open(&broken.base, &plain, &err);
	if (r == 0)
		r = source_drain(decompress_source(plain), &err);
	assert_int_equal(r, -EPROTO);
	assert_string_equal(err.text, "the line is dead");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_bytes_pass_through),
		cmocka_unit_test(test_members_in_a_row_are_one_stream),
		cmocka_unit_test(test_one_compression_is_undone_not_two),
		cmocka_unit_test(test_a_stream_cut_short_is_an_error),
		cmocka_unit_test(test_all_kinds_are_known_by_their_first_bytes),
		cmocka_unit_test(test_first_bytes_tell),
		cmocka_unit_test(test_the_words_of_the_source_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
