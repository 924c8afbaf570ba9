/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/history/output_log.h"
#include "tests/lib/snapshot_fixture.h"

static const struct object_id none;

static struct object_id make_state(struct fixture *f)
{
	return snapshot_on(f, &none, "f file 644 0:0 1 x");
}

static struct output_log *begin(struct fixture *f)
{
	struct output_log *journal;

	assert_ok(output_log_begin(f->store, f->lease, "note", 4, &journal, &f->err), f->err);
	return journal;
}

static struct object_id write_one(struct fixture *f, const char *text)
{
	struct object_id id = make_state(f);
	cleanup_with(output_log_free) struct output_log *journal = begin(f);

	output_log_add(journal, 1, text, strlen(text));
	assert_ok(output_log_finish(journal, &id, &f->err), f->err);
	return id;
}

static void test_what_was_added_comes_back_in_order(void **state)
{
	struct fixture *f = *state;
	struct object_id id = make_state(f);
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	cleanup_with(output_log_free) struct output_log *journal = begin(f);
	struct output_log_chunk chunk;
	size_t size;

	output_log_add(journal, 1, "out", 3);
	output_log_add(journal, 2, "err", 3);
	assert_ok(output_log_finish(journal, &id, &f->err), f->err);
	assert_int_equal(output_log_open(f->store, &id, &reader, &f->err), 1);
	assert_memory_equal(output_log_note(reader, &size), "note", 4);
	assert_int_equal(size, 4);
	assert_int_equal(output_log_next(reader, &chunk, &f->err), 1);
	assert_int_equal(chunk.stream, 1);
	assert_int_equal(chunk.size, 3);
	assert_memory_equal(chunk.data, "out", 3);
	assert_int_equal(output_log_next(reader, &chunk, &f->err), 1);
	assert_int_equal(chunk.stream, 2);
	assert_int_equal(output_log_next(reader, &chunk, &f->err), 0);
}

static void test_much_output_is_kept_whole(void **state)
{
	struct fixture *f = *state;
	struct object_id id = make_state(f);
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	cleanup_with(output_log_free) struct output_log *journal = begin(f);
	static char block[300000];
	struct output_log_chunk chunk;
	size_t total = 0;
	int r;

	memset(block, 'x', sizeof block);
	for (int i = 0; i < 10; i++)
		output_log_add(journal, 1, block, sizeof block);
	assert_ok(output_log_finish(journal, &id, &f->err), f->err);
	assert_int_equal(output_log_open(f->store, &id, &reader, &f->err), 1);
	while ((r = output_log_next(reader, &chunk, &f->err)) > 0)
		total += chunk.size;
	assert_ok(r, f->err);
	assert_int_equal(total, 10 * sizeof block);
}

static void test_an_endless_step_is_clipped(void **state)
{
	struct fixture *f = *state;
	struct object_id id = make_state(f);
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	cleanup_with(output_log_free) struct output_log *journal = begin(f);
	static char block[1 << 20];
	struct output_log_chunk chunk;
	uint64_t total = 0;
	char last[16] = { 0 };

	for (int i = 0; i < 300; i++)
		output_log_add(journal, 1, block, sizeof block);
	assert_ok(output_log_finish(journal, &id, &f->err), f->err);
	assert_int_equal(output_log_open(f->store, &id, &reader, &f->err), 1);
	while (output_log_next(reader, &chunk, &f->err) > 0) {
		total += chunk.size;
		memcpy(last, chunk.data, sizeof last - 1);
	}
	assert_true(total < JOURNAL_OUTPUT_MAX + 4096);
	assert_string_equal(last, "\n[what came beh");
}

static void test_without_a_finish_nothing_is_left(void **state)
{
	struct fixture *f = *state;
	struct object_id id = make_state(f);
	struct output_log_reader *reader = NULL;
	struct output_log *journal = begin(f);

	output_log_add(journal, 1, "x", 1);
	output_log_free(journal);
	assert_int_equal(output_log_open(f->store, &id, &reader, &f->err), 0);
}

static void test_an_image_shares_the_journal_of_its_state(void **state)
{
	struct fixture *f = *state;
	struct object_id id = write_one(f, "said"), image = id;
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;

	image.bytes[0] ^= 1;
	output_log_share(f->store, &id, &image);
	assert_int_equal(output_log_open(f->store, &image, &reader, &f->err), 1);
}

/* Flip the byte `offset` of a journal. */
static void spoil(struct fixture *f, const struct object_id *id, off_t offset)
{
	cleanup_free char *path = xasprintf("journal/%s", object_id_hex(id).text);
	cleanup_fd int fd = openat(store_dir_fd(f->store), path, O_RDWR);
	char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

static void test_every_damaged_byte_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct object_id id = write_one(f, "some output of a step");
	cleanup_free char *path = xasprintf("journal/%s", object_id_hex(&id).text);
	struct stat facts;

	assert_int_equal(fstatat(store_dir_fd(f->store), path, &facts, 0), 0);
	for (off_t i = 0; i < facts.st_size; i++) {
		cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
		struct output_log_chunk chunk;
		int r;

		spoil(f, &id, i);
		r = output_log_open(f->store, &id, &reader, &f->err);
		while (r > 0)
			r = output_log_next(reader, &chunk, &f->err);
		assert_int_equal(r, -EBADMSG);
		spoil(f, &id, i);
	}
}

static void test_a_sweep_removes_those_whose_states_are_gone(void **state)
{
	struct fixture *f = *state;
	struct object_id kept = write_one(f, "kept"), gone = kept;
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	cleanup_with(output_log_list_release) struct output_log_list list = { 0 };
	uint64_t bytes = 0;

	gone.bytes[0] ^= 1;
	output_log_share(f->store, &kept, &gone);
	assert_ok(output_log_sweep(f->store, &bytes, &f->err), f->err);
	assert_int_equal(output_log_open(f->store, &gone, &reader, &f->err), 0);
	assert_ok(output_log_list(f->store, &list, &f->err), f->err);
	assert_int_equal(list.count, 1);
	assert_true(object_id_equal(&list.items[0].snapshot, &kept));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_added_comes_back_in_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_much_output_is_kept_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_endless_step_is_clipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_a_finish_nothing_is_left, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_an_image_shares_the_journal_of_its_state,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_damaged_byte_is_noticed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_sweep_removes_those_whose_states_are_gone,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
