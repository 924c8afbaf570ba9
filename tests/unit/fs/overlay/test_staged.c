/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/object/dir.h"
#include "fs/overlay/staged.h"
#include "fs/overlay/staged_internal.h"
#include "tests/lib/tree_fixture.h"

#define MIB        ((uint64_t)1 << 20)
#define MODEL_SIZE (20 * MIB)
/* Large enough to be named by its pieces. */
#define HUGE (17 * MIB + 77)

/* What the staged content should be, kept beside it. */
struct model {
	struct staging own, *staging;
	struct staged *staged;
	uint8_t *bytes;
	uint64_t size;
};

static void begin(struct fixture *f, struct model *model)
{
	*model = (struct model){ .bytes = xcalloc(1, MODEL_SIZE), .staging = &model->own };
	staging_init(model->staging, f->store, f->lease);
}

/* Another file in the same workspace. */
static void begin_beside(struct model *model, struct model *first)
{
	*model = (struct model){ .bytes = xcalloc(1, MODEL_SIZE), .staging = first->staging };
}

static void end(struct model *model)
{
	staged_free(model->staged);
	if (model->staging == &model->own)
		staging_release(model->staging);
	free(model->bytes);
}

static void check_all(struct model *model)
{
	cleanup_free uint8_t *got = xmalloc(model->size + 1);

	assert_int_equal(staged_size(model->staged), model->size);
	assert_int_equal(staged_read(model->staged, got, model->size, 0), 0);
	assert_memory_equal(got, model->bytes, model->size);
}

static void write_at(struct model *model, uint64_t offset, uint64_t length, int seed)
{
	for (uint64_t i = 0; i < length; i++)
		model->bytes[offset + i] = (uint8_t)(seed * 31 + (int)(i * 7 % 251));
	if (offset + length > model->size)
		model->size = offset + length;
	assert_int_equal(staged_write(model->staged, model->bytes + offset, length, offset), 0);
}

static void truncate_to(struct model *model, uint64_t size)
{
	if (size < model->size)
		memset(model->bytes + size, 0, model->size - size);
	model->size = size;
	assert_int_equal(staged_truncate(model->staged, size), 0);
}

static struct object_id stored_blob(struct fixture *f, const uint8_t *bytes, uint64_t size)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct object_id id;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(store_txn_put(txn, OBJECT_BLOB, bytes, size, &id, &f->err), f->err);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	return id;
}

static void from_blob(struct fixture *f, struct model *model, uint64_t size)
{
	struct object_id id;

	for (uint64_t i = 0; i < size; i++)
		model->bytes[i] = (uint8_t)(i * 13 % 241);
	id = stored_blob(f, model->bytes, size);
	model->size = size;
	assert_int_equal(staged_from_blob(model->staging, &id, size, &model->staged), 0);
}

/* Any mixture of writes and truncations, across the border between pool and file. */
static void random_changes(struct model *model, unsigned seed)
{
	for (int i = 0; i < 200; i++) {
		uint64_t offset, length;

		seed = seed * 1103515245 + 12345;
		offset = seed >> 8 & (seed & 1 ? 0xfffff : 0x3fff);
		seed = seed * 1103515245 + 12345;
		length = seed >> 8 & 0x7fff;
		if (i % 10 == 9)
			truncate_to(model, offset);
		else
			write_at(model, offset, length, i);
	}
	check_all(model);
}

static void test_new_content_is_what_was_written(void **state)
{
	struct model model;

	for (unsigned seed = 1; seed < 8; seed++) {
		begin(*state, &model);
		model.staged = staged_new(model.staging);
		random_changes(&model, seed);
		end(&model);
	}
}

static void test_a_changed_blob_shows_through_where_nothing_was_written(void **state)
{
	struct model model;

	for (unsigned seed = 1; seed < 8; seed++) {
		begin(*state, &model);
		from_blob(*state, &model, MIB + 1234 * seed);
		check_all(&model);
		random_changes(&model, seed);
		end(&model);
	}
}

static void test_a_small_blob_is_copied(void **state)
{
	struct model model;

	begin(*state, &model);
	from_blob(*state, &model, 5000);
	write_at(&model, 4990, 100, 1);
	check_all(&model);
	end(&model);
}

