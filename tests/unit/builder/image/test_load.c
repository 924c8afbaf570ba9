/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/docker_archive.h"
#include "builder/image/load.h"
#include "tests/lib/unit.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct error err;

static void check_layout(const char *text, const char *want_path, const char *want_select)
{
	cleanup_free char *path = NULL, *select = NULL;

	assert_ok(oci_layout_parse(text, &path, &select, &err), err);
	assert_string_equal(path, want_path);
	if (want_select)
		assert_string_equal(select, want_select);
	else
		assert_null(select);
}

static void test_a_layout_may_be_followed_by_a_tag_or_digest(void **state)
{
	(void)state;
	check_layout("dir", "dir", NULL);
	check_layout("/a/b.c/", "/a/b.c/", NULL);
	check_layout("dir:1.2-x", "dir", "1.2-x");
	check_layout("/a:b/dir", "/a:b/dir", NULL);
	check_layout("/a@b/dir:t", "/a@b/dir", "t");
	check_layout("dir@" DIGEST, "dir", DIGEST);
	check_layout("/a/dir:tag@" DIGEST, "/a/dir", DIGEST);
	check_layout("./a:b/c@" DIGEST, "./a:b/c", DIGEST);
}

static void test_what_is_no_tag_or_digest_is_refused(void **state)
{
	static const char *const texts[] = { "",        ":tag",  ("@" DIGEST),    "dir:",
					     "dir:a b", "dir@x", "dir@sha256:12", "dir:@" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *path = NULL, *select = NULL;

		assert_int_equal(oci_layout_parse(texts[i], &path, &select, &err), -EINVAL);
	}
}

static int parse(const char *text, struct docker_manifest *ret)
{
	return docker_manifest_parse(text, strlen(text), ret, &err);
}

static void test_the_list_of_docker_save_is_read(void **state)
{
	cleanup_with(docker_manifest_release) struct docker_manifest manifest = { 0 };

	(void)state;
	assert_ok(parse("[{\"Config\":\"a.json\",\"RepoTags\":[\"x:1\",\"y:2\"],"
			"\"Layers\":[\"l/layer.tar\"],\"LayerSources\":{}},"
			"{\"Config\":\"b.json\",\"RepoTags\":null,\"Layers\":null}]",
			&manifest),
		  err);
	assert_int_equal(manifest.count, 2);
	assert_string_equal(manifest.images[0].names.items[1], "y:2");
	assert_string_equal(manifest.images[0].layers.items[0], "l/layer.tar");
	assert_string_equal(manifest.images[1].config, "b.json");
	assert_int_equal(manifest.images[1].layers.count, 0);
}

static void test_what_is_no_such_list_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"[1]",
		"[{\"Config\":1}]",
		"[{\"Layers\":[]}]",
		"[{\"Config\":\"a\",\"Layers\":[1]}]",
	};
	struct docker_manifest manifest;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(parse(texts[i], &manifest), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_layout_may_be_followed_by_a_tag_or_digest),
		cmocka_unit_test(test_what_is_no_tag_or_digest_is_refused),
		cmocka_unit_test(test_the_list_of_docker_save_is_read),
		cmocka_unit_test(test_what_is_no_such_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
