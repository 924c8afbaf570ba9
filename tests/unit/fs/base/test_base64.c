/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/base64.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static void assert_encoded(const char *text, const char *wanted)
{
	cleanup_with(buf_release) struct buf got = { 0 };

	buf_add_string(&got, ">");
	base64_append(&got, text, strlen(text));
	assert_string_equal(buf_string(&got) + 1, wanted);
}

static void test_groups_of_three_bytes_become_four_letters(void **state)
{
	(void)state;
	assert_encoded("", "");
	assert_encoded("f", "Zg==");
	assert_encoded("fo", "Zm8=");
	assert_encoded("foo", "Zm9v");
	assert_encoded("foob", "Zm9vYg==");
	assert_encoded("\xff\xef\xbe", "/+++");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups_of_three_bytes_become_four_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