/* Store it, and see that all of it is there; what it is called. */
static struct object_id store_whole(struct fixture *f, struct model *model, uint64_t *ret_bytes)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_free uint8_t *got = xmalloc(model->size + 1);
	struct tree_stored stored;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(staged_store(model->staged, NULL, txn, &stored, &f->err), f->err);
	assert_int_equal(stored.content, CONTENT_BLOB);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	*ret_bytes = store_txn_bytes(txn);
	for (uint64_t at = 0; at < model->size;) {
		ssize_t n =
			store_pread(f->store, &stored.id, got + at, model->size - at, at, &f->err);

		assert_true(n > 0);
		at += (uint64_t)n;
	}
	assert_memory_equal(got, model->bytes, model->size);
	return stored.id;
}

static void store_and_check(struct fixture *f, struct model *model, uint64_t *ret_bytes)
{
	struct object_id id = store_whole(f, model, ret_bytes);
	struct object_id expected = object_id_of(model->bytes, model->size);

	assert_true(object_id_equal(&id, &expected));
}

static void test_a_little_change_of_a_large_blob_stores_little(void **state)
{
	struct fixture *f = *state;
	struct model model;
	uint64_t bytes;

	begin(f, &model);
	from_blob(f, &model, 3 * MIB);
	write_at(&model, 2 * MIB + 5, 10, 1);
	write_at(&model, 3 * MIB, 7, 2);
	store_and_check(f, &model, &bytes);
	assert_true(bytes < 64 << 10);
	end(&model);
}

/* Extents of extents refer to the blobs themselves, not to one another. */
static void test_changing_a_changed_blob_again(void **state)
{
	struct fixture *f = *state;
	struct model first, second;
	struct object_id id;
	uint64_t bytes;

	begin(f, &first);
	from_blob(f, &first, 2 * MIB);
	write_at(&first, MIB, 100, 1);
	store_and_check(f, &first, &bytes);
	id = object_id_of(first.bytes, first.size);
	begin_beside(&second, &first);
	memcpy(second.bytes, first.bytes, first.size);
	second.size = first.size;
	assert_int_equal(staged_from_blob(second.staging, &id, second.size, &second.staged), 0);
	check_all(&second);
	write_at(&second, 0, 100, 2);
	truncate_to(&second, 2 * MIB - 100);
	store_and_check(f, &second, &bytes);
	assert_true(bytes < 64 << 10);
	end(&second);
	end(&first);
}

static void test_a_blob_that_was_opened_but_not_changed_keeps_its_id(void **state)
{
	struct fixture *f = *state;
	struct model model;
	uint64_t bytes;

	begin(f, &model);
	from_blob(f, &model, MIB);
	store_and_check(f, &model, &bytes);
	end(&model);
}

static void test_mostly_new_content_is_stored_whole_without_a_copy(void **state)
{
	struct fixture *f = *state;
	struct model model;
	uint64_t bytes;

	begin(f, &model);
	from_blob(f, &model, MIB);
	write_at(&model, 4096, 900 << 10, 3);
	store_and_check(f, &model, &bytes);
	end(&model);
}

/* Begin anew with what is stored. */
static void begin_again(struct fixture *f, struct model *model, const struct object_id *id)
{
	(void)f;
	staged_free(model->staged);
	assert_int_equal(staged_from_blob(model->staging, id, model->size, &model->staged), 0);
}

static void test_a_little_change_of_a_huge_blob_is_named_by_its_pieces(void **state)
{
	struct fixture *f = *state;
	struct object_id plain, first, again;
	struct model model;
	uint64_t bytes;

	begin(f, &model);
	from_blob(f, &model, HUGE);
	plain = object_id_of(model.bytes, model.size);
	write_at(&model, 5 * MIB + 5, 10, 1);
	first = store_whole(f, &model, &bytes);
	assert_true(bytes > 0 && bytes < 64 << 10);
	assert_false(object_id_equal(&first, &plain));
	/* The same change of the same blob is the same blob, and costs nothing. */
	begin_again(f, &model, &plain);
	write_at(&model, 5 * MIB + 5, 10, 1);
	again = store_whole(f, &model, &bytes);
	assert_true(object_id_equal(&again, &first));
	assert_int_equal(bytes, 0);
	/* A change of what was changed refers to the plain blobs. */
	begin_again(f, &model, &first);
	write_at(&model, 0, 4096, 2);
	truncate_to(&model, HUGE - 4097);
	write_at(&model, HUGE + 100, 1, 3);
	again = store_whole(f, &model, &bytes);
	assert_true(bytes > 0 && bytes < 64 << 10);
	begin_again(f, &model, &again);
	check_all(&model);
	end(&model);
}

