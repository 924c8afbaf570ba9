/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/object/dir.h"
#include "tests/lib/unit.h"

struct kept {
	struct object_id ids[64];
	struct buf bytes[64];
	size_t count;
};

static int keep(void *context, const struct object_id *id, const void *data, size_t size,
		struct error *err)
{
	struct kept *kept = context;

	(void)err;
	assert_true(kept->count < 64);
	kept->ids[kept->count] = *id;
	buf_append(&kept->bytes[kept->count++], data, size);
	return 0;
}

static void release(struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		buf_release(&kept->bytes[i]);
}

static struct dir_entry file(const char *name, uint64_t size)
{
	return (struct dir_entry){ .type = DIR_ENTRY_FILE,
				   .mode = 0644,
				   .uid = 1000,
				   .gid = 100,
				   .mtime_s = -5,
				   .mtime_ns = 999999999,
				   .size = size,
				   .id = object_id_of(name, strlen(name)),
				   .name = name,
				   .name_length = (uint16_t)strlen(name) };
}

static void test_modes_have_types(void **state)
{
	(void)state;
	assert_int_equal(dir_entry_type_of(S_IFREG | 04755), DIR_ENTRY_FILE);
	assert_int_equal(dir_entry_type_of(S_IFDIR | 01777), DIR_ENTRY_DIR);
	assert_int_equal(dir_entry_type_of(S_IFLNK), DIR_ENTRY_SYMLINK);
	assert_int_equal(dir_entry_type_of(S_IFBLK), DIR_ENTRY_BLOCK);
	assert_int_equal(dir_entry_type_of(S_IFCHR), DIR_ENTRY_CHAR);
	assert_int_equal(dir_entry_type_of(S_IFIFO), DIR_ENTRY_FIFO);
	assert_int_equal(dir_entry_type_of(S_IFSOCK), DIR_ENTRY_SOCKET);
	assert_int_equal(dir_entry_type_of(0755), 0);
}

static void test_a_leaf_comes_back_as_it_was(void **state)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	struct kept kept = { 0 };
	struct dir_entry entries[4] = { file("a", 5),
					file("b", 1 << 20),
					file("b.c", 0),
					{ .type = DIR_ENTRY_SYMLINK,
					  .mode = 0777,
					  .size = 3,
					  .inline_data = (const uint8_t *)"../",
					  .name = "link",
					  .name_length = 4 } };
	struct dir_entry got;
	struct dir_reader reader;
	struct object_id id;
	struct error err = { 0 };

	(void)state;
	entries[0].inline_data = (const uint8_t *)"small";
	entries[1].flags = DIR_ENTRY_HARDLINK | DIR_ENTRY_XATTRS;
	entries[1].link_id = 42;
	entries[1].link_count = 3;
	entries[1].xattrs = object_id_of("x", 1);
	for (size_t i = 0; i < 4; i++)
		dir_writer_add(&writer, &entries[i]);
	assert_ok(dir_writer_finish(&writer, keep, &kept, &id, &err), err);
	assert_int_equal(kept.count, 1);
	assert_ok(dir_reader_init(&reader, kept.bytes[0].data, kept.bytes[0].length, &err), err);
	assert_false(reader.paged);
	for (size_t i = 0; i < 4; i++) {
		assert_ok(dir_reader_next(&reader, &got, &err), err);
		assert_int_equal(got.type, entries[i].type);
		assert_int_equal(got.name_length, entries[i].name_length);
		assert_memory_equal(got.name, entries[i].name, got.name_length);
		assert_true(got.size == entries[i].size);
		assert_true(got.mtime_s == entries[i].mtime_s);
		assert_int_equal(got.mtime_ns, entries[i].mtime_ns);
		assert_int_equal(got.uid, entries[i].uid);
		assert_int_equal(got.link_count, entries[i].link_count);
	}
	assert_int_equal(dir_reader_next(&reader, &got, &err), 0);
	release(&kept);
}

