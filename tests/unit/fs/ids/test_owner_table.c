/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/mman.h>

#include "fs/ids/owner_table.h"
#include "tests/lib/unit.h"

#define MANY 100000u

static void expect(const struct owner_table *table, uint64_t ino, bool there, uint32_t uid,
		   uint32_t gid)
{
	uint32_t got_uid = 1, got_gid = 1;

	assert_int_equal(owner_table_get(table, ino, &got_uid, &got_gid), there);
	assert_int_equal(got_uid, uid);
	assert_int_equal(got_gid, gid);
}

static void test_whoever_looks_sees_what_is_set(void **state)
{
	cleanup_with(owner_table_close) struct owner_table *table = NULL, *other = NULL;
	int fd;

	(void)state;
	assert_int_equal(owner_table_new(&table, &fd), 0);
	assert_int_equal(owner_table_open(fd, &other), 0);
	expect(other, 5, false, 0, 0);
	owner_table_set(table, 5, 1000, 42);
	owner_table_set(table, UINT64_MAX, 0, 8);
	expect(other, 5, true, 1000, 42);
	expect(other, UINT64_MAX, true, 0, 8);
	owner_table_set(table, 5, 70000, 3000000);
	expect(other, 5, true, 70000, 3000000);
	owner_table_set(table, 5, 0, 0);
	expect(other, 5, true, 0, 0);
}

static void test_what_was_always_roots_takes_no_room(void **state)
{
	cleanup_with(owner_table_close) struct owner_table *table = NULL;
	int fd;

	(void)state;
	assert_int_equal(owner_table_new(&table, &fd), 0);
	owner_table_set(table, 5, 0, 0);
	expect(table, 5, false, 0, 0);
}

static void test_many_are_told_apart(void **state)
{
	cleanup_with(owner_table_close) struct owner_table *table = NULL;
	int fd;

	(void)state;
	assert_int_equal(owner_table_new(&table, &fd), 0);
	for (uint32_t i = 1; i <= MANY; i++)
		owner_table_set(table, (uint64_t)i << 32 | i, i, i + 1);
	for (uint32_t i = 1; i <= MANY; i += 97)
		expect(table, (uint64_t)i << 32 | i, true, i, i + 1);
	expect(table, (uint64_t)(MANY + 1) << 32 | (MANY + 1), false, 0, 0);
}

static void test_another_file_is_no_table(void **state)
{
	struct owner_table *table;
	cleanup_fd int fd = memfd_create("table", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(owner_table_open(fd, &table), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whoever_looks_sees_what_is_set),
		cmocka_unit_test(test_what_was_always_roots_takes_no_room),
		cmocka_unit_test(test_many_are_told_apart),
		cmocka_unit_test(test_another_file_is_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
