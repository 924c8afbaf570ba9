/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/cache/cache_index.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OCI "application/vnd.oci.image."

static void refuse(int code, const char *words,
		   int (*parse)(const void *, size_t, const char *, struct cache_index *,
				struct error *),
		   const char *text)
{
	cleanup_with(cache_index_release) struct cache_index index = { 0 };
	struct error err = { 0 };

	assert_int_equal(parse(text, strlen(text), "x", &index, &err), code);
	if (!strstr(err.text, words))
		fail_msg("no '%s' in '%s'", words, err.text);
}

static void test_what_is_written_is_read(void **state)
{
	cleanup_with(cache_index_release) struct cache_index index = { 0 }, got = { 0 };
	cleanup_with(buf_release) struct buf manifest = { 0 }, config = { 0 };
	struct object_id id = object_id_of("x", 1);
	struct cache_group *group;
	struct error err = { 0 };

	(void)state;
	descriptor_set(&index.config, CACHE_MEDIA_CONFIG, &id, 99);
	for (size_t i = 0; i < 3; i++) {
		enum compression way = (enum compression)i;

		descriptor_set(cache_index_add_blob(&index), cache_media_objects(way), &id, i);
		cache_index_add_group(&index)->id = object_id_of(&i, sizeof i);
	}
	group = &index.groups[1];
	positions_append(&group->blobs, 2);
	positions_append(&group->blobs, 1);
	positions_append(&group->blobs, 2);
	positions_add(&group->needs, 2);
	positions_add(&group->needs, 0);
	positions_add(&group->needs, 2);
	index.steps = calloc(1, sizeof *index.steps);
	index.steps[index.step_count++] = (struct cache_step){ id, 1, 12, 34 };
	cache_manifest_write(&index, &manifest);
	cache_config_write(&index, &config);
	assert_ok(cache_manifest_parse(manifest.data, manifest.length, "x", &got, &err), err);
	assert_ok(cache_config_parse(config.data, config.length, "x", &got, &err), err);
	assert_int_equal(got.blob_count, 3);
	assert_int_equal(got.group_count, 3);
	assert_true(object_id_equal(&got.groups[2].id, &index.groups[2].id));
	assert_int_equal(got.groups[1].blobs.count, 3);
	assert_int_equal(got.groups[1].blobs.items[1], 1);
	assert_int_equal(got.groups[1].needs.count, 2);
	assert_int_equal(got.groups[1].needs.items[1], 0);
	assert_int_equal(cache_group_size(&got, &got.groups[1]), 5);
	assert_int_equal(cache_index_find(&got, &id)->group, 1);
	assert_int_equal(cache_index_find(&got, &id)->created_s, 12);
	assert_int_equal(cache_index_find(&got, &id)->cost_ms, 34);
	assert_null(cache_index_find(&got, &got.groups[0].id));
}

#define MANIFEST(type, layers)                                                                 \
	"{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX \
	"\",\"size\":2},\"layers\":[" layers "]}"
#define LAYER(type, size) \
	"{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX "\",\"size\":" size "}"

static void test_other_artifacts_are_called_by_their_names(void **state)
{
	(void)state;
	refuse(-EOPNOTSUPP, "in BuildKit's format", cache_manifest_parse,
	       MANIFEST("application/vnd.buildkit.cacheconfig.v0", ""));
	refuse(-EOPNOTSUPP, "in BuildKit's format", cache_manifest_parse,
	       "{\"manifests\":[{\"mediaType\":\"" OCI "manifest.v1+json\"},"
	       "{\"mediaType\":\"application/vnd.buildkit.cacheconfig.v0\"}]}");
	refuse(-EOPNOTSUPP, "an index of images", cache_manifest_parse, "{\"manifests\":[]}");
	refuse(-EOPNOTSUPP, "it is an image", cache_manifest_parse,
	       MANIFEST(OCI "config.v1+json", ""));
	refuse(-EOPNOTSUPP, "cache.config.v2+json', which is no cache", cache_manifest_parse,
	       MANIFEST("application/vnd.varve.cache.config.v2+json", ""));
	refuse(-EOPNOTSUPP, "layer 0 is of media type 'x'", cache_manifest_parse,
	       MANIFEST(CACHE_MEDIA_CONFIG, LAYER("x", "1")));
	refuse(-E2BIG, "layer 0 has more than", cache_manifest_parse,
	       MANIFEST(CACHE_MEDIA_CONFIG, LAYER(CACHE_MEDIA_OBJECTS, "1073741825")));
	refuse(-EINVAL, ".config is missing", cache_manifest_parse, "{}");
}

static void test_positions_lead_somewhere(void **state)
{
	(void)state;
	refuse(-EINVAL, ".groups is missing", cache_config_parse, "{\"steps\":[]}");
	refuse(-EINVAL, ".steps is missing", cache_config_parse, "{\"groups\":[]}");
	refuse(-EINVAL, "no position", cache_config_parse,
	       "{\"groups\":[{\"id\":\"" HEX "\",\"blobs\":[0],\"needs\":[]}],\"steps\":[]}");
	refuse(-EINVAL, "no position", cache_config_parse,
	       "{\"groups\":[{\"id\":\"" HEX "\",\"blobs\":[],\"needs\":[1]}],\"steps\":[]}");
	refuse(-EINVAL, "below zero", cache_config_parse,
	       "{\"groups\":[{\"id\":\"" HEX "\",\"blobs\":[-1],\"needs\":[]}],\"steps\":[]}");
	refuse(-EINVAL, "longer than what there is", cache_config_parse,
	       "{\"groups\":[{\"id\":\"" HEX "\",\"blobs\":[],\"needs\":[0,0]}],\"steps\":[]}");
	refuse(-EINVAL, "no id", cache_config_parse,
	       "{\"groups\":[{\"id\":\"0\",\"blobs\":[],\"needs\":[]}],\"steps\":[]}");
	refuse(-EINVAL, "no position of a group", cache_config_parse,
	       "{\"groups\":[],\"steps\":[{\"key\":\"" HEX
	       "\",\"group\":0,\"created\":0,\"cost\":0}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_other_artifacts_are_called_by_their_names),
		cmocka_unit_test(test_positions_lead_somewhere),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
