/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "builder/image/tar/tar_read.h"
#include "tests/lib/tar_fixture.h"

static struct error err;

struct fixture {
	struct memory_source source;
	struct tar_reader *reader;
	const struct tar_entry *entry;
};

static void open_tar(struct fixture *f, const struct buf *tar)
{
	memory_source_init(&f->source, buf_string(tar), tar->length);
	f->reader = tar_reader_new(&f->source.base);
}

static void close_tar(struct fixture *f)
{
	tar_reader_free(f->reader);
}

static void next(struct fixture *f)
{
	int r = tar_reader_next(f->reader, &f->entry, &err);

	assert_ok(r, err);
	assert_int_equal(r, 1);
}

static void the_end(struct fixture *f)
{
	assert_int_equal(tar_reader_next(f->reader, &f->entry, &err), 0);
	assert_int_equal(tar_reader_next(f->reader, &f->entry, &err), 0);
}

static void assert_content(struct fixture *f, const char *want)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	char part[7];
	ssize_t n;

	while ((n = tar_reader_read(f->reader, part, sizeof part, &err)) > 0)
		buf_append(&got, part, (size_t)n);
	assert_ok((int)n, err);
	assert_string_equal(buf_string(&got), want);
}

/* What reading all of `tar` fails with; 0 when it does not. */
static int outcome(const struct buf *tar)
{
	struct fixture f;
	int r;

	err = (struct error){ 0 };
	open_tar(&f, tar);
	while ((r = tar_reader_next(f.reader, &f.entry, &err)) > 0)
		continue;
	close_tar(&f);
	return r;
}

static void test_every_type_of_entry(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture f;

	(void)state;
	tar_put(&tar, (struct tar_spec){ .type = '5', .name = "d/", .mode = 0755 });
	tar_put(&tar, (struct tar_spec){ .name = "d/f", .content = "hello", .mtime = "17" });
	tar_put(&tar, (struct tar_spec){ .type = '1', .name = "d/h", .link = "d/f" });
	tar_put(&tar, (struct tar_spec){ .type = '2', .name = "s", .link = "../t" });
	tar_put(&tar, (struct tar_spec){ .type = '3', .name = "c", .major = "5", .minor = "10" });
	tar_put(&tar, (struct tar_spec){ .type = '4', .name = "b", .major = "10", .minor = "1" });
	tar_put(&tar, (struct tar_spec){ .type = '6', .name = "p", .mode = 04751 });
	tar_end(&tar);
	open_tar(&f, &tar);
	next(&f);
	assert_int_equal(f.entry->type, TAR_DIR);
	next(&f);
	assert_int_equal(f.entry->type, TAR_FILE);
	assert_int_equal(f.entry->size, 5);
	assert_int_equal(f.entry->mtime_s, 017);
	assert_int_equal(tar_reader_offset(f.reader), 1024);
	assert_content(&f, "hello");
	next(&f);
	assert_int_equal(f.entry->type, TAR_HARDLINK);
	assert_string_equal(f.entry->link, "d/f");
	next(&f);
	assert_string_equal(f.entry->link, "../t");
	next(&f);
	assert_int_equal(f.entry->type, TAR_CHAR);
	assert_int_equal(f.entry->device_major, 5);
	assert_int_equal(f.entry->device_minor, 8);
	next(&f);
	assert_int_equal(f.entry->type, TAR_BLOCK_DEVICE);
	assert_int_equal(f.entry->device_major, 8);
	next(&f);
	assert_int_equal(f.entry->type, TAR_FIFO);
	assert_int_equal(f.entry->mode, 04751);
	the_end(&f);
	close_tar(&f);
}

static void test_content_that_is_not_read_is_passed_over(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	char part[3];
	struct fixture f;

	(void)state;
	tar_put(&tar, (struct tar_spec){ .name = "a", .content = "0123456789" });
	tar_put(&tar, (struct tar_spec){ .name = "b", .content = "b" });
	open_tar(&f, &tar);
	next(&f);
	assert_int_equal(tar_reader_read(f.reader, part, 3, &err), 3);
	next(&f);
	assert_string_equal(f.entry->name, "b");
	assert_content(&f, "b");
	the_end(&f); /* without end marks */
	close_tar(&f);
}

