/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/manifest.h"
#include "tests/lib/unit.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "\"digest\":\"sha256:" HEX "\",\"size\":5"
#define CONFIG "\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG "\"," DIGEST "}"
#define LAYER  "{\"mediaType\":\"" MEDIA_OCI_LAYER_GZIP "\"," DIGEST "}"

static struct error err;

static int parse(const char *text, struct manifest *ret)
{
	return manifest_parse(text, strlen(text), "manifest", ret, &err);
}

static int parse_index(const char *text, struct image_index *ret)
{
	return image_index_parse(text, strlen(text), "index", ret, &err);
}

static void test_a_manifest_is_written_as_it_was_read(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST "\"," CONFIG
		",\"layers\":[" LAYER "," LAYER "],\"annotations\":{\"a\":\"b\"}}";
	cleanup_with(manifest_release) struct manifest manifest = { 0 };
	cleanup_with(buf_release) struct buf out = { 0 };

	(void)state;
	assert_ok(parse(text, &manifest), err);
	assert_false(manifest.docker);
	manifest_write(&manifest, &out);
	assert_string_equal(buf_string(&out), text);
}

static void test_what_is_no_image_is_refused_in_words(void **state)
{
	struct manifest manifest;

	(void)state;
	assert_int_equal(parse("{\"schemaVersion\":1,\"fsLayers\":[]}", &manifest), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "schema 1"));
	assert_int_equal(parse("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x/y\"," DIGEST
			       "},\"layers\":[]}",
			       &manifest),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "artifact of type 'x/y'"));
	assert_int_equal(parse("{\"schemaVersion\":2," CONFIG
			       ",\"layers\":[{\"mediaType\":\"x/y\"," DIGEST "}]}",
			       &manifest),
			 -EOPNOTSUPP);
	assert_int_equal(parse("{\"schemaVersion\":2," CONFIG "}", &manifest), -EINVAL);
	assert_int_equal(parse("{\"schemaVersion\":3," CONFIG ",\"layers\":[]}", &manifest),
			 -EINVAL);
	assert_int_equal(parse("{}", &manifest), -EINVAL);
	assert_int_equal(parse("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX "\"," CONFIG
			       ",\"layers\":[]}",
			       &manifest),
			 -EINVAL);
}

static void test_too_many_layers_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct manifest manifest;

	(void)state;
	buf_add_string(&text, "{\"schemaVersion\":2," CONFIG ",\"layers\":[" LAYER);
	for (int i = 0; i < MANIFEST_LAYERS_MAX; i++)
		buf_add_string(&text, "," LAYER);
	buf_add_string(&text, "]}");
	assert_int_equal(parse(buf_string(&text), &manifest), -E2BIG);
}

static struct descriptor *add(struct image_index *index, const char *os, const char *architecture,
			      const char *variant)
{
	struct descriptor *entry = image_index_add(index);
	struct object_id id = object_id_of(architecture, strlen(architecture));

	descriptor_set(entry, MEDIA_OCI_MANIFEST, &id, index->count);
	snprintf(entry->platform.os, sizeof entry->platform.os, "%s", os);
	snprintf(entry->platform.architecture, sizeof entry->platform.architecture, "%s",
		 architecture);
	snprintf(entry->platform.variant, sizeof entry->platform.variant, "%s", variant);
	return entry;
}

static uint64_t chosen(const struct image_index *index, const char *want)
{
	struct platform platform;
	const struct descriptor *entry;

	assert_ok(platform_parse(want, &platform, &err), err);
	entry = image_index_choose(index, &platform);
	return entry ? entry->size : 0;
}

static void test_the_best_platform_is_chosen(void **state)
{
	cleanup_with(image_index_release) struct image_index index = { 0 }, again = { 0 };
	cleanup_with(buf_release) struct buf out = { 0 };
	cleanup_free char *offered = NULL;

	(void)state;
	add(&index, "linux", "arm", "v6");
	add(&index, "linux", "arm", "v7");
	add(&index, "linux", "arm64", "");
	add(&index, "unknown", "unknown", "");
	add(&index, "linux", "arm64", "v9");
	string_map_set(&index.manifests[4].annotations, "vnd.docker.reference.type", "x");
	assert_int_equal(chosen(&index, "linux/arm/v7"), 2);
	assert_int_equal(chosen(&index, "linux/arm/v6"), 1);
	assert_int_equal(chosen(&index, "linux/arm64"), 3);
	assert_int_equal(chosen(&index, "linux/amd64"), 0);
	offered = image_index_platforms(&index);
	assert_string_equal(offered, "linux/arm/v6, linux/arm/v7, linux/arm64");
	image_index_write(&index, &out);
	assert_ok(parse_index(buf_string(&out), &again), err);
	assert_int_equal(again.count, 5);
	assert_int_equal(chosen(&again, "linux/arm/v7"), 2);
}

static void test_one_that_says_no_platform_is_the_last_resort(void **state)
{
	cleanup_with(image_index_release) struct image_index index = { 0 };

	(void)state;
	add(&index, "", "", "");
	add(&index, "linux", "amd64", "");
	assert_int_equal(chosen(&index, "linux/amd64"), 2);
	assert_int_equal(chosen(&index, "linux/s390x"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_manifest_is_written_as_it_was_read),
		cmocka_unit_test(test_what_is_no_image_is_refused_in_words),
		cmocka_unit_test(test_too_many_layers_are_refused),
		cmocka_unit_test(test_the_best_platform_is_chosen),
		cmocka_unit_test(test_one_that_says_no_platform_is_the_last_resort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
