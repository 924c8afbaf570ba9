/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fs/store/fixture.h"

static void test_opening_where_there_is_no_store_says_so(void **state)
{
	char *dir = test_directory();
	struct store *store = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(store_open(dir, 0, &store, &err), -ENOENT);
	assert_non_null(strstr(err.text, dir));
	assert_null(store);
	test_directory_remove(dir);
}

static void test_a_store_is_not_made_among_other_files(void **state)
{
	char *dir = test_directory();
	cleanup_free char *other = xasprintf("%s/thesis.tex", dir);
	struct store *store = NULL;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(file_replace(AT_FDCWD, other, "x", 1, 0600, false), 0);
	assert_int_equal(store_open(dir, STORE_CREATE, &store, &err), -ENOTEMPTY);
	assert_non_null(strstr(err.text, "thesis.tex"));
	test_directory_remove(dir);
}

static void test_making_a_store_twice_keeps_the_first(void **state)
{
	struct fixture *f = *state;
	struct store *again = fixture_open(f->path, STORE_CREATE);

	assert_string_equal(store_path(again), f->path);
	store_close(again);
}

static void test_small_objects_come_back_after_a_commit(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put(f, txn, OBJECT_BLOB, "hello", 5);

	assert_int_equal(store_txn_has(txn, &id, &f->err), 1);
	assert_false(fixture_has(f, &id));
	fixture_commit(f, txn);
	assert_true(fixture_has(f, &id));
	assert_ok(store_read(f->store, &id, OBJECT_BLOB, 100, &got, &f->err), f->err);
	assert_string_equal(buf_string(&got), "hello");
}

static void test_an_abandoned_transaction_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id small = fixture_put(f, txn, OBJECT_BLOB, "hello", 5);
	struct object_id large = fixture_put_noise(f, txn, 1, 1 << 20);

	store_txn_free(txn);
	assert_false(fixture_has(f, &small));
	assert_false(fixture_has(f, &large));
	assert_clean(f->store);
}

static void test_an_empty_transaction_writes_no_pack(void **state)
{
	struct fixture *f = *state;

	fixture_commit(f, fixture_begin(f));
	assert_int_equal(count_entries(f, "packs"), 0);
	assert_int_equal(count_entries(f, "unsynced"), 0);
}

static void test_what_is_there_is_not_stored_again(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);

	(void)fixture_put_state(f, txn, 1, 10);
	fixture_commit(f, txn);
	assert_int_equal(count_entries(f, "packs"), 1);
	txn = fixture_begin(f);
	(void)fixture_put_state(f, txn, 1, 10);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	assert_int_equal(store_txn_bytes(txn), 0);
	store_txn_free(txn);
	assert_int_equal(count_entries(f, "packs"), 1);
}

static void test_large_blobs_are_files_with_exactly_their_bytes(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	cleanup_free char *data = noise(7, 300000);
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put(f, txn, OBJECT_BLOB, data, 300000);
	struct id_hex hex = object_id_hex(&id);
	cleanup_free char *path = xasprintf("%s/objects/%.2s/%s", f->path, hex.text, hex.text + 2);
	struct stat st;

	fixture_commit(f, txn);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &got), 0);
	assert_int_equal(got.length, 300000);
	assert_memory_equal(got.data, data, 300000);
}

static void test_reading_at_offsets_of_every_form_of_blob(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = {
		1, 100, 65536, STORE_LOOSE_MIN - 1, STORE_LOOSE_MIN, 1000000
	};
	struct object_id ids[6];
	struct store_txn *txn = fixture_begin(f);

	for (uint32_t i = 0; i < 6; i++)
		ids[i] = fixture_put_noise(f, txn, i, sizes[i]);
	fixture_commit(f, txn);
	for (uint32_t i = 0; i < 6; i++) {
		cleanup_free char *data = noise(i, sizes[i]);
		cleanup_free char *got = xmalloc(sizes[i] + 10);
		const void *view;
		ssize_t n;

		assert_int_equal(store_pread(f->store, &ids[i], got, sizes[i] + 10, 0, &f->err),
				 sizes[i]);
		assert_memory_equal(got, data, sizes[i]);
		assert_int_equal(store_pread(f->store, &ids[i], got, 10, sizes[i] - 1, &f->err), 1);
		assert_int_equal(got[0], data[sizes[i] - 1]);
		assert_int_equal(store_pread(f->store, &ids[i], got, 10, sizes[i], &f->err), 0);
		assert_int_equal(store_pread(f->store, &ids[i], got, 10, UINT64_MAX, &f->err), 0);
		n = store_view(f->store, &ids[i], 1 << 20, sizes[i] / 2, &view, &f->err);
		assert_true(n > 0 && (size_t)n <= sizes[i] - sizes[i] / 2);
		assert_memory_equal(view, data + sizes[i] / 2, n);
	}
}

