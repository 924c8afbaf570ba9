/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "builder/step/jobserver.h"
#include "tests/lib/unit.h"

/* What is waited for comes in milliseconds; a test that fails waits so long. */
#define LONG_MS 20000

static struct jobserver *start(unsigned jobs)
{
	struct jobserver *server;
	struct error err = { 0 };

	assert_ok(jobserver_new(jobs, &server, &err), err);
	return server;
}

static struct jobserver_client *join(struct jobserver *server)
{
	struct jobserver_client *client;
	struct error err = { 0 };

	assert_ok(jobserver_join(server, -1, &client, &err), err);
	return client;
}

/* Take a place as make does: it waits for it. */
static void take(const struct jobserver_client *client)
{
	struct pollfd readable = { .fd = jobserver_fds(client)[0], .events = POLLIN };
	char byte;

	assert_int_equal(poll(&readable, 1, LONG_MS), 1);
	assert_int_equal(read(readable.fd, &byte, 1), 1);
}

static bool has_some(const struct jobserver_client *client, int wait_ms)
{
	struct pollfd readable = { .fd = jobserver_fds(client)[0], .events = POLLIN };

	return poll(&readable, 1, wait_ms) > 0;
}

static void test_a_step_gets_all_but_its_own(void **state)
{
	struct jobserver *server = start(3);
	struct jobserver_client *client = join(server);

	(void)state;
	take(client);
	take(client);
	assert_false(has_some(client, 60));
	assert_int_equal(write(jobserver_fds(client)[1], "+", 1), 1);
	take(client);
	jobserver_leave(client);
	jobserver_free(server);
}

static void test_what_nobody_uses_goes_to_who_begins(void **state)
{
	struct jobserver *server = start(2);
	struct jobserver_client *first = join(server), *second;

	(void)state;
	/* It lies in the pipe of the first one by now. */
	assert_true(has_some(first, LONG_MS));
	second = join(server);
	assert_false(has_some(first, 60));
	jobserver_leave(second);
	assert_true(has_some(first, LONG_MS));
	jobserver_leave(first);
	jobserver_free(server);
}

static void test_what_nobody_uses_goes_to_who_works(void **state)
{
	struct jobserver *server = start(4);
	struct jobserver_client *idle = join(server), *busy = join(server);

	(void)state;
	assert_true(has_some(idle, LONG_MS));
	take(busy);
	take(busy);
	jobserver_leave(idle);
	take(busy);
	assert_false(has_some(busy, 60));
	jobserver_leave(busy);
	jobserver_free(server);
}

static void test_what_a_step_kept_comes_back_with_its_end(void **state)
{
	struct jobserver *server = start(2);
	struct jobserver_client *client = join(server);

	(void)state;
	for (int i = 0; i < 5; i++) {
		take(client);
		jobserver_leave(client);
		client = join(server);
	}
	jobserver_leave(client);
	jobserver_free(server);
}

static void test_what_a_step_makes_up_does_not_spread(void **state)
{
	struct jobserver *server = start(1);
	struct jobserver_client *client = join(server), *other;

	(void)state;
	assert_int_equal(write(jobserver_fds(client)[1], "+++++", 5), 5);
	assert_true(has_some(client, 60));
	jobserver_leave(client);
	other = join(server);
	assert_false(has_some(other, 60));
	jobserver_leave(other);
	jobserver_free(server);
}

static void test_waiting_for_a_place_can_be_given_up(void **state)
{
	struct jobserver *server = start(1);
	struct jobserver_client *client = join(server), *other = NULL;
	cleanup_fd int cancel_fd = eventfd(1, EFD_CLOEXEC);
	struct error err = { 0 };

	(void)state;
	assert_int_equal(jobserver_join(server, cancel_fd, &other, &err), -ECANCELED);
	assert_null(other);
	jobserver_leave(client);
	jobserver_leave(NULL);
	jobserver_free(server);
	jobserver_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_step_gets_all_but_its_own),
		cmocka_unit_test(test_what_nobody_uses_goes_to_who_begins),
		cmocka_unit_test(test_what_nobody_uses_goes_to_who_works),
		cmocka_unit_test(test_what_a_step_kept_comes_back_with_its_end),
		cmocka_unit_test(test_what_a_step_makes_up_does_not_spread),
		cmocka_unit_test(test_waiting_for_a_place_can_be_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
