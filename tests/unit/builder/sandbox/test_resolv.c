/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/resolv.h"
#include "fs/base/buf.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static bool filtered(const char *text, struct buf *ret)
{
	buf_release(ret);
	return resolv_filter(text, strlen(text), ret);
}

static void test_only_what_other_networks_reach_stays(void **state)
{
	struct buf text = { 0 };

	(void)state;
	assert_true(filtered("search example.org\nnameserver 127.0.0.53\nnameserver 9.9.9.9\n"
			     "nameserver fe80::1%eth0\nnameserver ::1\noptions edns0\n",
			     &text));
	assert_string_equal(buf_string(&text),
			    "search example.org\nnameserver 9.9.9.9\noptions edns0\n");
	assert_false(filtered("nameserver 127.0.0.1\n", &text));
	assert_false(filtered("", &text));
	buf_release(&text);
}

static void test_hosts_have_loopback_the_own_name_and_what_was_asked_for(void **state)
{
	struct strings extra = { 0 };
	struct buf text = { 0 };

	(void)state;
	strings_add(&extra, "10.0.0.1 there");
	resolv_hosts("me", &extra, &text);
	assert_non_null(strstr(buf_string(&text), "127.0.0.1\tlocalhost"));
	assert_non_null(strstr(buf_string(&text), "::1"));
	assert_non_null(strstr(buf_string(&text), "me\n"));
	assert_non_null(strstr(buf_string(&text), "10.0.0.1 there\n"));
	buf_release(&text);
	strings_release(&extra);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_other_networks_reach_stays),
		cmocka_unit_test(test_hosts_have_loopback_the_own_name_and_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
