/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fs/ids/credentials.h"
#include "tests/lib/unit.h"

static struct credential_table *new_table(int *ret_fd)
{
	struct credential_table *table;
	int fd = memfd_create("table", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(credential_table_format(fd), 0);
	assert_int_equal(credential_table_open(fd, true, &table), 0);
	*ret_fd = fd;
	return table;
}

static struct credentials user(uint32_t id)
{
	return (struct credentials){ .ruid = id, .euid = id, .suid = id, .fsuid = id };
}

static void test_root_in_its_own_group_has_place_0(void **state)
{
	const struct credentials root = { .group_count = 1 };
	cleanup_with(credential_table_close) struct credential_table *table = NULL;
	cleanup_fd int fd = -1;
	unsigned place = 1;

	(void)state;
	table = new_table(&fd);
	assert_int_equal(credential_table_place(table, &root, &place), 0);
	assert_int_equal(place, 0);
	assert_true(credential_table_empty(table));
	assert_int_equal(credential_table_at(table, 0)->group_count, 1);
}

static void test_the_same_credentials_have_one_place(void **state)
{
	cleanup_with(credential_table_close) struct credential_table *table = NULL;
	cleanup_fd int fd = -1;
	struct credentials a = user(1000), b = user(1000);
	unsigned first, second, third;

	(void)state;
	table = new_table(&fd);
	b.group_count = 1;
	b.groups[0] = 5;
	assert_int_equal(credential_table_place(table, &a, &first), 0);
	assert_int_equal(credential_table_place(table, &b, &second), 0);
	assert_int_equal(credential_table_place(table, &a, &third), 0);
	assert_int_equal(first, third);
	assert_int_not_equal(first, second);
	assert_int_equal(credential_table_at(table, second)->groups[0], 5);
	assert_false(credential_table_empty(table));
}

static void test_others_see_what_is_written(void **state)
{
	cleanup_with(credential_table_close) struct credential_table *table = NULL, *other = NULL;
	cleanup_fd int fd = -1;
	struct credentials a = user(33);
	unsigned place;

	(void)state;
	table = new_table(&fd);
	assert_int_equal(credential_table_open(fd, false, &other), 0);
	assert_int_equal(credential_table_place(table, &a, &place), 0);
	assert_int_equal(credential_table_at(other, place)->fsuid, 33);
}

static void test_a_place_where_nothing_is_means_root(void **state)
{
	cleanup_with(credential_table_close) struct credential_table *table = NULL;
	cleanup_fd int fd = -1;

	(void)state;
	table = new_table(&fd);
	assert_int_equal(credential_table_at(table, 1)->euid, 0);
	assert_int_equal(credential_table_at(table, CREDENTIALS_LIMIT + 7)->euid, 0);
}

static void test_a_full_table_is_full(void **state)
{
	cleanup_with(credential_table_close) struct credential_table *table = NULL;
	cleanup_fd int fd = -1;
	struct credentials last = user(1);
	uint32_t used = CREDENTIALS_LIMIT - 1;
	unsigned place;

	(void)state;
	table = new_table(&fd);
	/* As if so many had been there; the count follows the magic number. */
	assert_int_equal(pwrite(fd, &used, sizeof used, 8), sizeof used);
	assert_int_equal(credential_table_place(table, &last, &place), -EAGAIN);
}

static void test_another_file_is_no_table(void **state)
{
	struct credential_table *table;
	cleanup_fd int fd = memfd_create("table", MFD_CLOEXEC);
	struct stat facts;
	uint64_t zero = 0;

	(void)state;
	assert_int_equal(credential_table_open(fd, false, &table), -EBADMSG);
	assert_int_equal(credential_table_format(fd), 0);
	assert_int_equal(fstat(fd, &facts), 0);
	assert_int_equal(pwrite(fd, &zero, sizeof zero, 0), sizeof zero);
	assert_int_equal(credential_table_open(fd, false, &table), -EBADMSG);
}

static void test_a_thread_and_its_children_keep_their_place(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(prctl(PR_SET_TIMERSLACK, CREDENTIALS_SLACK_NS + 7UL, 0, 0, 0), 0);
	assert_int_equal(credentials_place_of(AT_FDCWD, getpid()), 7);
	assert_int_equal(credentials_set_place(AT_FDCWD, getpid(), 9), 0);
	pid = fork();
	if (pid == 0)
		_exit((int)credentials_place_of(AT_FDCWD, getpid()));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 9);
	/* The default of hosts that have another. */
	assert_int_equal(prctl(PR_SET_TIMERSLACK, 1000UL, 0, 0, 0), 0);
	assert_int_equal(credentials_place_of(AT_FDCWD, getpid()), 0);
	assert_int_equal(prctl(PR_SET_TIMERSLACK, CREDENTIALS_SLACK_NS, 0, 0, 0), 0);
	assert_int_equal(credentials_place_of(AT_FDCWD, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_in_its_own_group_has_place_0),
		cmocka_unit_test(test_the_same_credentials_have_one_place),
		cmocka_unit_test(test_others_see_what_is_written),
		cmocka_unit_test(test_a_place_where_nothing_is_means_root),
		cmocka_unit_test(test_a_full_table_is_full),
		cmocka_unit_test(test_another_file_is_no_table),
		cmocka_unit_test(test_a_thread_and_its_children_keep_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