static void test_an_empty_blob_is_a_blob(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put(f, txn, OBJECT_BLOB, "", 0);
	struct object_info info;
	char byte;

	fixture_commit(f, txn);
	assert_int_equal(store_stat(f->store, &id, &info, &f->err), 1);
	assert_int_equal(info.size, 0);
	assert_int_equal(store_pread(f->store, &id, &byte, 1, 0, &f->err), 0);
	assert_ok(store_read(f->store, &id, OBJECT_BLOB, 0, &got, &f->err), f->err);
	assert_int_equal(got.length, 0);
	assert_clean(f->store);
}

static void test_structured_objects_longer_than_a_frame_come_back(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	cleanup_free char *data = noise(3, 1000000);
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put(f, txn, OBJECT_LINKS, data, 1000000);
	struct object_id exact = fixture_put(f, txn, OBJECT_LINKS, data, 262144);

	fixture_commit(f, txn);
	assert_int_equal(store_read(f->store, &id, OBJECT_LINKS, 999999, &got, &f->err), -E2BIG);
	assert_ok(store_read(f->store, &id, OBJECT_LINKS, 1000000, &got, &f->err), f->err);
	assert_int_equal(got.length, 1000000);
	assert_memory_equal(got.data, data, 1000000);
	buf_clear(&got);
	assert_ok(store_read(f->store, &exact, OBJECT_LINKS, 1000000, &got, &f->err), f->err);
	assert_int_equal(got.length, 262144);
	assert_memory_equal(got.data, data, 262144);
}

static void test_a_missing_object_is_named(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	struct object_id id = object_id_of("nothing", 7);
	struct object_info info;

	assert_int_equal(store_stat(f->store, &id, &info, &f->err), 0);
	assert_int_equal(store_read(f->store, &id, OBJECT_BLOB, 100, &got, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, object_id_hex(&id).text));
}

static void test_an_object_of_another_kind_is_refused(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_dir(f, txn, NULL, 0);

	fixture_commit(f, txn);
	assert_int_equal(store_read(f->store, &id, OBJECT_XATTRS, 100, &got, &f->err), -EBADMSG);
	assert_ok(store_read(f->store, &id, OBJECT_DIR, 100, &got, &f->err), f->err);
}

/* Ids name bytes. A file may hold those of a directory, before or after that is stored. */
static void test_a_file_with_the_bytes_of_a_directory_is_both(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf got = { 0 };
	static const char bytes[16] = "OSDR\1";
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put(f, txn, OBJECT_BLOB, bytes, 16), again;

	fixture_commit(f, txn);
	assert_ok(store_read(f->store, &id, OBJECT_DIR, 100, &got, &f->err), f->err);
	txn = fixture_begin(f);
	again = fixture_put(f, txn, OBJECT_DIR, bytes, 16);
	fixture_commit(f, txn);
	assert_true(object_id_equal(&id, &again));
	buf_clear(&got);
	assert_ok(store_read(f->store, &id, OBJECT_BLOB, 100, &got, &f->err), f->err);
	assert_memory_equal(got.data, bytes, 16);
	assert_clean(f->store);
}

static void test_another_process_sees_what_is_committed(void **state)
{
	struct fixture *f = *state;
	struct store *other = fixture_open(f->path, 0);
	struct object_info info;

	for (uint32_t i = 0; i < 20; i++) {
		struct store_txn *txn = fixture_begin(f);
		struct object_id id = fixture_put_noise(f, txn, i, 50);

		assert_int_equal(store_stat(other, &id, &info, &f->err), 0);
		fixture_commit(f, txn);
		assert_int_equal(store_stat(other, &id, &info, &f->err), 1);
	}
	store_close(other);
}

static void test_a_read_only_store_refuses_transactions(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put(f, txn, OBJECT_BLOB, "hello", 5);
	struct store_lease *lease = NULL;
	struct store *reader;
	char got[5];

	fixture_commit(f, txn);
	reader = fixture_open(f->path, STORE_READ_ONLY);
	assert_int_equal(store_txn_begin(reader, f->lease, &txn, &f->err), -EROFS);
	assert_int_equal(store_lease_begin(reader, &lease, &f->err), -EROFS);
	assert_int_equal(store_ref_delete(reader, "tag/x", &f->err), -EROFS);
	assert_int_equal(store_pread(reader, &id, got, 5, 0, &f->err), 5);
	assert_clean(reader);
	store_close(reader);
}

static void replace_in_config(const struct fixture *f, const char *from, const char *to)
{
	cleanup_free char *path = xasprintf("%s/store.conf", f->path);
	cleanup_with(buf_release) struct buf text = { 0 }, changed = { 0 };
	const char *at;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 16, &text), 0);
	at = strstr(text.data, from);
	assert_non_null(at);
	buf_append(&changed, text.data, (size_t)(at - text.data));
	buf_add_string(&changed, to);
	buf_add_string(&changed, at + strlen(from));
	assert_int_equal(file_replace(AT_FDCWD, path, changed.data, changed.length, 0644, false),
			 0);
}

