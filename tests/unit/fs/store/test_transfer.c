/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/transfer.h"
#include "tests/unit/fs/store/fixture.h"

/* Another store, that states come from. */
struct other {
	struct fixture *f;
	struct transfer transfer;
};

static struct other other_open(void)
{
	void *state;

	fixture_setup(&state);
	return (struct other){ state,
			       { .from = ((struct fixture *)state)->store, .cancel_fd = -1 } };
}

static void other_close(struct other *other)
{
	void *state = other->f;

	transfer_release(&other->transfer);
	fixture_teardown(&state);
}

/* What it takes to bring `id` over, and whether that is kept. */
static int bring(struct fixture *f, struct other *other, const struct object_id *id)
{
	cleanup_with(store_txn_free) struct store_txn *txn = fixture_begin(f);
	int r = transfer_object(&other->transfer, txn, id, &f->err);

	if (r == 0)
		store_txn_set_ref(txn, "pin/x", id, &f->err);
	return r < 0 ? r : store_txn_commit(txn, &f->err);
}

static void test_a_state_comes_with_all_it_refers_to(void **state)
{
	struct fixture *f = *state;
	struct other other = other_open();
	struct store_txn *txn = fixture_begin(other.f);
	struct object_id first = fixture_put_state(other.f, txn, 1, 20), dir, second, blob;

	blob = fixture_put_noise(other.f, txn, 7, 1000);
	dir = fixture_put_dir(other.f, txn, &blob, 1);
	second = fixture_put_snapshot(other.f, txn, &dir, &first);
	fixture_commit(other.f, txn);
	assert_ok(bring(f, &other, &second), f->err);
	assert_true(fixture_has(f, &first));
	assert_true(fixture_has(f, &blob));
	/* Two snapshots, two directories, 20 small files, a large one, and one more. */
	assert_int_equal(other.transfer.objects, 26);
	assert_clean(f->store);
	other_close(&other);
}

static void test_what_is_there_is_not_copied_again(void **state)
{
	struct fixture *f = *state;
	struct other other = other_open();
	struct store_txn *txn = fixture_begin(other.f);
	struct object_id id = fixture_put_state(other.f, txn, 1, 20);

	fixture_commit(other.f, txn);
	txn = fixture_begin(f);
	(void)fixture_put_noise(f, txn, 1000, 101);
	fixture_commit(f, txn);
	assert_ok(bring(f, &other, &id), f->err);
	assert_int_equal(other.transfer.objects, 22);
	transfer_forget(&other.transfer);
	assert_ok(bring(f, &other, &id), f->err);
	assert_int_equal(other.transfer.objects, 22);
	other_close(&other);
}

static void test_other_content_under_an_id_is_refused(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = { 100, STORE_LOOSE_MIN - 1 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct other other = other_open();
		struct store_txn *txn = fixture_begin(other.f);
		cleanup_free char *data = noise(5, sizes[i]);
		struct object_id claimed = object_id_of("claimed", 7), dir, id;

		assert_ok(store_txn_put_as(txn, OBJECT_BLOB, &claimed, data, sizes[i], &f->err),
			  f->err);
		dir = fixture_put_dir(other.f, txn, &claimed, 1);
		id = fixture_put_snapshot(other.f, txn, &dir, NULL);
		fixture_commit(other.f, txn);
		assert_int_equal(bring(f, &other, &id), -EBADMSG);
		assert_false(fixture_has(f, &id));
		assert_false(fixture_has(f, &claimed));
		other_close(&other);
	}
}

static void test_what_is_missing_there_is_refused(void **state)
{
	struct fixture *f = *state;
	struct other other = other_open();
	struct store_txn *txn = fixture_begin(other.f);
	struct object_id blob = object_id_of("nowhere", 7), dir, id;

	dir = fixture_put_dir(other.f, txn, &blob, 1);
	id = fixture_put_snapshot(other.f, txn, &dir, NULL);
	fixture_commit(other.f, txn);
	assert_int_equal(bring(f, &other, &id), -ENOENT);
	assert_false(fixture_has(f, &id));
	other_close(&other);
}

static void test_an_object_of_another_kind_is_refused(void **state)
{
	struct fixture *f = *state;
	struct other other = other_open();
	struct store_txn *txn = fixture_begin(other.f);
	struct object_id blob = fixture_put_noise(other.f, txn, 3, 100), id;

	id = fixture_put_snapshot(other.f, txn, &blob, NULL);
	fixture_commit(other.f, txn);
	assert_int_equal(bring(f, &other, &id), -EBADMSG);
	assert_int_equal(bring(f, &other, &blob), -EBADMSG);
	other_close(&other);
}

static void test_a_composed_blob_comes_as_its_pieces(void **state)
{
	struct fixture *f = *state;
	struct other other = other_open();
	struct store_txn *txn = fixture_begin(other.f);
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct object_id piece = fixture_put_noise(other.f, txn, 4, STORE_LOOSE_MIN), blob, dir, id;

	extents_add(&extents, &piece, 0, STORE_LOOSE_MIN);
	extents_add(&extents, &(struct object_id){ 0 }, 0, (uint64_t)1 << 40);
	assert_true(store_composes(other.f->store));
	assert_ok(store_txn_put_composed(txn, &extents, &blob, &f->err), f->err);
	dir = fixture_put_dir(other.f, txn, &blob, 1);
	id = fixture_put_snapshot(other.f, txn, &dir, NULL);
	fixture_commit(other.f, txn);
	assert_ok(bring(f, &other, &id), f->err);
	assert_true(fixture_has(f, &blob));
	assert_true(fixture_has(f, &piece));
	other_close(&other);
}

#define transfer_test(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		transfer_test(test_a_state_comes_with_all_it_refers_to),
		transfer_test(test_what_is_there_is_not_copied_again),
		transfer_test(test_other_content_under_an_id_is_refused),
		transfer_test(test_what_is_missing_there_is_refused),
		transfer_test(test_an_object_of_another_kind_is_refused),
		transfer_test(test_a_composed_blob_comes_as_its_pieces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
