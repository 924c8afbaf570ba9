/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "fs/base/buf.h"
#include "fs/base/channel.h"
#include "tests/lib/unit.h"

static void test_a_message_arrives_whole_with_its_files(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	int ends[2], pipes[2], fds[CHANNEL_MAX_FDS];
	size_t count = 0;
	char byte = 0;

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(channel_send(ends[0], "hello", 5, pipes, 2), 0);
	assert_int_equal(channel_receive(ends[1], &got, fds, CHANNEL_MAX_FDS, &count), 1);
	assert_string_equal(buf_string(&got), "hello");
	assert_int_equal(count, 2);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(pipes[i]);
		close(ends[i]);
	}
}

static void test_two_messages_do_not_run_together(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_send(ends[0], "one", 3, NULL, 0), 0);
	assert_int_equal(channel_send(ends[0], "", 0, NULL, 0), 0);
	close(ends[0]);
	assert_int_equal(channel_receive(ends[1], &got, NULL, 0, NULL), 1);
	assert_string_equal(buf_string(&got), "one");
	assert_int_equal(channel_receive(ends[1], &got, NULL, 0, NULL), 1);
	assert_string_equal(buf_string(&got), "");
	assert_int_equal(channel_receive(ends[1], &got, NULL, 0, NULL), 0);
	close(ends[1]);
}

static void test_descriptors_nobody_wants_are_refused_and_closed(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	int ends[2], probe;

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(channel_send(ends[0], "x", 1, ends, 1), 0);
	probe = dup(0);
	close(probe);
	assert_int_equal(channel_receive(ends[1], &got, NULL, 0, NULL), -EPROTO);
	assert_int_equal(dup(0), probe);
	close(probe);
	close(ends[0]);
	close(ends[1]);
}

static void test_too_many_open_files_are_called_so(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	struct rlimit before, none;
	int ends[2], fds[CHANNEL_MAX_FDS];
	size_t count = 0;

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(channel_send(ends[0], "x", 1, ends, 1), 0);
	none = (struct rlimit){ .rlim_cur = (rlim_t)ends[1] + 1, .rlim_max = before.rlim_max };
	for (int fd = 0; fd < ends[1]; fd++)
		assert_true(fcntl(fd, F_GETFD) >= 0 || dup2(ends[0], fd) == fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(channel_receive(ends[1], &got, fds, CHANNEL_MAX_FDS, &count), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_half_a_message_is_an_error(void **state)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(channel_pair(ends), 0);
	assert_int_equal(send(ends[0], "\5\0\0\0\0\0\0\0ab", 10, 0), 10);
	close(ends[0]);
	assert_int_equal(channel_receive(ends[1], &got, NULL, 0, NULL), -EPROTO);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_arrives_whole_with_its_files),
		cmocka_unit_test(test_two_messages_do_not_run_together),
		cmocka_unit_test(test_descriptors_nobody_wants_are_refused_and_closed),
		cmocka_unit_test(test_too_many_open_files_are_called_so),
		cmocka_unit_test(test_half_a_message_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
