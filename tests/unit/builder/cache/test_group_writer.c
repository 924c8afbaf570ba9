/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/bundle.h"
#include "builder/cache/group_writer.h"
#include "builder/image/decompress.h"
#include "tests/unit/fs/store/fixture.h"

/* Bundles that were written, in parts. */
struct written {
	struct parts_sink parts; /* first */
	int fds[256];
	size_t count;
	struct fixture *f;
	struct group_writer writer;
	struct positions needs;
};

static int keep(struct parts_sink *parts, const struct object_id *digest, uint64_t size,
		struct error *err)
{
	struct written *written = (struct written *)parts;
	cleanup_free char *data = xmalloc(size);
	struct object_id got;
	int fd = file_unnamed(store_lease_tmp_fd(written->f->lease), "kept");

	(void)err;
	assert_true(written->count < 256 && fd >= 0);
	assert_int_equal(fd_pread_exactly(parts->fd, data, size, 0), 0);
	got = object_id_of(data, size);
	assert_true(object_id_equal(&got, digest));
	assert_int_equal(fd_write_all(fd, data, size), 0);
	written->fds[written->count++] = fd;
	return 0;
}

static void written_init(struct written *written, struct fixture *f, uint64_t limit)
{
	*written = (struct written){ .f = f };
	parts_sink_init(&written->parts, file_unnamed(store_lease_tmp_fd(f->lease), "part"), limit);
	written->parts.send = keep;
	written->writer = (struct group_writer){ .from = f->store,
						 .cancel_fd = -1,
						 .compression = COMPRESSION_ZSTD,
						 .level = COMPRESSION_LEVEL_DEFAULT,
						 .to = &written->parts.base };
}

static void forget_parts(struct written *written)
{
	while (written->count)
		close(written->fds[--written->count]);
	free(written->needs.items);
	written->needs = (struct positions){ 0 };
}

static void written_release(struct written *written)
{
	forget_parts(written);
	close(written->parts.fd);
	parts_sink_release(&written->parts);
	group_writer_release(&written->writer);
}

static void write_group(struct written *written, const struct object_id *snapshot, bool trees,
			size_t group)
{
	struct fixture *f = written->f;

	forget_parts(written);
	assert_ok(cache_group_write(&written->writer, snapshot, trees, group, &written->needs,
				    &f->err),
		  f->err);
	assert_ok(parts_sink_finish(&written->parts, &f->err), f->err);
}

/* The last bundle, into another store. */
static int take(const struct written *written, struct fixture *to)
{
	cleanup_with(store_txn_free) struct store_txn *txn = fixture_begin(to);
	cleanup_with(decompress_close) struct decompress *decompress = NULL;
	struct parts_source parts;
	int r;

	parts_source_init(&parts, written->fds, written->count);
	assert_ok(decompress_open(&parts.base, &decompress, &to->err), to->err);
	r = bundle_take(decompress_source(decompress), txn, -1, &to->err);
	return r < 0 ? r : store_txn_commit(txn, &to->err);
}

/* Whether all that the snapshot refers to is there. */
static int is_whole(struct fixture *f, const struct object_id *snapshot)
{
	cleanup_with(store_txn_free) struct store_txn *txn = fixture_begin(f);
	struct transfer transfer = { .from = f->store, .cancel_fd = -1 };
	int r = transfer_object(&transfer, txn, snapshot, &f->err);

	transfer_release(&transfer);
	return r;
}

static struct fixture *other_open(void)
{
	void *state;

	fixture_setup(&state);
	return state;
}

static void other_close(struct fixture *f)
{
	void *state = f;

	fixture_teardown(&state);
}

static void test_another_store_gets_all_from_parts_of_any_size(void **state)
{
	static const uint64_t limits[] = { 1 << 30, 100000, 9001 };
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_state(f, txn, 1, 20);

	fixture_commit(f, txn);
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct fixture *other = other_open();
		struct written written;

		written_init(&written, f, limits[i]);
		write_group(&written, &id, false, 0);
		assert_int_equal(written.count > 1, i > 0);
		assert_int_equal(is_whole(other, &id), -ENOENT);
		assert_ok(take(&written, other), other->err);
		assert_ok(is_whole(other, &id), other->err);
		written_release(&written);
		other_close(other);
	}
}

