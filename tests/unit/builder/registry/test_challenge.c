/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/registry/challenge.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

static struct error err;

static void test_a_bearer_names_where_tokens_are_to_be_had(void **state)
{
	cleanup_with(challenge_release) struct challenge challenge = { 0 };

	(void)state;
	assert_ok(challenge_parse("Bearer realm=\"https://a/token\",service=\"s\\\"t\", "
				  "scope=\"repository:a/b:pull,push\"",
				  &challenge, &err),
		  err);
	assert_int_equal(challenge.scheme, CHALLENGE_BEARER);
	assert_string_equal(challenge.realm, "https://a/token");
	assert_string_equal(challenge.service, "s\"t");
	assert_string_equal(challenge.scope, "repository:a/b:pull,push");
}

static void test_a_bearer_is_better_than_a_password_in_any_order(void **state)
{
	static const char *const texts[] = {
		"Basic realm=\"x\", Bearer realm=\"y\"",
		"bearer realm=y , BASIC realm=x",
		"Negotiate, Basic realm=x, Bearer realm=y",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cleanup_with(challenge_release) struct challenge challenge = { 0 };

		assert_ok(challenge_parse(texts[i], &challenge, &err), err);
		assert_int_equal(challenge.scheme, CHALLENGE_BEARER);
		assert_string_equal(challenge.realm, "y");
	}
}

static void test_what_is_offered_without_a_realm_or_is_unknown_is_nothing(void **state)
{
	static const char *const texts[] = { "", "Bearer service=x", "Digest realm=x, qop=y",
					     "Negotiate" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		cleanup_with(challenge_release) struct challenge challenge = { 0 };

		assert_ok(challenge_parse(texts[i], &challenge, &err), err);
		assert_int_equal(challenge.scheme, CHALLENGE_NONE);
	}
}

static void test_quotes_that_do_not_close_make_no_sense(void **state)
{
	cleanup_with(challenge_release) struct challenge challenge = { 0 };

	(void)state;
	assert_int_equal(challenge_parse("Bearer realm=\"x", &challenge, &err), -EPROTO);
	assert_int_equal(challenge_parse("\"\"", &challenge, &err), -EPROTO);
}

static void test_a_token_has_either_name_and_fits_into_a_header(void **state)
{
	static const char first[] = "{\"token\":\"a.b\"}", second[] = "{\"access_token\":\"c\"}";
	static const char blank[] = "{\"token\":\"a b\"}", none[] = "{}", other[] = "{\"token\":1}";
	char *token;

	(void)state;
	assert_ok(token_parse(first, strlen(first), &token, &err), err);
	assert_string_equal(token, "a.b");
	free(token);
	assert_ok(token_parse(second, strlen(second), &token, &err), err);
	assert_string_equal(token, "c");
	free(token);
	assert_int_equal(token_parse(blank, strlen(blank), &token, &err), -EPROTO);
	assert_int_equal(token_parse(none, strlen(none), &token, &err), -EPROTO);
	assert_int_equal(token_parse(other, strlen(other), &token, &err), -EPROTO);
}

static void test_words_of_a_registry_are_one_line(void **state)
{
	static const char text[] = "{\"errors\":[{\"code\":\"D\",\"message\":\"a\\n\\u001bb\"}]}";
	cleanup_with(buf_release) struct buf words = { 0 };

	(void)state;
	registry_words(text, strlen(text), &words);
	assert_string_equal(buf_string(&words), "a  b");
	registry_words("<html>", 6, &words);
	assert_string_equal(buf_string(&words), "a  b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bearer_names_where_tokens_are_to_be_had),
		cmocka_unit_test(test_a_bearer_is_better_than_a_password_in_any_order),
		cmocka_unit_test(test_what_is_offered_without_a_realm_or_is_unknown_is_nothing),
		cmocka_unit_test(test_quotes_that_do_not_close_make_no_sense),
		cmocka_unit_test(test_a_token_has_either_name_and_fits_into_a_header),
		cmocka_unit_test(test_words_of_a_registry_are_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
