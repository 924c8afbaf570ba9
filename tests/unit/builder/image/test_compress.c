/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/compress.h"
#include "builder/image/decompress.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

static struct error err;

/* Words of a small language: it shrinks, but not to nothing. */
static char *some_text(size_t size)
{
	static const char *const words[] = { "varve ", "layer ", "sediment\n", "core ", "year " };
	struct buf text = { 0 };
	unsigned seed = 1;

	while (text.length < size) {
		seed = seed * 1103515245 + 12345;
		buf_add_string(&text, words[seed >> 16 & 3]);
		buf_add_char(&text, (char)('a' + (seed >> 24) % 26));
	}
	return buf_take(&text);
}

static void compressed(enum compression compression, int level, unsigned threads, const char *text,
		       size_t size, size_t step, struct buf *ret)
{
	cleanup_with(compress_close) struct compress *compress = NULL;
	struct buf_sink sink;

	buf_sink_init(&sink, ret);
	assert_ok(compress_open(compression, level, threads, &sink.base, &compress, &err), err);
	for (size_t at = 0; at < size; at += step) {
		size_t part = size - at < step ? size - at : step;

		assert_ok(sink_write(compress_sink(compress), text + at, part, &err), err);
	}
	assert_ok(compress_finish(compress, &err), err);
}

static void assert_holds(const struct buf *stream, const char *text, size_t size)
{
	cleanup_with(decompress_close) struct decompress *plain = NULL;
	cleanup_with(buf_release) struct buf got = { 0 };
	struct memory_source source;
	struct buf_sink sink;

	memory_source_init(&source, stream->data, stream->length);
	buf_sink_init(&sink, &got);
	assert_ok(decompress_open(&source.base, &plain, &err), err);
	assert_ok(sink_copy(&sink.base, decompress_source(plain), &err), err);
	assert_int_equal(got.length, size);
	if (size)
		assert_memory_equal(got.data, text, size);
}

static void test_threads_and_writes_do_not_change_the_bytes(void **state)
{
	const size_t size = 3 * GZIP_BLOCK + 777;
	cleanup_free char *text = some_text(size);

	(void)state;
	for (int compression = COMPRESSION_GZIP; compression <= COMPRESSION_ZSTD; compression++) {
		cleanup_with(buf_release) struct buf one = { 0 }, four = { 0 }, odd = { 0 };

		compressed((enum compression)compression, -1, 1, text, size, size, &one);
		compressed((enum compression)compression, -1, 4, text, size, 65536, &four);
		compressed((enum compression)compression, -1, 2, text, size, 4099, &odd);
		assert_true(one.length < size / 3);
		assert_int_equal(one.length, four.length);
		assert_memory_equal(one.data, four.data, one.length);
		assert_int_equal(one.length, odd.length);
		assert_memory_equal(one.data, odd.data, one.length);
		assert_holds(&one, text, size);
	}
}

static void test_every_level_and_size_can_be_undone(void **state)
{
	const size_t sizes[] = { 0, 1, GZIP_BLOCK - 1, GZIP_BLOCK, GZIP_BLOCK + 1, 2 * GZIP_BLOCK };
	cleanup_free char *text = some_text(2 * GZIP_BLOCK);

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (int level = 0; level <= 9; level++) {
			cleanup_with(buf_release) struct buf out = { 0 };

			compressed(COMPRESSION_GZIP, level, 2, text, sizes[i], 70000, &out);
			assert_holds(&out, text, sizes[i]);
		}
		for (int level = 0; level <= 12; level += 6) {
			cleanup_with(buf_release) struct buf out = { 0 };

			compressed(COMPRESSION_ZSTD, level, 2, text, sizes[i], 70000, &out);
			assert_holds(&out, text, sizes[i]);
		}
	}
}

static void test_noise_does_not_overflow(void **state)
{
	const size_t size = 2 * GZIP_BLOCK + 5;
	cleanup_free char *noise = xmalloc(size);
	uint64_t seed = 88172645463325252ULL;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		noise[i] = (char)seed;
	}
	for (int level = 0; level <= 9; level++) {
		cleanup_with(buf_release) struct buf out = { 0 };

		compressed(COMPRESSION_GZIP, level, 3, noise, size, size, &out);
		assert_holds(&out, noise, size);
	}
}

static void test_the_gzip_header_says_nothing(void **state)
{
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	cleanup_with(buf_release) struct buf out = { 0 };

	(void)state;
	compressed(COMPRESSION_GZIP, -1, 1, "x", 1, 1, &out);
	assert_memory_equal(out.data, head, sizeof head);
}

static void test_a_failing_sink_ends_it(void **state)
{
	cleanup_with(compress_close) struct compress *compress = NULL;
	const size_t size = 20 * GZIP_BLOCK;
	cleanup_free char *text = some_text(size);
	struct file_sink sink;
	int r;

	(void)state;
	file_sink_init(&sink, -1, "nowhere");
	assert_ok(compress_open(COMPRESSION_GZIP, -1, 2, &sink.base, &compress, &err), err);
	r = sink_write(compress_sink(compress), text, size, &err);
	if (r == 0)
		r = compress_finish(compress, &err);
	assert_int_equal(r, -EBADF);
	assert_non_null(strstr(err.text, "'nowhere'"));
}

static void test_levels_that_do_not_exist_are_refused(void **state)
{
	enum compression compression;

	(void)state;
	assert_int_equal(compression_check_level(COMPRESSION_GZIP, 10, &err), -EINVAL);
	assert_int_equal(compression_check_level(COMPRESSION_ZSTD, 23, &err), -EINVAL);
	assert_int_equal(compression_check_level(COMPRESSION_ZSTD, -2, &err), -EINVAL);
	assert_int_equal(compression_check_level(COMPRESSION_NONE, 1, &err), -EINVAL);
	assert_int_equal(compression_check_level(COMPRESSION_NONE, -1, &err), 0);
	assert_int_equal(compression_parse("zstd", &compression, &err), 0);
	assert_int_equal(compression, COMPRESSION_ZSTD);
	assert_int_equal(compression_parse("estargz", &compression, &err), -EOPNOTSUPP);
	assert_int_equal(compression_parse("lz4", &compression, &err), -EINVAL);
}

static void test_media_types_say_the_compression(void **state)
{
	(void)state;
	for (int i = COMPRESSION_NONE; i <= COMPRESSION_ZSTD; i++) {
		enum compression got;

		for (int docker = 0; docker < 2; docker++) {
			const char *type = compression_media_type((enum compression)i, docker);

			assert_ok(compression_of_media_type(type, &got, &err), err);
			assert_int_equal(got, i);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_and_writes_do_not_change_the_bytes),
		cmocka_unit_test(test_every_level_and_size_can_be_undone),
		cmocka_unit_test(test_noise_does_not_overflow),
		cmocka_unit_test(test_the_gzip_header_says_nothing),
		cmocka_unit_test(test_a_failing_sink_ends_it),
		cmocka_unit_test(test_levels_that_do_not_exist_are_refused),
		cmocka_unit_test(test_media_types_say_the_compression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
