/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/reference.h"
#include "tests/lib/unit.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct error err;

static void check(const char *text, const char *full, const char *familiar)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	cleanup_free char *got = NULL, *short_form = NULL;

	assert_ok(reference_parse(text, &reference, &err), err);
	reference_complete(&reference);
	got = reference_string(&reference);
	short_form = reference_familiar(&reference);
	assert_string_equal(got, full);
	assert_string_equal(short_form, familiar);
}

static void test_names_are_completed_as_docker_does(void **state)
{
	(void)state;
	check("debian", "docker.io/library/debian:latest", "debian:latest");
	check("debian:min", "docker.io/library/debian:min", "debian:min");
	check("user/app", "docker.io/user/app:latest", "user/app:latest");
	check("docker.io/debian", "docker.io/library/debian:latest", "debian:latest");
	check("index.docker.io/debian:1", "docker.io/library/debian:1", "debian:1");
	check("docker.io/library/debian", "docker.io/library/debian:latest", "debian:latest");
	check("localhost/x", "localhost/x:latest", "localhost/x:latest");
	check("localhost:5000/x:y", "localhost:5000/x:y", "localhost:5000/x:y");
	check("host/x", "docker.io/host/x:latest", "host/x:latest");
	check("host.example/x", "host.example/x:latest", "host.example/x:latest");
	check("Host/x", "Host/x:latest", "Host/x:latest");
	check("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest");
	check("ghcr.io/a/b/c__d.e-f---g", "ghcr.io/a/b/c__d.e-f---g:latest",
	      "ghcr.io/a/b/c__d.e-f---g:latest");
	check("debian@sha256:" HEX, "docker.io/library/debian@sha256:" HEX, "debian@sha256:" HEX);
	check("debian:12@sha256:" HEX, "docker.io/library/debian:12@sha256:" HEX,
	      "debian:12@sha256:" HEX);
	check("docker.io/host.example/x", "docker.io/host.example/x:latest",
	      "docker.io/host.example/x:latest");
	check("index.docker.io/localhost/x", "docker.io/localhost/x:latest",
	      "docker.io/localhost/x:latest");
	check("x:_Tag.1-2", "docker.io/library/x:_Tag.1-2", "x:_Tag.1-2");
}

static void test_no_name_is_shortened_to_what_is_an_id(void **state)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	cleanup_free char *shown = NULL;

	(void)state;
	assert_ok(reference_parse("library/" HEX, &reference, &err), err);
	shown = reference_familiar(&reference);
	assert_string_equal(shown, "library/" HEX);
}

static void test_bad_names_are_refused(void **state)
{
	const char *bad[] = { "",       "UPPER",   "user/UPPER", ":tag",       "x:",     "x:-a",
			      "x:a b",  "a//b",    "/a",         "a/",         "a..b",   "a_-b",
			      "-a",     "a-",      "a___b",      "x@sha256:1", "x@",     HEX,
			      "h.x:/a", "h.x:p/a", "-h.x/a",     "h_.x/a",     ".h.x/a", "[::1/x",
			      "a b",    "a@b",     "\xc3\xa9" };
	cleanup_with(reference_release) struct reference reference = { 0 };
	char tag[200] = "x:", name[400];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (reference_parse(bad[i], &reference, &err) != -EINVAL)
			fail_msg("'%s' was not refused", bad[i]);
	}
	memset(tag + 2, 'a', 129);
	assert_int_equal(reference_parse(tag, &reference, &err), -EINVAL);
	memset(name, 'a', 300);
	name[300] = '\0';
	assert_int_equal(reference_parse(name, &reference, &err), -EINVAL);
	assert_non_null(strstr(err.text, "255"));
}

static void test_another_digest_is_told_apart(void **state)
{
	struct reference reference;

	(void)state;
	assert_int_equal(reference_parse("x@sha512:00", &reference, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "only sha256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_completed_as_docker_does),
		cmocka_unit_test(test_no_name_is_shortened_to_what_is_an_id),
		cmocka_unit_test(test_bad_names_are_refused),
		cmocka_unit_test(test_another_digest_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
