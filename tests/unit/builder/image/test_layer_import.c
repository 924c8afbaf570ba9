/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/compress.h"
#include "builder/image/descriptor.h"
#include "builder/image/layer_import.h"
#include "fs/store/gc.h"
#include "fs/store/refs.h"
#include "tests/lib/snapshot_fixture.h"

static void file(struct buf *tar, const char *name, const char *content)
{
	tar_put(tar, (struct tar_spec){ .name = name, .content = content });
}

static void big_file(struct buf *tar, const char *name, uint64_t size)
{
	cleanup_with(buf_release) struct buf content = { 0 };

	text_fill(&content, size);
	tar_put(tar, (struct tar_spec){ .name = name, .content = content.data, .size = size });
}

/* Import `tar`, collect garbage, and have the same bytes back. */
static void check_again(struct fixture *f, const struct buf *tar)
{
	cleanup_with(buf_release) struct buf again = { 0 };
	struct object_id want = object_id_of(buf_string(tar), tar->length);
	struct imported_layer layer;
	struct gc_stats stats;

	assert_ok(import_tar(f, NULL, buf_string(tar), tar->length, &layer), f->err);
	assert_true(object_id_equal(&layer.diff_id, &want));
	assert_true(object_id_equal(&layer.chain, &want));
	assert_ok(store_gc(f->store, &(struct gc_options){ 0 }, &stats, &f->err), f->err);
	regenerate(f, &layer.snapshot, &again);
	assert_int_equal(again.length, tar->length);
	assert_memory_equal(buf_string(&again), buf_string(tar), tar->length);
}

static void test_archives_are_written_again_byte_for_byte(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture *f = *state;

	check_again(f, &tar); /* no bytes at all */
	file(&tar, "a", "tiny");
	file(&tar, "b", NULL);
	file(&tar, "c", "a little more than what a directory holds by itself");
	big_file(&tar, "d", 200000);
	big_file(&tar, "e", 3000000);
	tar_put(&tar, (struct tar_spec){ .type = '5', .name = "dir/", .magic = "ustar  " });
	tar_put_pax(&tar, "comment", "nobody reads this");
	tar_put(&tar, (struct tar_spec){ .type = '1', .name = "dir/h", .link = "d" });
	check_again(f, &tar); /* without end marks */
	tar_end(&tar);
	buf_add_zeros(&tar, 7000);
	buf_add_string(&tar, "and rubbish behind the end");
	check_again(f, &tar);
}

static void test_blobs_of_entries_that_were_replaced_are_kept(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	big_file(&tar, "x", 5000);
	big_file(&tar, "dir/y", 6000);
	big_file(&tar, "x", 7000);
	big_file(&tar, "dir", 300000);
	check_again(*state, &tar);
}

static void test_sparse_files_are_written_again(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 }, content = { 0 };

	text_fill(&content, 100);
	for (int large = 0; large < 2; large++) {
		for (size_t size = 10; size <= 100; size += 90) {
			cleanup_free char *map =
				xasprintf("5,%zu,%d,%d", size - 1, large ? 5000000 : 5000, 1);

			buf_clear(&records);
			tar_record(&records, "GNU.sparse.size", large ? "5000001" : "5001",
				   large ? 7 : 4);
			tar_record(&records, "GNU.sparse.map", map, strlen(map));
			tar_put(&tar, (struct tar_spec){ .type = 'x',
							 .name = "p",
							 .content = records.data,
							 .size = records.length });
			tar_put(&tar, (struct tar_spec){ .name = large ? "large" : "small",
							 .content = content.data,
							 .size = size });
		}
	}
	check_again(*state, &tar);
}

static void test_a_recipe_takes_little_room(void **state)
{
	cleanup_with(layer_record_release) struct layer_record record = { 0 };
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture *f = *state;
	struct snapshot_record top;
	struct imported_layer layer;

	for (int i = 0; i < 4000; i++) {
		char name[32], content[64];

		snprintf(name, sizeof name, "usr/share/doc/file-%d", i);
		snprintf(content, sizeof content, "%060d", i);
		file(&tar, name, content);
	}
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	assert_ok(snapshot_read(f->store, &layer.snapshot, &top, &f->err), f->err);
	assert_ok(layer_record_read(f->store, &top.layer, &record, &f->err), f->err);
	/* the ids themselves are 32 bytes each */
	assert_true(record.recipe_size < 4000 * (32 + 20));
}

