/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>

#include "builder/sandbox/owner.h"
#include "fs/base/channel.h"
#include "tests/lib/unit.h"

struct owner {
	int fd;
	int answer;
	struct owner_request got; /* of the last question */
};

static void *answer_one(void *argument)
{
	struct owner *owner = argument;

	if (owner_receive(owner->fd, &owner->got) > 0)
		(void)owner_answer(owner->fd, owner->answer);
	close(owner->fd);
	return NULL;
}

static int ask(struct owner *owner, const struct owner_request *request, int *ret_error)
{
	pthread_t thread;
	int fds[2], r;

	assert_int_equal(channel_pair(fds), 0);
	owner->fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, answer_one, owner), 0);
	r = owner_ask(fds[0], request, ret_error);
	pthread_join(thread, NULL);
	close(fds[0]);
	return r;
}

static void *answer_table(void *argument)
{
	const int *fds = argument; /* the channel's end, and the table */
	struct owner_request got;

	if (owner_receive(fds[0], &got) > 0) {
		bool right = got.verb == OWNER_TABLE && strcmp(got.filesystem, "root-1") == 0;

		(void)(right ? owner_answer_table(fds[0], fds[1]) : owner_answer(fds[0], -EPERM));
		owner_request_release(&got);
	}
	if (owner_receive(fds[0], &got) > 0) {
		(void)owner_answer(fds[0], -ENOENT);
		owner_request_release(&got);
	}
	return NULL;
}

static void test_a_table_is_handed_over_or_not(void **state)
{
	int fds[2], pipe_fds[2], ends[2], fd = -1;
	pthread_t thread;

	(void)state;
	assert_int_equal(channel_pair(fds), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	ends[0] = fds[1];
	ends[1] = pipe_fds[1];
	assert_int_equal(pthread_create(&thread, NULL, answer_table, ends), 0);
	assert_int_equal(owner_ask_table(fds[0], "root-1", &fd), 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_int_equal(owner_ask_table(fds[0], "root-1", &fd), -ENOENT);
	pthread_join(thread, NULL);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(pipe_fds[i]);
	}
}

static void test_a_question_and_its_answer_come_through(void **state)
{
	const struct owner_request request = { .verb = OWNER_MKNOD,
					       .filesystem = (char[]){ "root-1" },
					       .inode = UINT64_MAX - 1,
					       .name = (char[]){ "null" },
					       .mode = 020666,
					       .uid = 1,
					       .gid = 2,
					       .rdev = UINT64_C(0x100000003) };
	struct owner owner = { .answer = -EEXIST };
	int error = 1;

	(void)state;
	assert_int_equal(ask(&owner, &request, &error), 0);
	assert_int_equal(error, -EEXIST);
	assert_int_equal(owner.got.verb, OWNER_MKNOD);
	assert_string_equal(owner.got.filesystem, "root-1");
	assert_true(owner.got.inode == UINT64_MAX - 1);
	assert_string_equal(owner.got.name, "null");
	assert_int_equal(owner.got.mode, 020666);
	assert_int_equal(owner.got.gid, 2);
	assert_true(owner.got.rdev == UINT64_C(0x100000003));
	owner_request_release(&owner.got);
}

static void test_a_file_may_be_nowhere(void **state)
{
	const struct owner_request request = { .verb = OWNER_CHOWN,
					       .filesystem = (char[]){ "root-1" },
					       .uid = UINT32_MAX };
	struct owner owner = { 0 };
	int error = 1;

	(void)state;
	assert_int_equal(ask(&owner, &request, &error), 0);
	assert_int_equal(error, 0);
	assert_null(owner.got.name);
	assert_true(owner.got.uid == UINT32_MAX);
	owner_request_release(&owner.got);
}

static void test_a_question_that_is_none_is_refused(void **state)
{
	/* A node without a name: nobody answers, and the one who asks hears that. */
	const struct owner_request request = { .verb = OWNER_MKNOD,
					       .filesystem = (char[]){ "root-1" } };
	struct owner owner = { 0 };
	int error = 1;

	(void)state;
	assert_int_equal(ask(&owner, &request, &error), -EPIPE);
	assert_int_equal(error, 1);
	assert_null(owner.got.filesystem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_question_and_its_answer_come_through),
		cmocka_unit_test(test_a_table_is_handed_over_or_not),
		cmocka_unit_test(test_a_file_may_be_nowhere),
		cmocka_unit_test(test_a_question_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