static void test_names_longer_than_the_header(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	char prefix[201] = "", full[400], *block;
	struct fixture f;

	(void)state;
	memset(prefix, 'p', 120);
	tar_put(&tar, (struct tar_spec){ .name = "n" });
	block = tar.data;
	memcpy(block + TAR_PREFIX_AT, prefix, 120);
	tar_sum(block);
	/* GNU keeps other things there */
	tar_put(&tar, (struct tar_spec){ .name = "gnu", .magic = "ustar  " });
	block = tar.data + 512;
	memcpy(block + TAR_PREFIX_AT, prefix, 120);
	tar_sum(block);
	memset(prefix, 'L', 200);
	tar_put(&tar,
		(struct tar_spec){
			.type = 'L', .name = "././@LongLink", .content = prefix, .size = 201 });
	tar_put(&tar,
		(struct tar_spec){
			.type = 'K', .name = "././@LongLink", .content = prefix, .size = 200 });
	tar_put(&tar, (struct tar_spec){ .type = '2', .name = "LLL", .link = "x" });
	tar_put_pax(&tar, "path", "from/pax");
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	tar_put(&tar, (struct tar_spec){ .name = "after" });
	open_tar(&f, &tar);
	next(&f);
	snprintf(full, sizeof full, "%.120s/n",
		 "pppppppppppppppppppppppppppppppppppppppppppppppppp"
		 "pppppppppppppppppppppppppppppppppppppppppppppppppp"
		 "pppppppppppppppppppp");
	assert_string_equal(f.entry->name, full);
	next(&f);
	assert_string_equal(f.entry->name, "gnu");
	next(&f);
	assert_string_equal(f.entry->name, prefix);
	assert_string_equal(f.entry->link, prefix);
	next(&f);
	assert_string_equal(f.entry->name, "from/pax");
	next(&f);
	assert_string_equal(f.entry->name, "after");
	the_end(&f);
	close_tar(&f);
}

static void test_a_name_of_a_hundred_bytes_has_no_end(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	char name[101];
	struct fixture f;

	(void)state;
	memset(name, 'n', 100);
	name[100] = '\0';
	tar_put(&tar, (struct tar_spec){ .type = '2', .name = name, .link = name });
	open_tar(&f, &tar);
	next(&f);
	assert_string_equal(f.entry->name, name);
	assert_string_equal(f.entry->link, name);
	close_tar(&f);
}

static void check_time(const char *text, int64_t s, uint32_t ns)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture f;

	tar_put_pax(&tar, "mtime", text);
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	open_tar(&f, &tar);
	next(&f);
	assert_int_equal(f.entry->mtime_s, s);
	assert_int_equal(f.entry->mtime_ns, ns);
	close_tar(&f);
}

static void test_times_with_fractions(void **state)
{
	(void)state;
	check_time("1700000000.123456789", 1700000000, 123456789);
	check_time("5", 5, 0);
	check_time("5.", 5, 0);
	check_time("5.1234567899", 5, 123456789);
	check_time("-1.5", -2, 500000000);
	check_time("-0.25", -1, 750000000);
	check_time("0.000000001", 0, 1);
	check_time("", 0, 0); /* back to the header's */
}

