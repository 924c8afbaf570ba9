/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/base/buf.h"
#include "fs/store/config.h"
#include "tests/lib/unit.h"

#define UUID "0123456789abcdef0123456789abcdef"

static int parse(const char *text, struct store_config *ret, struct error *err)
{
	return store_config_parse(text, strlen(text), ret, err);
}

static void test_what_is_written_is_read(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct store_config config;
	struct error err = { 0 };

	(void)state;
	store_config_make(UUID, &text);
	assert_ok(store_config_parse(text.data, text.length, &config, &err), err);
	assert_string_equal(config.uuid, UUID);
	assert_false(config.strict);
	assert_false(config.must_not_write);
}

static void test_keys_of_later_versions_are_left_alone(void **state)
{
	struct store_config config;
	struct error err = { 0 };

	(void)state;
	assert_ok(parse("format=1\nuuid=" UUID "\ncolour=blue\n# a remark\ndurability=strict\n",
			&config, &err),
		  err);
	assert_true(config.strict);
}

static void test_what_this_program_cannot_do_is_named(void **state)
{
	static const struct {
		const char *text, *named;
	} cases[] = {
		{ "format=2\nuuid=" UUID "\n", "'2'" },
		{ "format=1\nuuid=" UUID "\nhash=blake3\n", "blake3" },
		{ "format=1\nuuid=" UUID "\nincompat=,warp\n", "warp" },
		{ "format=1\nuuid=" UUID "\nsmall_max=4096\n", "4096" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct store_config config;
		struct error err = { 0 };

		assert_int_equal(parse(cases[i].text, &config, &err), -EPROTONOSUPPORT);
		assert_non_null(strstr(err.text, cases[i].named));
	}
}

static void test_an_unknown_feature_forbids_writing(void **state)
{
	struct store_config config;
	struct error err = { 0 };

	(void)state;
	assert_ok(parse("format=1\nuuid=" UUID "\nfeatures=solid,new\n", &config, &err), err);
	assert_true(config.must_not_write);
}

static void test_what_is_no_configuration_is_refused(void **state)
{
	static const char *const texts[] = { "", "format=1\n", "uuid=" UUID "\n",
					     "format=1\nuuid=short\n" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct store_config config;

		assert_int_equal(parse(texts[i], &config, NULL), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_keys_of_later_versions_are_left_alone),
		cmocka_unit_test(test_what_this_program_cannot_do_is_named),
		cmocka_unit_test(test_an_unknown_feature_forbids_writing),
		cmocka_unit_test(test_what_is_no_configuration_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
