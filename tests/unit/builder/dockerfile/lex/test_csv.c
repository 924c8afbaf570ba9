/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/dockerfile/lex/csv.h"
#include "fs/base/strings.h"
#include "tests/lib/unit.h"

static void assert_fields(const char *row, const char *joined)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	cleanup_free char *got = NULL;
	struct error err = { 0 };

	assert_ok(csv_fields(row, &fields, &err), err);
	got = strings_join(&fields, "|");
	assert_string_equal(got, joined);
}

static void assert_refused(const char *row, const char *words)
{
	cleanup_with(strings_release) struct strings fields = { 0 };
	struct error err = { 0 };

	assert_int_equal(csv_fields(row, &fields, &err), -EINVAL);
	assert_string_equal(err.text, words);
}

static void test_fields_and_quotes(void **state)
{
	(void)state;
	assert_fields("a", "a");
	assert_fields("a,b=c", "a|b=c");
	assert_fields(",", "|");
	assert_fields("a,", "a|");
	assert_fields(" a , b ", " a | b ");
	assert_fields("\"a,b\",c", "a,b|c");
	assert_fields("\"a\"\"b\"", "a\"b");
	assert_fields("\"\",a", "|a");
	assert_fields("a\n", "a");
	assert_fields("a\r\n", "a");
}

static void test_quotes_where_they_cannot_be(void **state)
{
	(void)state;
	assert_refused("", "EOF");
	assert_refused("\n", "EOF");
	assert_refused("a\"b", "parse error on line 1, column 2: bare \" in non-quoted-field");
	assert_refused("a,\"b", "parse error on line 1, column 4: extraneous or missing \" in "
				"quoted-field");
	assert_refused("\"a\"b", "parse error on line 1, column 3: extraneous or missing \" in "
				 "quoted-field");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_and_quotes),
		cmocka_unit_test(test_quotes_where_they_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