static void test_numbers_in_every_form(void **state)
{
	const struct {
		const char *field;
		bool good;
		int64_t value;
	} cases[] = {
		{ "0000017\0", true, 15 },
		{ "17\0\0\0\0\0\0", true, 15 },
		{ "     17 ", true, 15 },
		{ "\0\0\0\0\0\0\0\0", true, 0 },
		{ "        ", true, 0 },
		{ "77777777", true, 077777777 },
		{ "17 \0x\0\0\0", true, 15 },
		{ "18\0\0\0\0\0\0", false, 0 },
		{ "-1\0\0\0\0\0\0", false, 0 },
		{ "\x80\0\0\0\0\0\x01\x02", true, 258 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff", true, -1 },
		{ "\xff\xff\xff\xff\xff\xff\xff\x00", true, -256 },
		{ "\xbf\xff\xff\xff\xff\xff\xff\xff", true, 0x3fffffffffffffff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t value = 0;

		assert_int_equal(tar_number_parse((const uint8_t *)cases[i].field, 8, &value),
				 cases[i].good);
		if (cases[i].good)
			assert_int_equal(value, cases[i].value);
	}
	{
		static const uint8_t big[12] = { 0x80, 0, 0, 1 }, huge[12] = { 0x80, 1 };
		int64_t value;

		assert_true(tar_number_parse(big, 12, &value) == false);
		assert_false(tar_number_parse(huge, 12, &value));
	}
}

static void test_extended_attributes_of_both_kinds(void **state)
{
	static const char value[] = "a\0=\n";
	cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 };
	const struct xattr *got;
	struct fixture f;

	(void)state;
	tar_record(&records, "SCHILY.xattr.user.b", value, 4);
	tar_record(&records, "LIBARCHIVE.xattr.user.%41%3d", "AAEC", 4);
	tar_record(&records, "LIBARCHIVE.xattr.user.b", "AAEC", 4);
	tar_record(&records, "SCHILY.xattr.user.empty", "", 0);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	tar_put(&tar, (struct tar_spec){ .name = "y" });
	open_tar(&f, &tar);
	next(&f);
	assert_int_equal(f.entry->xattrs.count, 3);
	got = xattrs_get(&f.entry->xattrs, "user.b");
	assert_int_equal(got->size, 4);
	assert_memory_equal(got->value, value, 4);
	got = xattrs_get(&f.entry->xattrs, "user.A=");
	assert_int_equal(got->size, 3);
	assert_memory_equal(got->value, "\0\1\2", 3);
	assert_int_equal(xattrs_get(&f.entry->xattrs, "user.empty")->size, 0);
	next(&f);
	assert_int_equal(f.entry->xattrs.count, 0);
	close_tar(&f);
}

static void test_ids_beyond_the_header(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture f;

	(void)state;
	tar_put_pax(&tar, "uid", "4294967294");
	tar_put(&tar, (struct tar_spec){ .name = "x", .uid = "12" });
	tar_put(&tar, (struct tar_spec){ .name = "y", .uid = "12" });
	open_tar(&f, &tar);
	next(&f);
	assert_int_equal(f.entry->uid, 4294967294);
	next(&f);
	assert_int_equal(f.entry->uid, 10);
	close_tar(&f);
	buf_clear(&tar);
	tar_put_pax(&tar, "gid", "4294967295");
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	assert_int_equal(outcome(&tar), -EINVAL);
	assert_string_equal(err.text, "'x': the owner 4294967295 cannot be");
}

static void test_a_slash_at_the_end_makes_a_directory(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture f;

	(void)state;
	tar_put(&tar, (struct tar_spec){ .name = "d/", .content = "lost" });
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	tar.data[512 + 300] = 0;
	open_tar(&f, &tar);
	next(&f);
	assert_int_equal(f.entry->type, TAR_DIR);
	assert_int_equal(f.entry->size, 0);
	close_tar(&f);
}

static void test_the_old_sparse_form(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture f;
	char *block;

	(void)state;
	tar_put(&tar, (struct tar_spec){ .type = 'S', .name = "s", .magic = "ustar  " });
	block = tar.data;
	memcpy(block + TAR_SIZE_AT, "00000000006\0", 12);
	memcpy(block + 386, "00000000000\00000000000002\0", 24);
	memcpy(block + 386 + 24, "00000000100\00000000000003\0", 24);
	memcpy(block + 386 + 48, "00000000200\00000000000000\0", 24);
	memcpy(block + 386 + 72, "00000000200\00000000000001\0", 24);
	block[482] = 1;
	memcpy(block + 483, "00000001000\0", 12);
	tar_sum(block);
	buf_add_zeros(&tar, 512);
	memcpy(tar.data + 512, "00000001000\00000000000000\0", 24);
	buf_append(&tar, "abcdef", 6);
	buf_add_zeros(&tar, 506);
	open_tar(&f, &tar);
	next(&f);
	assert_true(f.entry->sparse);
	assert_int_equal(f.entry->size, 512);
	assert_int_equal(f.entry->stored, 6);
	assert_int_equal(f.entry->piece_count, 3);
	assert_int_equal(f.entry->pieces[1].offset, 64);
	assert_int_equal(f.entry->pieces[1].length, 3);
	assert_content(&f, "abcdef");
	the_end(&f);
	close_tar(&f);
}

static void test_the_sparse_forms_of_pax(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 }, data = { 0 };
	struct fixture f;

	(void)state;
	tar_record(&records, "GNU.sparse.major", "1", 1);
	tar_record(&records, "GNU.sparse.minor", "0", 1);
	tar_record(&records, "GNU.sparse.name", "real", 4);
	tar_record(&records, "GNU.sparse.realsize", "100", 3);
	tar_record(&records, "path", "GNUSparseFile.0/real", 20);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	buf_add_string(&data, "2\n10\n2\n100\n0\n");
	buf_add_zeros(&data, 512 - data.length);
	buf_add_string(&data, "ab");
	tar_put(&tar, (struct tar_spec){ .name = "x", .content = data.data, .size = data.length });
	buf_clear(&records);
	tar_record(&records, "GNU.sparse.size", "9", 1);
	tar_record(&records, "GNU.sparse.numblocks", "2", 1);
	tar_record(&records, "GNU.sparse.offset", "1", 1);
	tar_record(&records, "GNU.sparse.numbytes", "1", 1);
	tar_record(&records, "GNU.sparse.offset", "8", 1);
	tar_record(&records, "GNU.sparse.numbytes", "1", 1);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	tar_put(&tar, (struct tar_spec){ .name = "zero-zero", .content = "cd" });
	buf_clear(&records);
	tar_record(&records, "GNU.sparse.size", "9", 1);
	tar_record(&records, "GNU.sparse.map", "0,1,3,1", 7);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	tar_put(&tar, (struct tar_spec){ .name = "zero-one", .content = "ef" });
	open_tar(&f, &tar);
	next(&f);
	assert_string_equal(f.entry->name, "real");
	assert_int_equal(f.entry->size, 100);
	assert_int_equal(f.entry->stored, 2);
	assert_int_equal(f.entry->piece_count, 1);
	assert_content(&f, "ab");
	next(&f);
	assert_int_equal(f.entry->piece_count, 2);
	assert_int_equal(f.entry->pieces[1].offset, 8);
	assert_content(&f, "cd");
	next(&f);
	assert_int_equal(f.entry->pieces[1].offset, 3);
	assert_content(&f, "ef");
	the_end(&f);
	close_tar(&f);
}

