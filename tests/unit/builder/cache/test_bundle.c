/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/bundle.h"
#include "fs/base/bytes.h"
#include "tests/unit/fs/store/fixture.h"

/* What it takes to put these bytes into the store. */
static int take(struct fixture *f, const struct buf *bytes)
{
	cleanup_with(store_txn_free) struct store_txn *txn = fixture_begin(f);
	struct memory_source source;
	int r;

	memory_source_init(&source, bytes->data, bytes->length);
	r = bundle_take(&source.base, txn, -1, &f->err);
	return r < 0 ? r : store_txn_commit(txn, &f->err);
}

static void put(struct buf *bundle, enum object_kind kind, const void *data, size_t size)
{
	struct error err = { 0 };
	struct buf_sink sink;

	buf_sink_init(&sink, bundle);
	if (!bundle->length)
		assert_ok(bundle_write_begin(&sink.base, &err), err);
	assert_ok(bundle_write_head(&sink.base, kind, size, &err), err);
	buf_append(bundle, data, size);
}

static void end(struct buf *bundle)
{
	buf_add_char(bundle, (char)255);
}

static void test_objects_are_known_by_what_they_are(void **state)
{
	cleanup_with(buf_release) struct buf bundle = { 0 };
	struct fixture *f = *state;
	cleanup_free char *large = noise(1, 300000);
	struct object_id id = object_id_of(large, 300000);

	put(&bundle, OBJECT_BLOB, "small", 5);
	put(&bundle, OBJECT_BLOB, large, 300000);
	put(&bundle, OBJECT_BLOB, "", 0);
	end(&bundle);
	assert_ok(take(f, &bundle), f->err);
	assert_true(fixture_has(f, &id));
	id = object_id_of("small", 5);
	assert_true(fixture_has(f, &id));
}

static void test_no_beginning_of_a_bundle_is_one(void **state)
{
	cleanup_with(buf_release) struct buf bundle = { 0 };
	struct fixture *f = *state;

	put(&bundle, OBJECT_BLOB, "one", 3);
	put(&bundle, OBJECT_BLOB, "two", 3);
	end(&bundle);
	while (bundle.length) {
		buf_truncate(&bundle, bundle.length - 1);
		assert_int_equal(take(f, &bundle), -EBADMSG);
	}
}

static void test_more_than_a_bundle_is_none(void **state)
{
	cleanup_with(buf_release) struct buf bundle = { 0 };
	struct fixture *f = *state;

	put(&bundle, OBJECT_BLOB, "one", 3);
	end(&bundle);
	end(&bundle);
	assert_int_equal(take(f, &bundle), -EBADMSG);
}

static void test_objects_of_no_sense_are_refused(void **state)
{
	static const struct {
		int kind;
		const char *text;
	} bad[] = { { OBJECT_DIR, "directory" },
		    { OBJECT_SNAPSHOT, "snapshot 2\n" },
		    { OBJECT_EXTENTS, "OSEX" },
		    { OBJECT_KIND_COUNT, "x" },
		    { 254, "x" } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf bundle = { 0 };

		put(&bundle, (enum object_kind)bad[i].kind, bad[i].text, strlen(bad[i].text));
		end(&bundle);
		assert_int_equal(take(f, &bundle), -EBADMSG);
	}
}

static void test_a_length_that_was_promised_takes_no_memory(void **state)
{
	cleanup_with(buf_release) struct buf bundle = { 0 };
	struct fixture *f = *state;

	put(&bundle, OBJECT_DIR, "x", 1);
	put_le64((uint8_t *)bundle.data + bundle.length - 9, (uint64_t)1 << 62);
	assert_int_equal(take(f, &bundle), -EBADMSG);
	bundle.data[bundle.length - 10] = OBJECT_BLOB;
	assert_int_equal(take(f, &bundle), -EBADMSG);
}

static void test_a_blob_waits_for_its_pieces(void **state)
{
	cleanup_with(buf_release) struct buf bundle = { 0 }, list = { 0 };
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct fixture *f = *state;
	cleanup_free char *large = noise(3, 300000);
	struct object_id piece = object_id_of(large, 300000), id;
	struct object_info info;

	extents_add(&extents, &piece, 0, 200000);
	extents_add(&extents, &(struct object_id){ 0 }, 0, 50000);
	extents_add(&extents, &piece, 100, 5000);
	extents_encode(&extents, &list);
	put(&bundle, OBJECT_EXTENTS, list.data, list.length);
	end(&bundle);
	assert_int_equal(take(f, &bundle), -ENOENT);
	buf_clear(&bundle);
	put(&bundle, OBJECT_BLOB, large, 300000);
	put(&bundle, OBJECT_EXTENTS, list.data, list.length);
	end(&bundle);
	assert_ok(take(f, &bundle), f->err);
	id = extents_own_id(list.data, list.length);
	assert_int_equal(store_stat(f->store, &id, &info, &f->err), 1);
	assert_int_equal(info.size, 255000);
	assert_clean(f->store);
}

#define store_test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_objects_are_known_by_what_they_are),
		store_test(test_no_beginning_of_a_bundle_is_one),
		store_test(test_more_than_a_bundle_is_none),
		store_test(test_objects_of_no_sense_are_refused),
		store_test(test_a_length_that_was_promised_takes_no_memory),
		store_test(test_a_blob_waits_for_its_pieces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