static void test_a_huge_blob_cut_back_to_what_it_was_is_that_again(void **state)
{
	struct fixture *f = *state;
	struct object_id plain, id;
	struct model model;
	uint64_t bytes;

	begin(f, &model);
	from_blob(f, &model, 17 * MIB);
	plain = object_id_of(model.bytes, model.size);
	write_at(&model, 17 * MIB, 10, 1);
	id = store_whole(f, &model, &bytes);
	assert_false(object_id_equal(&id, &plain));
	begin_again(f, &model, &id);
	truncate_to(&model, 17 * MIB);
	id = store_whole(f, &model, &bytes);
	assert_true(object_id_equal(&id, &plain));
	end(&model);
}

static void test_writing_what_is_there_is_no_change(void **state)
{
	struct fixture *f = *state;
	struct object_id plain, id;
	struct model model;
	uint64_t bytes;

	for (int huge = 0; huge < 2; huge++) {
		begin(f, &model);
		from_blob(f, &model, huge ? HUGE : MIB + 5);
		plain = object_id_of(model.bytes, model.size);
		/* All of it, also in pieces that do not fit the blocks. */
		for (uint64_t at = 0; at + 70000 < model.size; at += 70000)
			assert_int_equal(staged_write(model.staged, model.bytes + at, 70000, at),
					 0);
		id = store_whole(f, &model, &bytes);
		assert_true(object_id_equal(&id, &plain));
		assert_int_equal(bytes, 0);
		end(&model);
	}
}

