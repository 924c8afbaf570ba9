/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/builder/plan/planning.h"

static void assert_ports(const char *spec, const char *expected)
{
	cleanup_free char *text = xasprintf("FROM alpine\nEXPOSE %s\n", spec);
	const struct config *config = image_of(text);

	assert_strings(&config->exposed_ports, expected);
}

static void assert_refused(const char *spec, const char *expected)
{
	cleanup_free char *text = xasprintf("FROM alpine\nEXPOSE %s\n", spec);
	cleanup_free char *words = xasprintf("2: %s", expected);

	assert_string_equal(refusal_of(text), words);
}

static void test_I07_a_port_is_for_tcp_unless_it_says_so(void **state)
{
	(void)state;
	assert_ports("80", "80/tcp");
	assert_ports("80/", "80/tcp");
	assert_ports("53/udp 1/sctp", "1/sctp|53/udp");
	assert_ports("0 65535", "0/tcp|65535/tcp");
}

static void test_I07_ranges_are_each_of_their_ports(void **state)
{
	(void)state;
	assert_ports("8-10/udp", "10/udp|8/udp|9/udp");
	assert_ports("7-7", "7/tcp");
}

static void test_I07_what_the_host_gets_is_dropped_with_a_warning(void **state)
{
	(void)state;
	assert_ports("127.0.0.1:8080:80", "80/tcp");
	assert_warnings("2: ExposeInvalidFormat: EXPOSE instruction should not define an IP "
			"address or host-port mapping, found '127.0.0.1:8080:80'\n");
	assert_ports("1000-1002:1-3/udp", "1/udp|2/udp|3/udp");
	assert_ports("1000-1002:7", "7/tcp");
	assert_ports("[::1]:80:81", "81/tcp");
	assert_ports("::1:80:81", "81/tcp");
	assert_ports("127.0.0.1::81", "81/tcp");
}

static void test_I07_history_lists_ports_as_they_are_written(void **state)
{
	(void)state;
	assert_history(image_of("FROM alpine\nEXPOSE 9/UDP 8-9\n"),
		       "base\n-EXPOSE [8/tcp 9/tcp 9/udp]\n");
}

static void test_I07_nonsense_is_refused(void **state)
{
	(void)state;
	assert_refused("x", "invalid containerPort: x");
	assert_refused("65536", "invalid containerPort: 65536");
	assert_refused("9-8", "invalid containerPort: 9-8");
	assert_refused("1-", "invalid containerPort: 1-");
	assert_refused("-1", "invalid containerPort: -1");
	assert_refused("/udp", "invalid port: \"/udp\": no port specified");
	assert_refused("80/icmp", "invalid port: \"80/icmp\": invalid proto: icmp");
	assert_refused("x:80", "invalid hostPort: x");
	assert_refused("1.2.3:1:80", "invalid IP address: 1.2.3");
	assert_refused("1-2:5-7",
		       "invalid ranges specified for container and host Ports: 5-7 and 1-2");
}

static void test_more_ports_than_a_plan_holds_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };

	(void)state;
	buf_add_string(&text, "FROM alpine\n");
	for (int i = 0; i < 600; i++)
		buf_add_string(&text, "EXPOSE 0-65535/sctp\n");
	assert_int_equal(try_plan(buf_string(&text)), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(test_I07_a_port_is_for_tcp_unless_it_says_so),
		plan_test(test_I07_ranges_are_each_of_their_ports),
		plan_test(test_I07_what_the_host_gets_is_dropped_with_a_warning),
		plan_test(test_I07_history_lists_ports_as_they_are_written),
		plan_test(test_I07_nonsense_is_refused),
		plan_test(test_more_ports_than_a_plan_holds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