static void test_a_group_has_what_no_other_has(void **state)
{
	struct fixture *f = *state, *other = other_open();
	struct store_txn *txn = fixture_begin(f);
	struct object_id first = fixture_put_state(f, txn, 1, 20), blob, dir, second;
	struct written written;

	blob = fixture_put_noise(f, txn, 7, 1000);
	dir = fixture_put_dir(f, txn, &blob, 1);
	second = fixture_put_snapshot(f, txn, &dir, &first);
	fixture_commit(f, txn);
	written_init(&written, f, 1 << 30);
	write_group(&written, &first, false, 0);
	assert_int_equal(written.needs.count, 0);
	assert_ok(take(&written, other), other->err);
	written.writer.objects = 0;
	write_group(&written, &second, false, 1);
	assert_int_equal(written.writer.objects, 3);
	assert_int_equal(written.needs.count, 1);
	assert_int_equal(written.needs.items[0], 0);
	assert_ok(take(&written, other), other->err);
	assert_ok(is_whole(other, &second), other->err);
	write_group(&written, &second, false, 2);
	assert_int_equal(written.count, 0);
	written_release(&written);
	other_close(other);
}

static void test_the_same_objects_make_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_state(f, txn, 1, 20), digests[2];

	fixture_commit(f, txn);
	for (size_t i = 0; i < 2; i++) {
		struct written written;

		written_init(&written, f, 1 << 30);
		write_group(&written, &id, false, 0);
		assert_int_equal(digest_file(written.fds[0], digests[i].bytes), 0);
		written_release(&written);
	}
	assert_true(object_id_equal(&digests[0], &digests[1]));
}

static void test_trees_are_apart_from_records(void **state)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct fixture *f = *state, *other = other_open();
	struct snapshot_record record = { .root = tree_root_empty() };
	struct store_txn *txn = fixture_begin(f);
	struct object_id first = fixture_put_state(f, txn, 1, 3), blob, second;
	struct written written;

	blob = fixture_put_noise(f, txn, 7, 1000);
	record.root.dir = fixture_put_dir(f, txn, &blob, 1);
	record.config = fixture_put(f, txn, OBJECT_BLOB, "{}", 2);
	record.parent = first;
	snapshot_record_encode(&record, &bytes);
	second = fixture_put(f, txn, OBJECT_SNAPSHOT, bytes.data, bytes.length);
	fixture_commit(f, txn);
	written_init(&written, f, 1 << 30);
	write_group(&written, &second, true, 0);
	assert_ok(take(&written, other), other->err);
	assert_true(fixture_has(other, &blob));
	assert_false(fixture_has(other, &first));
	assert_false(fixture_has(other, &record.config));
	written.writer.objects = 0;
	write_group(&written, &second, false, 1);
	/* Two snapshots and a configuration. */
	assert_int_equal(written.writer.objects, 3);
	assert_int_equal(written.needs.count, 1);
	assert_ok(take(&written, other), other->err);
	assert_ok(is_whole(other, &second), other->err);
	written_release(&written);
	other_close(other);
}

static void test_what_is_marked_is_not_written(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id id = fixture_put_state(f, txn, 1, 3);
	struct written written;

	fixture_commit(f, txn);
	written_init(&written, f, 1 << 30);
	assert_ok(cache_group_mark(&written.writer, &id, true, 4, &f->err), f->err);
	assert_ok(cache_group_mark(&written.writer, &id, false, 5, &f->err), f->err);
	write_group(&written, &id, false, 6);
	assert_int_equal(written.count, 0);
	assert_int_equal(written.needs.count, 1);
	assert_int_equal(written.needs.items[0], 5);
	written_release(&written);
}

static void test_a_composed_blob_comes_with_its_pieces(void **state)
{
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct fixture *f = *state, *other = other_open();
	struct store_txn *txn = fixture_begin(f);
	struct object_id piece = fixture_put_noise(f, txn, 1, STORE_LOOSE_MIN), blob, dir, id;
	struct written written;

	extents_add(&extents, &piece, 0, STORE_LOOSE_MIN);
	extents_add(&extents, &(struct object_id){ 0 }, 0, (uint64_t)1 << 40);
	assert_ok(store_txn_put_composed(txn, &extents, &blob, &f->err), f->err);
	dir = fixture_put_dir(f, txn, &blob, 1);
	id = fixture_put_snapshot(f, txn, &dir, NULL);
	fixture_commit(f, txn);
	written_init(&written, f, 1 << 30);
	write_group(&written, &id, false, 0);
	assert_ok(take(&written, other), other->err);
	assert_ok(is_whole(other, &id), other->err);
	assert_true(fixture_has(other, &piece));
	written_release(&written);
	other_close(other);
}

#define store_test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_another_store_gets_all_from_parts_of_any_size),
		store_test(test_a_group_has_what_no_other_has),
		store_test(test_the_same_objects_make_the_same_bytes),
		store_test(test_trees_are_apart_from_records),
		store_test(test_what_is_marked_is_not_written),
		store_test(test_a_composed_blob_comes_with_its_pieces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