static void test_a_format_from_the_future_is_refused(void **state)
{
	struct fixture *f = *state;
	struct store *store = NULL;

	replace_in_config(f, "incompat=", "incompat=quantum");
	assert_int_equal(store_open(f->path, 0, &store, &f->err), -EPROTONOSUPPORT);
	assert_non_null(strstr(f->err.text, "quantum"));
	replace_in_config(f, "incompat=quantum", "incompat=");
	replace_in_config(f, "format=1", "format=2");
	assert_int_equal(store_open(f->path, 0, &store, &f->err), -EPROTONOSUPPORT);
}

static void test_an_unknown_feature_forbids_writing_only(void **state)
{
	struct fixture *f = *state;
	struct store *store;
	struct store_txn *txn;

	replace_in_config(f, "features=", "features=telepathy,");
	store = fixture_open(f->path, 0);
	assert_int_equal(store_warnings(store)->count, 1);
	assert_int_equal(store_txn_begin(store, f->lease, &txn, &f->err), -EROFS);
	store_close(store);
}

static void test_files_are_taken_from_the_lease_without_copying(void **state)
{
	struct fixture *f = *state;
	int tmp_fd = store_lease_tmp_fd(f->lease);
	cleanup_free char *data = noise(9, 200000);
	struct object_id id = object_id_of(data, 200000), small = object_id_of("small", 5);
	struct store_txn *txn = fixture_begin(f);
	struct id_hex hex = object_id_hex(&id);
	cleanup_free char *path = xasprintf("%s/objects/%.2s/%s", f->path, hex.text, hex.text + 2);
	struct stat before, after;

	assert_int_equal(file_replace(tmp_fd, "1", data, 200000, 0600, false), 0);
	assert_int_equal(file_replace(tmp_fd, "2", "small", 5, 0600, false), 0);
	assert_int_equal(fstatat(tmp_fd, "1", &before, 0), 0);
	assert_ok(store_txn_put_file(txn, "1", &id, &f->err), f->err);
	assert_ok(store_txn_put_file(txn, "2", &small, &f->err), f->err);
	fixture_commit(f, txn);
	assert_int_equal(unlinkat(tmp_fd, "1", 0), 0);
	assert_int_equal(unlinkat(tmp_fd, "2", 0), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(fixture_has(f, &small));

	/* And once more, now that they are there. */
	txn = fixture_begin(f);
	assert_int_equal(file_replace(tmp_fd, "1", data, 200000, 0600, false), 0);
	assert_ok(store_txn_put_file(txn, "1", &id, &f->err), f->err);
	fixture_commit(f, txn);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_clean(f->store);
}

static void test_two_transactions_of_one_thread_store_the_same(void **state)
{
	struct fixture *f = *state;
	struct store_txn *first = fixture_begin(f), *second = fixture_begin(f);
	struct object_id a = fixture_put_state(f, first, 5, 5);
	struct object_id b = fixture_put_state(f, second, 5, 5);

	assert_true(object_id_equal(&a, &b));
	fixture_set_ref(f, first, "tag/a", &a);
	fixture_set_ref(f, second, "tag/b", &b);
	fixture_commit(f, first);
	fixture_commit(f, second);
	assert_clean(f->store);
	(void)fixture_gc(f);
	assert_true(fixture_has(f, &a));
	assert_clean(f->store);
}

static void test_thousands_of_objects_in_many_frames(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id *ids = xcalloc(5000, sizeof *ids);

	/* More than 4 MiB of blobs: they get a pack of their own. */
	for (uint32_t i = 0; i < 5000; i++)
		ids[i] = fixture_put_noise(f, txn, i, 500 + i % 1500);
	(void)fixture_put_dir(f, txn, ids, 5000);
	fixture_commit(f, txn);
	assert_int_equal(count_entries(f, "packs"), 2);
	for (uint32_t i = 0; i < 5000; i += 7) {
		cleanup_free char *data = noise(i, 500 + i % 1500);
		char got[2000];

		assert_int_equal(store_pread(f->store, &ids[i], got, sizeof got, 0, &f->err),
				 500 + i % 1500);
		assert_memory_equal(got, data, 500 + i % 1500);
	}
	assert_clean(f->store);
	free(ids);
}

static void test_compressible_objects_take_less(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	char text[4096];

	for (int i = 0; i < 300; i++) {
		memset(text, 'a' + i % 20, sizeof text);
		snprintf(text, sizeof text, "number %d", i);
		(void)fixture_put(f, txn, OBJECT_BLOB, text, sizeof text);
	}
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	assert_true(store_txn_bytes(txn) < 100000);
	store_txn_free(txn);
	assert_clean(f->store);
}

static void test_a_writer_of_pieces_names_the_whole(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = { 0, 5, STORE_LOOSE_MIN - 1, STORE_LOOSE_MIN, 3000000 };

	for (uint32_t i = 0; i < 5; i++) {
		cleanup_free char *data = noise(i, sizes[i]);
		struct store_txn *txn = fixture_begin(f);
		struct blob_writer *writer;
		struct object_id id, wanted = object_id_of(data, sizes[i]);
		uint64_t size;

		assert_ok(blob_writer_begin(txn, &writer, &f->err), f->err);
		for (size_t at = 0; at < sizes[i]; at += 70001) {
			size_t left = sizes[i] - at;

			assert_ok(blob_writer_add(writer, data + at, left < 70001 ? left : 70001,
						  &f->err),
				  f->err);
		}
		assert_ok(blob_writer_finish(writer, &id, &size, &f->err), f->err);
		blob_writer_free(writer);
		assert_int_equal(size, sizes[i]);
		assert_true(object_id_equal(&id, &wanted));
		fixture_commit(f, txn);
		assert_true(fixture_has(f, &id));
	}
	assert_clean(f->store);
}

static void test_a_large_blob_written_in_pieces_is_a_file_and_not_packed(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *data = noise(77, 200000);
	struct store_txn *txn = fixture_begin(f);
	struct blob_writer *writer;
	struct object_id id;
	uint64_t size;

	assert_ok(blob_writer_begin(txn, &writer, &f->err), f->err);
	assert_ok(blob_writer_add(writer, data, 200000, &f->err), f->err);
	assert_ok(blob_writer_finish(writer, &id, &size, &f->err), f->err);
	blob_writer_free(writer);
	fixture_commit(f, txn);
	assert_int_equal(count_entries(f, "packs"), 0);
	assert_true(fixture_has(f, &id));
}

static void test_many_zeros_in_a_large_blob_take_no_space(void **state)
{
	enum { SIZE = 8 << 20 };
	struct fixture *f = *state;
	cleanup_free char *data = xcalloc(1, SIZE);
	struct object_id id, wanted;
	struct blob_writer *writer;
	struct store_txn *txn = fixture_begin(f);
	uint64_t size, found;

	memcpy(data + SIZE / 2, "data", 4);
	wanted = object_id_of(data, SIZE);
	assert_ok(blob_writer_begin(txn, &writer, &f->err), f->err);
	assert_ok(blob_writer_add(writer, data, SIZE, &f->err), f->err);
	assert_ok(blob_writer_finish(writer, &id, &size, &f->err), f->err);
	blob_writer_free(writer);
	fixture_commit(f, txn);
	assert_true(object_id_equal(&id, &wanted));
	assert_ok(store_space(f->store, &id, &size, &f->err), f->err);
	assert_true(size <= 2 << 16);
	assert_int_equal(store_seek(f->store, &id, 0, SEEK_DATA, &found, &f->err), 1);
	assert_true(found <= SIZE / 2 && found > SIZE / 2 - (1 << 16));
	assert_int_equal(store_seek(f->store, &id, SIZE - 5, SEEK_DATA, &found, &f->err), 0);
	assert_clean(f->store);
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opening_where_there_is_no_store_says_so),
		cmocka_unit_test(test_a_store_is_not_made_among_other_files),
		test(test_making_a_store_twice_keeps_the_first),
		test(test_small_objects_come_back_after_a_commit),
		test(test_an_abandoned_transaction_leaves_nothing),
		test(test_an_empty_transaction_writes_no_pack),
		test(test_what_is_there_is_not_stored_again),
		test(test_large_blobs_are_files_with_exactly_their_bytes),
		test(test_reading_at_offsets_of_every_form_of_blob),
		test(test_an_empty_blob_is_a_blob),
		test(test_structured_objects_longer_than_a_frame_come_back),
		test(test_a_missing_object_is_named),
		test(test_an_object_of_another_kind_is_refused),
		test(test_a_file_with_the_bytes_of_a_directory_is_both),
		test(test_another_process_sees_what_is_committed),
		test(test_a_read_only_store_refuses_transactions),
		test(test_a_format_from_the_future_is_refused),
		test(test_an_unknown_feature_forbids_writing_only),
		test(test_files_are_taken_from_the_lease_without_copying),
		test(test_two_transactions_of_one_thread_store_the_same),
		test(test_thousands_of_objects_in_many_frames),
		test(test_compressible_objects_take_less),
		test(test_a_writer_of_pieces_names_the_whole),
		test(test_a_large_blob_written_in_pieces_is_a_file_and_not_packed),
		test(test_many_zeros_in_a_large_blob_take_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
