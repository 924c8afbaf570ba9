/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "tests/unit/fs/store/fixture.h"

#define COUNT 4
#define SIZE  ((size_t)12 << 20)
#define STEP  ((size_t)128 << 10)

/* KiB of files that count as memory of this process. */
static uint64_t mapped_now(void)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *number = NULL;
	uint64_t kib = 0;
	const char *line;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 65536, &text), 0);
	line = strstr(buf_string(&text), "RssFile:");
	assert_non_null(line);
	line += strcspn(line, "0123456789");
	number = xstrndup(line, strspn(line, "0123456789"));
	assert_int_equal(parse_u64(number, &kib), 0);
	return kib;
}

static uint64_t look_at(struct fixture *f, const struct object_id *id)
{
	uint64_t sum = 0;

	for (size_t at = 0; at < SIZE; at += STEP) {
		const void *view;

		assert_int_equal(store_view(f->store, id, STEP, at, &view, &f->err), STEP);
		for (size_t i = 0; i < STEP; i += 4096)
			sum += ((const uint8_t *)view)[i];
	}
	return sum;
}

static void test_what_was_looked_at_of_large_blobs_takes_no_memory(void **state)
{
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id ids[COUNT];
	uint64_t before, sums[COUNT];

	for (uint32_t i = 0; i < COUNT; i++)
		ids[i] = fixture_put_noise(f, txn, i + 1, SIZE);
	fixture_commit(f, txn);
	before = mapped_now();
	for (size_t i = 0; i < COUNT; i++)
		sums[i] = look_at(f, &ids[i]);
	assert_in_range(mapped_now(), 0, before + (14 << 10));
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(look_at(f, &ids[i]), sums[i]);
}

static void test_what_was_looked_at_of_packs_takes_no_memory(void **state)
{
	enum { MANY = 300, LENGTH = 100000 };
	struct fixture *f = *state;
	struct store_txn *txn = fixture_begin(f);
	struct object_id ids[MANY];
	uint64_t before;

	for (uint32_t i = 0; i < MANY; i++)
		ids[i] = fixture_put_noise(f, txn, i + 1, LENGTH);
	fixture_commit(f, txn);
	before = mapped_now();
	for (uint32_t i = 0; i < MANY; i++) {
		cleanup_free char *data = noise(i + 1, LENGTH);
		cleanup_free char *got = xmalloc(LENGTH);

		assert_int_equal(store_pread(f->store, &ids[i], got, LENGTH, 0, &f->err), LENGTH);
		assert_memory_equal(got, data, LENGTH);
	}
	assert_in_range(mapped_now(), 0, before + (14 << 10));
}

#define test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_what_was_looked_at_of_large_blobs_takes_no_memory),
		test(test_what_was_looked_at_of_packs_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