static void test_the_content_of_a_small_file_is_in_its_entry(void **state)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	struct kept kept = { 0 };
	struct dir_entry entry = file("a", 5), got;
	struct dir_reader reader;
	struct object_id id;
	struct error err = { 0 };

	(void)state;
	entry.inline_data = (const uint8_t *)"small";
	dir_writer_add(&writer, &entry);
	assert_ok(dir_writer_finish(&writer, keep, &kept, &id, &err), err);
	assert_ok(dir_reader_init(&reader, kept.bytes[0].data, kept.bytes[0].length, &err), err);
	assert_ok(dir_reader_next(&reader, &got, &err), err);
	assert_true(object_id_is_zero(&got.id));
	assert_memory_equal(got.inline_data, "small", 5);
	release(&kept);
}

/* Pages of a directory with `count` names, and the id of its root. */
static struct object_id big_directory(struct kept *kept, int count, int changed)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	struct object_id id;
	struct error err = { 0 };

	for (int i = 0; i < count; i++) {
		char *name = xasprintf("file%05d", i);
		struct dir_entry entry = file(name, 100);

		if (i == changed)
			entry.size = 101;
		dir_writer_add(&writer, &entry);
		free(name);
	}
	assert_ok(dir_writer_finish(&writer, keep, kept, &id, &err), err);
	return id;
}

static void test_a_change_in_a_large_directory_costs_a_page(void **state)
{
	struct kept before = { 0 }, after = { 0 };
	size_t same = 0;
	struct object_id a = big_directory(&before, 2000, -1);
	struct object_id b = big_directory(&after, 2000, 1234);

	(void)state;
	assert_false(object_id_equal(&a, &b));
	assert_true(before.count > 10);
	assert_int_equal(before.count, after.count);
	for (size_t i = 0; i < before.count; i++)
		same += object_id_equal(&before.ids[i], &after.ids[i]);
	assert_int_equal(same, before.count - 2);
	release(&before);
	release(&after);
}

static void test_pages_add_up(void **state)
{
	struct kept kept = { 0 };
	struct dir_reader reader;
	struct dir_page page;
	struct error err = { 0 };
	uint32_t entries = 0;
	size_t pages = 0;
	const struct buf *list;

	(void)state;
	(void)big_directory(&kept, 257, -1);
	list = &kept.bytes[kept.count - 1];
	assert_ok(dir_reader_init(&reader, list->data, list->length, &err), err);
	assert_true(reader.paged);
	while (dir_reader_next_page(&reader, &page, &err) > 0) {
		assert_true(object_id_equal(&page.id, &kept.ids[pages++]));
		entries += page.count;
	}
	assert_int_equal(entries, 257);
	assert_int_equal(pages, kept.count - 1);
	release(&kept);
}

/* Every byte of a leaf turned over: refused, or read to the end without a fault. */
static void test_damage_is_refused_or_harmless(void **state)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	struct kept kept = { 0 };
	struct dir_entry entries[2] = { file("abc", 77), file("abd", 3) }, got;
	struct object_id id;
	struct error err = { 0 };
	struct buf *leaf = &kept.bytes[0];

	(void)state;
	entries[0].flags = DIR_ENTRY_XATTRS;
	entries[1].inline_data = (const uint8_t *)"123";
	dir_writer_add(&writer, &entries[0]);
	dir_writer_add(&writer, &entries[1]);
	assert_ok(dir_writer_finish(&writer, keep, &kept, &id, &err), err);
	for (size_t i = 0; i < leaf->length; i++) {
		struct dir_reader reader;
		int r;

		leaf->data[i] = (char)~leaf->data[i];
		r = dir_reader_init(&reader, leaf->data, leaf->length, &err);
		if (r == 0 && !reader.paged) {
			while ((r = dir_reader_next(&reader, &got, &err)) > 0)
				;
		}
		assert_true(r == 0 || r == -EBADMSG);
		leaf->data[i] = (char)~leaf->data[i];
	}
	for (size_t length = 0; length < leaf->length; length++) {
		struct dir_reader reader;
		int r = dir_reader_init(&reader, leaf->data, length, &err);

		while (r >= 0 && (r = dir_reader_next(&reader, &got, &err)) > 0)
			;
		assert_int_equal(r, -EBADMSG);
	}
	release(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes_have_types),
		cmocka_unit_test(test_a_leaf_comes_back_as_it_was),
		cmocka_unit_test(test_the_content_of_a_small_file_is_in_its_entry),
		cmocka_unit_test(test_a_change_in_a_large_directory_costs_a_page),
		cmocka_unit_test(test_pages_add_up),
		cmocka_unit_test(test_damage_is_refused_or_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