static void test_layers_stack_and_are_found_again_by_their_chain(void **state)
{
	cleanup_with(buf_release) struct buf first = { 0 }, second = { 0 };
	cleanup_free char *text = NULL;
	struct imported_layer below, above;
	struct object_id found, chain;
	struct fixture *f = *state;

	file(&first, "a", "1");
	file(&first, "b", "2");
	file(&second, ".wh.a", NULL);
	file(&second, "c", "3");
	assert_ok(import_tar(f, NULL, first.data, first.length, &below), f->err);
	assert_ok(import_tar(f, &below, second.data, second.length, &above), f->err);
	text = text_of_snapshot(f, &above.snapshot);
	assert_string_equal(text, "f b 0644 0:0 0 2\nf c 0644 0:0 0 3\n");
	chain = chain_id_next(&below.chain, &above.diff_id);
	assert_true(object_id_equal(&chain, &above.chain));
	assert_int_equal(chain_find(f->store, f->lease, &above.chain, &found, &f->err), 1);
	assert_true(object_id_equal(&found, &above.snapshot));
	assert_int_equal(chain_find(f->store, f->lease, &above.diff_id, &found, &f->err), 0);
}

static void test_a_chain_reads_from_the_lowest_layer(void **state)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct imported_layer base;
	struct fixture *f = *state;
	struct object_id top;

	file(&tar, "a", "1");
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &base), f->err);
	top = snapshot_on(f, &base.snapshot, "f b 0644 0:0 0 2");
	assert_ok(image_chain_read(f->store, &top, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 2);
	assert_false(object_id_is_zero(&chain.layers[0].record));
	assert_true(object_id_is_zero(&chain.layers[1].record));
	assert_true(object_id_is_zero(&chain.layers[0].before.dir));
	assert_true(tree_root_equal(&chain.layers[0].after, &chain.layers[1].before));
}