/* As the list of last logins of a user with a high number. */
static void test_a_huge_file_of_holes_costs_what_is_in_it(void **state)
{
	struct fixture *f = *state;
	struct tree_stored stored;
	struct model model;
	char byte = 1;

	begin(f, &model);
	model.staged = staged_new(model.staging);
	assert_int_equal(staged_write(model.staged, "x", 1, 5000), 0);
	assert_int_equal(staged_write(model.staged, "y", 1, (uint64_t)1 << 40), 0);
	for (int i = 0; i < 2; i++) {
		cleanup_with(store_txn_free) struct store_txn *txn = NULL;

		assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
		assert_ok(staged_store(model.staged, NULL, txn, &stored, &f->err), f->err);
		assert_ok(store_txn_commit(txn, &f->err), f->err);
		assert_true(store_txn_bytes(txn) < 64 << 10);
	}
	assert_int_equal(stored.size, ((uint64_t)1 << 40) + 1);
	assert_int_equal(store_pread(f->store, &stored.id, &byte, 1, 5000, &f->err), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(store_pread(f->store, &stored.id, &byte, 1, 5001, &f->err), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(store_pread(f->store, &stored.id, &byte, 1, (uint64_t)1 << 40, &f->err),
			 1);
	assert_int_equal(byte, 'y');
	end(&model);
}

static void test_content_equal_to_the_stored_is_the_stored(void **state)
{
	struct fixture *f = *state;
	struct model model;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct dir_entry same = { .type = DIR_ENTRY_FILE };
	struct tree_stored stored;

	begin(f, &model);
	model.staged = staged_new(model.staging);
	write_at(&model, 0, 3000, 5);
	same.size = model.size;
	same.id = stored_blob(f, model.bytes, model.size);
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(staged_store(model.staged, &same, txn, &stored, &f->err), f->err);
	assert_true(object_id_equal(&stored.id, &same.id));
	end(&model);
}

/* The file may be an object already when the transaction fails: it must not change under it. */
static void test_writing_goes_on_in_a_copy_after_a_failed_commit(void **state)
{
	struct fixture *f = *state;
	struct model model;
	struct object_id id;
	struct tree_stored stored;
	struct store_txn *txn = NULL;
	uint64_t bytes;

	begin(f, &model);
	model.staged = staged_new(model.staging);
	write_at(&model, 0, MIB, 5);
	id = object_id_of(model.bytes, model.size);
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(staged_store(model.staged, NULL, txn, &stored, &f->err), f->err);
	store_txn_free(txn); /* without a commit */
	check_all(&model);
	write_at(&model, 100, 100, 6);
	truncate_to(&model, MIB - 5);
	check_all(&model);
	store_and_check(f, &model, &bytes);
	assert_false(object_id_equal(&id, &stored.id) && model.size == MIB);
	end(&model);
}

static void test_punched_ranges_read_as_zeros(void **state)
{
	struct fixture *f = *state;
	struct model model;

	for (int large = 0; large < 2; large++) {
		begin(f, &model);
		from_blob(f, &model, large ? MIB : 20000);
		assert_int_equal(staged_punch(model.staged, 5000, 10001), 0);
		memset(model.bytes + 5000, 0, 10001);
		check_all(&model);
		end(&model);
	}
}

static void test_holes_are_found(void **state)
{
	struct fixture *f = *state;
	struct model model;
	uint64_t at;

	begin(f, &model);
	model.staged = staged_new(model.staging);
	write_at(&model, 0, 4096, 1);
	write_at(&model, 2 * MIB, 4096, 2);
	assert_int_equal(staged_seek(model.staged, 0, SEEK_HOLE, &at), 0);
	assert_true(at >= 4096 && at < 2 * MIB);
	assert_int_equal(staged_seek(model.staged, at, SEEK_DATA, &at), 0);
	assert_true(at > 4096 && at <= 2 * MIB);
	assert_int_equal(staged_seek(model.staged, 2 * MIB, SEEK_HOLE, &at), 0);
	assert_int_equal(at, model.size);
	end(&model);
}

static void test_ranges_are_copied_between_files(void **state)
{
	struct fixture *f = *state;
	struct model from, to;

	for (int large = 0; large < 2; large++) {
		begin(f, &from);
		begin_beside(&to, &from);
		from_blob(f, &from, large ? MIB : 9000);
		write_at(&from, 100, 3000, 1);
		to.staged = staged_new(to.staging);
		write_at(&to, 0, large ? 300000 : 200, 2);
		memcpy(to.bytes + 150, from.bytes + 50, 8000);
		if (to.size < 8150)
			to.size = 8150;
		assert_int_equal(staged_copy_range(from.staged, 50, to.staged, 150, 8000), 0);
		check_all(&to);
		end(&to);
		end(&from);
	}
}

static void test_more_files_than_descriptors(void **state)
{
	struct fixture *f = *state;
	struct model models[200];

	begin(f, &models[0]);
	for (int i = 1; i < 200; i++)
		begin_beside(&models[i], &models[0]);
	for (int i = 0; i < 200; i++) {
		models[i].staged = staged_new(models[0].staging);
		write_at(&models[i], 0, 200000, i);
	}
	assert_true(models[0].staging->open_count <= 128);
	for (int i = 0; i < 200; i++)
		check_all(&models[i]);
	for (int i = 199; i >= 0; i--)
		end(&models[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_new_content_is_what_was_written),
		CASE(test_a_changed_blob_shows_through_where_nothing_was_written),
		CASE(test_a_small_blob_is_copied),
		CASE(test_a_little_change_of_a_large_blob_stores_little),
		CASE(test_changing_a_changed_blob_again),
		CASE(test_a_blob_that_was_opened_but_not_changed_keeps_its_id),
		CASE(test_mostly_new_content_is_stored_whole_without_a_copy),
		CASE(test_a_little_change_of_a_huge_blob_is_named_by_its_pieces),
		CASE(test_a_huge_blob_cut_back_to_what_it_was_is_that_again),
		CASE(test_writing_what_is_there_is_no_change),
		CASE(test_a_huge_file_of_holes_costs_what_is_in_it),
		CASE(test_content_equal_to_the_stored_is_the_stored),
		CASE(test_writing_goes_on_in_a_copy_after_a_failed_commit),
		CASE(test_punched_ranges_read_as_zeros),
		CASE(test_holes_are_found),
		CASE(test_ranges_are_copied_between_files),
		CASE(test_more_files_than_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
