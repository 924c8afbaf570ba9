/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/build/call.h"
#include "tests/lib/unit.h"

static struct error err;

static struct call call_of(const char *text)
{
	struct call call = { 0 };

	assert_ok(call_parse(text, &call, &err), err);
	return call;
}

static void test_methods_by_name(void **state)
{
	(void)state;
	assert_int_equal(call_of("build").what, CALL_BUILD);
	assert_int_equal(call_of("check").what, CALL_CHECK);
	assert_int_equal(call_of("lint").what, CALL_CHECK);
	assert_int_equal(call_of("outline").what, CALL_OUTLINE);
	assert_int_equal(call_of("targets").what, CALL_TARGETS);
}

static void test_options_behind_the_method(void **state)
{
	(void)state;
	assert_false(call_of("check").json);
	assert_true(call_of("check,format=json").json);
	assert_true(call_of("check,format=json,ignorestatus=true").ignore_status);
	assert_false(call_of("check,ignorestatus=false").ignore_status);
	assert_int_equal(call_of("format=json").what, CALL_BUILD);
}

static void test_others_are_refused(void **state)
{
	struct call call;

	(void)state;
	assert_int_equal(call_parse("nosuch", &call, &err), -EINVAL);
	assert_non_null(strstr(err.text, "nosuch"));
	assert_int_equal(call_parse("check,format=xml", &call, &err), -EINVAL);
	assert_non_null(strstr(err.text, "format=xml"));
	assert_int_equal(call_parse("check,\"", &call, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods_by_name),
		cmocka_unit_test(test_options_behind_the_method),
		cmocka_unit_test(test_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
