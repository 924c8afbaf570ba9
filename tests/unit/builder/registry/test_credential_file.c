/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "builder/registry/credential.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

static struct error err;

/* "1 user:password", "2 helper", "0", or what it fails with. */
static void assert_found(const char *file, const char *domain, const char *path, const char *wanted)
{
	cleanup_with(credential_release) struct credential credential = { 0 };
	cleanup_free char *helper = NULL, *got = NULL;
	int r = credential_file_find(file, strlen(file), "file", domain, path, &credential, &helper,
				     &err);

	if (r == 1)
		got = xasprintf("1 %s:%s", credential.user ? credential.user : "-",
				credential.password ? credential.password
						    : credential.identity_token);
	else
		got = r == 2 ? xasprintf("2 %s", helper) : xasprintf("%d", r);
	assert_string_equal(got, wanted);
}

static void test_docker_hub_goes_by_its_old_address(void **state)
{
	static const char file[] =
		"{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpwOnE=\"}}}";

	(void)state;
	assert_found(file, "docker.io", "library/debian", "1 u:p:q");
	assert_found(file, "docker.io.example.org", "x", "0");
	assert_string_equal(credential_server("docker.io"), "https://index.docker.io/v1/");
	assert_string_equal(credential_server("a:5"), "a:5");
}

static void test_the_longest_key_holds(void **state)
{
	static const char file[] = "{\"auths\":{\"a:5\":{\"auth\":\"dTpw\"},"
				   "\"a:5/b\":{\"username\":\"x\",\"password\":\"y\"},"
				   "\"a:5/b/c\":{\"identitytoken\":\"t\"}}}";

	(void)state;
	assert_found(file, "a:5", "d", "1 u:p");
	assert_found(file, "a:5", "b", "1 x:y");
	assert_found(file, "a:5", "bb", "1 u:p");
	assert_found(file, "a:5", "b/c/d", "1 -:t");
	assert_found(file, "a", "b", "0");
	assert_found(file, "a:55", "b", "0");
}

static void test_helpers_go_before_what_the_file_has(void **state)
{
	static const char file[] = "{\"auths\":{\"a\":{\"auth\":\"dTpw\"}},\"credsStore\":\"all\","
				   "\"credHelpers\":{\"b\":\"one\"}}";
	cleanup_with(credential_release) struct credential credential = { 0 };

	(void)state;
	assert_found(file, "a", "x", "2 all");
	assert_found(file, "b", "x", "2 one");
	assert_int_equal(
		credential_file_entry(file, strlen(file), "file", "a", "x", &credential, &err), 1);
	assert_string_equal(credential.user, "u");
}

static void test_a_helper_cannot_be_a_path(void **state)
{
	(void)state;
	assert_found("{\"credsStore\":\"../x\"}", "a", "b", "-22");
	assert_found("{\"credsStore\":\"\"}", "a", "b", "0");
}

static void test_what_is_no_base64_of_a_user_and_a_password_is_refused(void **state)
{
	(void)state;
	assert_found("{\"auths\":{\"a\":{\"auth\":\"!\"}}}", "a", "b", "-22");
	assert_found("{\"auths\":{\"a\":{\"auth\":\"dXA=\"}}}", "a", "b", "-22");
	assert_found("{\"auths\":{\"a\":{\"auth\":\"dTpw=x\"}}}", "a", "b", "-22");
	assert_found("{\"auths\":{\"a\":{}}}", "a", "b", "0");
	assert_found("{\"auths\":", "a", "b", "-22");
}

static void test_a_helper_gives_a_password_or_a_token(void **state)
{
	static const char password[] = "{\"Username\":\"u\",\"Secret\":\"p\"}";
	static const char token[] = "{\"Username\":\"<token>\",\"Secret\":\"t\"}";
	cleanup_with(credential_release) struct credential first = { 0 }, second = { 0 };

	(void)state;
	assert_int_equal(credential_helper_parse(password, strlen(password), "h", &first, &err), 1);
	assert_string_equal(first.password, "p");
	assert_int_equal(credential_helper_parse(token, strlen(token), "h", &second, &err), 1);
	assert_string_equal(second.identity_token, "t");
	assert_null(second.user);
	assert_int_equal(credential_helper_parse("{}", 2, "h", &first, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker_hub_goes_by_its_old_address),
		cmocka_unit_test(test_the_longest_key_holds),
		cmocka_unit_test(test_helpers_go_before_what_the_file_has),
		cmocka_unit_test(test_a_helper_cannot_be_a_path),
		cmocka_unit_test(test_what_is_no_base64_of_a_user_and_a_password_is_refused),
		cmocka_unit_test(test_a_helper_gives_a_password_or_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