static void test_the_empty_state_is_no_layer(void **state)
{
	cleanup_with(image_chain_release) struct image_chain chain = { 0 };
	struct snapshot_record scratch = { .root = tree_root_empty() };
	struct fixture *f = *state;
	struct object_id top, bottom = put_snapshot(f, &scratch, NULL);

	top = snapshot_on(f, &bottom, "f b 0644 0:0 0 2");
	assert_ok(image_chain_read(f->store, &top, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 1);
	image_chain_release(&chain);
	assert_ok(image_chain_read(f->store, &bottom, &chain, &f->err), f->err);
	assert_int_equal(chain.count, 0);
}

static int import_as(struct fixture *f, const struct buf *blob, const struct descriptor *received,
		     const struct object_id *diff_id)
{
	struct layer_import import = { .store = f->store,
				       .lease = f->lease,
				       .received = received,
				       .diff_id = diff_id,
				       .what = "layer 1/1" };
	struct imported_layer layer;
	struct memory_source source;

	memory_source_init(&source, blob->data, blob->length);
	return layer_import(&import, &source.base, &layer, &f->err);
}

static void test_digests_and_sizes_are_checked(void **state)
{
	cleanup_with(descriptor_release) struct descriptor received = { 0 };
	cleanup_with(buf_release) struct buf tar = { 0 }, blob = { 0 };
	cleanup_with(compress_close) struct compress *compress = NULL;
	struct fixture *f = *state;
	struct object_id diff_id, digest, other = object_id_of("x", 1);
	struct buf_sink sink;

	file(&tar, "a", "1");
	tar_end(&tar);
	buf_sink_init(&sink, &blob);
	assert_ok(compress_open(COMPRESSION_ZSTD, -1, 1, &sink.base, &compress, &f->err), f->err);
	assert_ok(sink_write(compress_sink(compress), tar.data, tar.length, &f->err), f->err);
	assert_ok(compress_finish(compress, &f->err), f->err);
	diff_id = object_id_of(tar.data, tar.length);
	digest = object_id_of(blob.data, blob.length);
	descriptor_set(&received, MEDIA_OCI_LAYER_ZSTD, &digest, blob.length);
	assert_ok(import_as(f, &blob, &received, &diff_id), f->err);
	received.size++;
	assert_int_equal(import_as(f, &blob, &received, &diff_id), -EBADMSG);
	received.size -= 2;
	assert_int_equal(import_as(f, &blob, &received, &diff_id), -E2BIG);
	received.size++;
	assert_int_equal(import_as(f, &blob, &received, &other), -EBADMSG);
	assert_non_null(strstr(f->err.text, "layer 1/1: its archive has the digest sha256:"));
	received.digest = other;
	assert_int_equal(import_as(f, &blob, &received, &diff_id), -EBADMSG);
	/* rubbish is told as such only when it is what was promised */
	blob.data[blob.length / 2] ^= 0x55;
	received.digest = digest;
	assert_int_equal(import_as(f, &blob, &received, &diff_id), -EBADMSG);
	received.digest = object_id_of(blob.data, blob.length);
	assert_int_not_equal(import_as(f, &blob, &received, &diff_id), 0);
}

static void test_what_was_received_is_remembered(void **state)
{
	cleanup_with(descriptor_release) struct descriptor received = { 0 };
	cleanup_with(layer_record_release) struct layer_record record = { 0 };
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture *f = *state;
	struct snapshot_record top;
	struct object_id digest, snapshot;

	file(&tar, "a", "1");
	digest = object_id_of(tar.data, tar.length);
	descriptor_set(&received, MEDIA_OCI_LAYER, &digest, tar.length);
	assert_ok(import_as(f, &tar, &received, NULL), f->err);
	assert_int_equal(chain_find(f->store, f->lease, &digest, &snapshot, &f->err), 1);
	assert_ok(snapshot_read(f->store, &snapshot, &top, &f->err), f->err);
	assert_ok(layer_record_read(f->store, &top.layer, &record, &f->err), f->err);
	assert_string_equal(record.received_type, MEDIA_OCI_LAYER);
	assert_true(object_id_equal(&record.received_digest, &digest));
	assert_int_equal(record.received_size, tar.length);
	assert_true(object_id_equal(&record.diff_id, &digest));
}

static void test_a_layer_that_fails_leaves_nothing(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture *f = *state;
	struct gc_stats before, after;
	struct imported_layer layer;

	assert_ok(store_gc(f->store, &(struct gc_options){ 0 }, &before, &f->err), f->err);
	big_file(&tar, "x", 300000);
	file(&tar, "../y", "1");
	assert_int_equal(import_tar(f, NULL, tar.data, tar.length, &layer), -EINVAL);
	assert_non_null(strstr(f->err.text, "the layer: entry \"../y\""));
	assert_ok(store_gc(f->store, &(struct gc_options){ 0 }, &after, &f->err), f->err);
	assert_int_equal(after.objects_deleted, 0);
	assert_int_equal(after.objects_kept, before.objects_kept);
}

static void test_damaged_recipes_are_told(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, bytes = { 0 }, out = { 0 };
	cleanup_with(layer_record_release) struct layer_record record = { 0 };
	struct fixture *f = *state;
	struct imported_layer layer;
	struct snapshot_record top;

	big_file(&tar, "x", 3000);
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	assert_ok(snapshot_read(f->store, &layer.snapshot, &top, &f->err), f->err);
	assert_ok(layer_record_read(f->store, &top.layer, &record, &f->err), f->err);
	assert_ok(store_read(f->store, &record.recipe, OBJECT_BLOB, 100000, &bytes, &f->err),
		  f->err);
	for (size_t i = 0; i < bytes.length; i++) {
		cleanup_with(recipe_reader_close) struct recipe_reader *reader = NULL;
		cleanup_free char *copy = xmemdup(bytes.data, bytes.length);
		cleanup_with(store_txn_free) struct store_txn *txn = NULL;
		struct object_id id;
		struct buf_sink sink;
		int r;

		copy[i] ^= 0x11;
		buf_clear(&out);
		buf_sink_init(&sink, &out);
		assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
		assert_ok(store_txn_put(txn, OBJECT_BLOB, copy, bytes.length, &id, &f->err),
			  f->err);
		assert_ok(store_txn_commit(txn, &f->err), f->err);
		r = recipe_reader_open(f->store, &id, &reader, &f->err);
		if (r == 0)
			r = sink_copy(&sink.base, recipe_reader_source(reader), &f->err);
		if (r == 0) /* the space in its head, or a literal byte: the digest tells */
			continue;
		assert_true(r == -EBADMSG || r == -ENOENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_archives_are_written_again_byte_for_byte),
		CASE(test_blobs_of_entries_that_were_replaced_are_kept),
		CASE(test_sparse_files_are_written_again),
		CASE(test_a_recipe_takes_little_room),
		CASE(test_layers_stack_and_are_found_again_by_their_chain),
		CASE(test_a_chain_reads_from_the_lowest_layer),
		CASE(test_the_empty_state_is_no_layer),
		CASE(test_digests_and_sizes_are_checked),
		CASE(test_what_was_received_is_remembered),
		CASE(test_a_layer_that_fails_leaves_nothing),
		CASE(test_damaged_recipes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
