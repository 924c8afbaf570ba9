/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/descriptor.h"
#include "builder/image/json.h"
#include "tests/lib/unit.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct error err;

static int read_text(const char *text, struct descriptor *ret)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };

	assert_ok(json_document_parse(text, strlen(text), "d", &document, &err), err);
	return descriptor_read(&document.root, ret, &err);
}

static void test_what_is_written_reads_back(void **state)
{
	static const char text[] = "{\"mediaType\":\"" MEDIA_OCI_MANIFEST
				   "\",\"digest\":\"sha256:" HEX "\",\"size\":12,"
				   "\"annotations\":{\"a\":\"b\"},\"platform\":{\"architecture\":"
				   "\"arm\",\"os\":\"linux\",\"variant\":\"v7\"}}";
	cleanup_with(descriptor_release) struct descriptor descriptor = { 0 }, copy = { 0 };
	cleanup_with(buf_release) struct buf out = { 0 };
	struct json_writer writer = { .out = &out };

	(void)state;
	assert_ok(read_text(text, &descriptor), err);
	descriptor_copy(&copy, &descriptor);
	descriptor_write(&writer, NULL, &copy);
	assert_string_equal(buf_string(&out), text);
}

static void test_bad_descriptors_are_refused(void **state)
{
	const char *bad[] = {
		"{}",
		"{\"digest\":\"sha256:" HEX "\"}",
		"{\"digest\":\"sha256:" HEX "\",\"size\":-1}",
		"{\"digest\":\"sha256:" HEX "\",\"size\":1.5}",
		"{\"digest\":\"sha256:12\",\"size\":1}",
		"{\"digest\":\"sha256:" HEX "0\",\"size\":1}",
		"{\"digest\":\"sha256:" HEX "\",\"size\":1,\"platform\":{\"os\":\"a b\"}}",
		"{\"digest\":\"sha256:" HEX "\",\"size\":1,\"annotations\":{\"a\":1}}",
		"{\"digest\":\"sha256:" HEX "\",\"size\":1,\"mediaType\":1}",
		"[]",
	};
	struct descriptor descriptor;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(read_text(bad[i], &descriptor), -EINVAL);
	assert_int_equal(read_text("{\"digest\":\"sha512:00\",\"size\":1}", &descriptor),
			 -EOPNOTSUPP);
}

static void test_media_types_are_sorted_out(void **state)
{
	(void)state;
	assert_int_equal(media_kind(MEDIA_DOCKER_INDEX), MEDIA_INDEX);
	assert_int_equal(media_kind(MEDIA_OCI_MANIFEST), MEDIA_MANIFEST);
	assert_int_equal(media_kind(MEDIA_DOCKER_CONFIG), MEDIA_CONFIG);
	assert_int_equal(media_kind(MEDIA_OCI_LAYER_ZSTD), MEDIA_LAYER);
	assert_int_equal(media_kind("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
			 MEDIA_LAYER);
	assert_int_equal(media_kind("application/vnd.in-toto+json"), MEDIA_OTHER);
	assert_int_equal(media_kind(NULL), MEDIA_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_reads_back),
		cmocka_unit_test(test_bad_descriptors_are_refused),
		cmocka_unit_test(test_media_types_are_sorted_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
