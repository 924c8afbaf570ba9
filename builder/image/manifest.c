/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/manifest.h"

#include <errno.h>
#include <string.h>

#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

struct descriptor *manifest_add_layer(struct manifest *manifest)
{
	array_reserve_one(manifest->layers, manifest->layer_count, manifest->layer_capacity);
	manifest->layers[manifest->layer_count] = (struct descriptor){ 0 };
	return &manifest->layers[manifest->layer_count++];
}

struct descriptor *image_index_add(struct image_index *index)
{
	array_reserve_one(index->manifests, index->count, index->capacity);
	index->manifests[index->count] = (struct descriptor){ 0 };
	return &index->manifests[index->count++];
}

/* ---- reading ---- */

/* Documents of version 2 only: version 1 was signed and had its layers inside out. */
static int check_version(const struct json_value *root, struct error *err)
{
	int64_t version = 0;
	int r = json_get_i64(root, "schemaVersion", &version, err);

	if (r < 0)
		return r;
	if (r > 0 && version == 1)
		return error_set(
			err, -EOPNOTSUPP,
			"%s: a manifest of schema 1, which is not supported; copy the image "
			"with 'skopeo copy --format oci' first",
			root->key);
	if (r == 0 || version != 2)
		return json_complain(root, err, "no document of schema version 2");
	return 0;
}

/* Its own media type is optional in OCI; without one `fallback` tells. */
static int check_media_type(const struct json_value *root, enum media_kind kind, bool *ret_docker,
			    struct error *err)
{
	const char *type;
	int r = json_get_string(root, "mediaType", &type, err);

	if (r < 0)
		return r;
	*ret_docker = r > 0 && strstr(type, "docker");
	if (r > 0 && media_kind(type) != kind)
		return json_complain(root, err, "of media type '%.100s', which is not %s", type,
				     kind == MEDIA_INDEX ? "an index" : "an image");
	return 0;
}

static int read_layers(const struct json_value *root, struct manifest *ret, struct error *err)
{
	struct json_value layers;
	int r = json_need_array(root, "layers", &layers, err);

	if (r < 0)
		return r;
	if (json_array_length(&layers) > MANIFEST_LAYERS_MAX)
		return error_set(err, -E2BIG, "%s: more than %d layers", root->key,
				 MANIFEST_LAYERS_MAX);
	for (size_t i = 0; i < json_array_length(&layers); i++) {
		struct json_value item;
		struct descriptor *layer = manifest_add_layer(ret);

		json_array_item(&layers, i, &item);
		r = descriptor_read(&item, layer, err);
		if (r < 0)
			return r;
		if (media_kind(layer->media_type) != MEDIA_LAYER)
			return error_set(
				err, -EOPNOTSUPP,
				"%s: layer %zu is of media type '%.100s', which is no layer "
				"of a file tree",
				root->key, i, layer->media_type ? layer->media_type : "");
	}
	return 0;
}

static int read_manifest(const struct json_value *root, struct manifest *ret, struct error *err)
{
	struct json_value config;
	int r = check_version(root, err);

	if (r == 0)
		r = check_media_type(root, MEDIA_MANIFEST, &ret->docker, err);
	if (r == 0)
		r = json_need_object(root, "config", &config, err);
	if (r == 0)
		r = descriptor_read(&config, &ret->config, err);
	if (r < 0)
		return r;
	if (media_kind(ret->config.media_type) != MEDIA_CONFIG)
		return error_set(err, -EOPNOTSUPP, "%s: an artifact of type '%.100s', not an image",
				 root->key, ret->config.media_type ? ret->config.media_type : "");
	r = read_layers(root, ret, err);
	return r < 0 ? r : json_get_map(root, "annotations", &ret->annotations, err);
}

int manifest_parse(const void *data, size_t size, const char *name, struct manifest *ret,
		   struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	struct manifest manifest = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = read_manifest(&document.root, &manifest, err);
	if (r < 0) {
		manifest_release(&manifest);
		return r;
	}
	*ret = manifest;
	return 0;
}