static void test_maps_that_lie_are_refused(void **state)
{
	const char *bad[] = { "0,1",     "0,3", "5,2",
			      "1,1,0,1", "8,2", "0,1,0,1",
			      "x,1",     "0",   "18446744073709551615,2" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 };

		tar_record(&records, "GNU.sparse.size", "6", 1);
		tar_record(&records, "GNU.sparse.map", bad[i], strlen(bad[i]));
		tar_put(&tar, (struct tar_spec){ .type = 'x',
						 .name = "p",
						 .content = records.data,
						 .size = records.length });
		tar_put(&tar, (struct tar_spec){ .name = "s", .content = "ab" });
		if (outcome(&tar) != -EINVAL)
			fail_msg("map %s was not refused", bad[i]);
	}
}

static void test_bad_records_are_refused(void **state)
{
	const char *bad[] = {
		"5 a=b\n",
		"7 a=b\n",
		"6 a=b",
		"x a=b\n",
		"6 =bc\n",
		"5 abc\n",
		"99999999999999999999 a=b\n",
		"13 mtime=x.1\n",
		"10 uid=-a\n",
		"14 size=-5000\n",
		"0 a=b\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf tar = { 0 };

		tar_put(&tar, (struct tar_spec){ .type = 'x', .name = "p", .content = bad[i] });
		tar_put(&tar, (struct tar_spec){ .name = "x" });
		if (outcome(&tar) != -EINVAL)
			fail_msg("record '%s' was not refused", bad[i]);
	}
}