static int read_index(const struct json_value *root, struct image_index *ret, struct error *err)
{
	struct json_value manifests;
	int r = check_version(root, err);

	if (r == 0)
		r = check_media_type(root, MEDIA_INDEX, &ret->docker, err);
	if (r == 0)
		r = json_need_array(root, "manifests", &manifests, err);
	if (r < 0)
		return r;
	if (json_array_length(&manifests) > INDEX_MANIFESTS_MAX)
		return error_set(err, -E2BIG, "%s: more than %d manifests", root->key,
				 INDEX_MANIFESTS_MAX);
	for (size_t i = 0; i < json_array_length(&manifests); i++) {
		struct descriptor *entry = image_index_add(ret);
		struct json_value item;

		json_array_item(&manifests, i, &item);
		r = descriptor_read(&item, entry, err);
		if (r < 0)
			return r;
		platform_normalize(&entry->platform);
	}
	return json_get_map(root, "annotations", &ret->annotations, err);
}

int image_index_parse(const void *data, size_t size, const char *name, struct image_index *ret,
		      struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	struct image_index index = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = read_index(&document.root, &index, err);
	if (r < 0) {
		image_index_release(&index);
		return r;
	}
	*ret = index;
	return 0;
}

/* ---- writing ---- */

void manifest_write(const struct manifest *manifest, struct buf *ret)
{
	struct json_writer writer = { .out = ret };

	json_begin(&writer, NULL, '{');
	json_put_i64(&writer, "schemaVersion", 2);
	json_put_string(&writer, "mediaType",
			manifest->docker ? MEDIA_DOCKER_MANIFEST : MEDIA_OCI_MANIFEST);
	descriptor_write(&writer, "config", &manifest->config);
	json_begin(&writer, "layers", '[');
	for (size_t i = 0; i < manifest->layer_count; i++)
		descriptor_write(&writer, NULL, &manifest->layers[i]);
	json_end(&writer, ']');
	if (manifest->annotations.count)
		json_put_map(&writer, "annotations", &manifest->annotations);
	json_end(&writer, '}');
}

void image_index_write(const struct image_index *index, struct buf *ret)
{
	struct json_writer writer = { .out = ret };

	json_begin(&writer, NULL, '{');
	json_put_i64(&writer, "schemaVersion", 2);
	json_put_string(&writer, "mediaType", index->docker ? MEDIA_DOCKER_INDEX : MEDIA_OCI_INDEX);
	json_begin(&writer, "manifests", '[');
	for (size_t i = 0; i < index->count; i++)
		descriptor_write(&writer, NULL, &index->manifests[i]);
	json_end(&writer, ']');
	if (index->annotations.count)
		json_put_map(&writer, "annotations", &index->annotations);
	json_end(&writer, '}');
}

void manifest_release(struct manifest *manifest)
{
	descriptor_release(&manifest->config);
	for (size_t i = 0; i < manifest->layer_count; i++)
		descriptor_release(&manifest->layers[i]);
	free(manifest->layers);
	string_map_release(&manifest->annotations);
	*manifest = (struct manifest){ 0 };
}

void image_index_release(struct image_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		descriptor_release(&index->manifests[i]);
	free(index->manifests);
	string_map_release(&index->annotations);
	*index = (struct image_index){ 0 };
}

/* ---- choosing ---- */

bool descriptor_is_attestation(const struct descriptor *descriptor)
{
	return string_map_get(&descriptor->annotations, "vnd.docker.reference.type") ||
	       strcmp(descriptor->platform.os, "unknown") == 0;
}

const struct descriptor *image_index_choose(const struct image_index *index,
					    const struct platform *want)
{
	const struct descriptor *best = NULL, *unsaid = NULL;
	unsigned best_rank = 0;

	for (size_t i = 0; i < index->count; i++) {
		const struct descriptor *entry = &index->manifests[i];
		unsigned rank;

		if (descriptor_is_attestation(entry))
			continue;
		if (!descriptor_has_platform(entry)) {
			if (!unsaid)
				unsaid = entry;
			continue;
		}
		rank = platform_match(want, &entry->platform);
		if (rank > best_rank) {
			best = entry;
			best_rank = rank;
		}
	}
	return best ? best : unsaid;
}

char *image_index_platforms(const struct image_index *index)
{
	cleanup_with(strings_release) struct strings list = { 0 };

	for (size_t i = 0; i < index->count; i++) {
		char text[PLATFORM_TEXT_MAX];

		if (descriptor_is_attestation(&index->manifests[i]) ||
		    !descriptor_has_platform(&index->manifests[i]))
			continue;
		platform_format(&index->manifests[i].platform, text);
		if (!strings_contain(&list, text))
			strings_add(&list, text);
	}
	return strings_join(&list, ", ");
}