static void test_a_nul_in_a_name_is_refused(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 };

	(void)state;
	tar_record(&records, "path", "a\0b", 3);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	assert_int_equal(outcome(&tar), -EINVAL);
	assert_string_equal(err.text, "a name with a NUL in it");
}

static void test_what_is_no_archive_is_refused(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	(void)state;
	assert_int_equal(outcome(&tar), 0);
	buf_add_string(&tar, "short");
	assert_int_equal(outcome(&tar), -EINVAL);
	buf_clear(&tar);
	tar_put(&tar, (struct tar_spec){ .name = "x", .content = "content" });
	tar.data[0] ^= 1;
	assert_int_equal(outcome(&tar), -EINVAL);
	tar.data[0] ^= 1;
	buf_truncate(&tar, 700);
	assert_int_equal(outcome(&tar), -EINVAL);
	buf_clear(&tar);
	tar_put(&tar, (struct tar_spec){ .type = 'M', .name = "x" });
	assert_int_equal(outcome(&tar), -EOPNOTSUPP);
	buf_clear(&tar);
	buf_add_zeros(&tar, 512);
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	assert_int_equal(outcome(&tar), -EINVAL);
}

static void test_headers_past_their_limit_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	char *block;

	(void)state;
	tar_put(&tar, (struct tar_spec){ .type = 'x', .name = "p" });
	block = tar.data;
	memcpy(block + TAR_SIZE_AT, "77777777777\0", 12);
	tar_sum(block);
	assert_int_equal(outcome(&tar), -E2BIG);
	block[TAR_TYPE_AT] = 'L';
	tar_sum(block);
	assert_int_equal(outcome(&tar), -E2BIG);
	memcpy(block + TAR_SIZE_AT, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	tar_sum(block);
	assert_int_equal(outcome(&tar), -EINVAL);
}

static void test_global_headers_are_passed_over(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture f;

	(void)state;
	tar_put(&tar, (struct tar_spec){ .type = 'g', .name = "g", .content = "11 path=zz\n" });
	tar_put(&tar, (struct tar_spec){ .name = "x" });
	open_tar(&f, &tar);
	next(&f);
	assert_string_equal(f.entry->name, "x");
	close_tar(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_of_entry),
		cmocka_unit_test(test_content_that_is_not_read_is_passed_over),
		cmocka_unit_test(test_names_longer_than_the_header),
		cmocka_unit_test(test_a_name_of_a_hundred_bytes_has_no_end),
		cmocka_unit_test(test_times_with_fractions),
		cmocka_unit_test(test_numbers_in_every_form),
		cmocka_unit_test(test_extended_attributes_of_both_kinds),
		cmocka_unit_test(test_ids_beyond_the_header),
		cmocka_unit_test(test_a_slash_at_the_end_makes_a_directory),
		cmocka_unit_test(test_the_old_sparse_form),
		cmocka_unit_test(test_the_sparse_forms_of_pax),
		cmocka_unit_test(test_maps_that_lie_are_refused),
		cmocka_unit_test(test_bad_records_are_refused),
		cmocka_unit_test(test_a_nul_in_a_name_is_refused),
		cmocka_unit_test(test_what_is_no_archive_is_refused),
		cmocka_unit_test(test_headers_past_their_limit_are_refused),
		cmocka_unit_test(test_global_headers_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
