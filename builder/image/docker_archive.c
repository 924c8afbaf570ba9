/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/docker_archive.h"

#include <errno.h>
#include <stdlib.h>

#include "builder/image/assemble.h"
#include "builder/image/json.h"
#include "builder/image/layout_internal.h"
#include "builder/image/reference.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

static struct docker_image *add_image(struct docker_manifest *manifest)
{
	array_reserve_one(manifest->images, manifest->count, manifest->capacity);
	manifest->images[manifest->count] = (struct docker_image){ 0 };
	return &manifest->images[manifest->count++];
}

static int read_image(const struct json_value *value, struct docker_image *ret, struct error *err)
{
	const char *config = NULL;
	int r = json_need_string(value, "Config", &config, err);

	if (r < 0)
		return r;
	ret->config = xstrdup(config);
	r = json_get_strings(value, "RepoTags", &ret->names, err);
	if (r >= 0)
		r = json_get_strings(value, "Layers", &ret->layers, err);
	if (r < 0)
		return r;
	if (ret->layers.count > MANIFEST_LAYERS_MAX)
		return error_set(err, -E2BIG, LAYOUT_DOCKER_NAME ": more than %d layers",
				 MANIFEST_LAYERS_MAX);
	return 0;
}

static int read_images(const struct json_value *root, struct docker_manifest *ret,
		       struct error *err)
{
	size_t count = json_array_length(root);

	if (count > DOCKER_IMAGES_MAX)
		return error_set(err, -E2BIG, LAYOUT_DOCKER_NAME ": more than %d images",
				 DOCKER_IMAGES_MAX);
	if (count == 0)
		return json_complain(root, err, "no list of images");
	for (size_t i = 0; i < count; i++) {
		struct json_value item;
		int r;

		json_array_item(root, i, &item);
		r = read_image(&item, add_image(ret), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int docker_manifest_parse(const void *data, size_t size, struct docker_manifest *ret,
			  struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	struct docker_manifest manifest = { 0 };
	int r = json_document_parse(data, size, LAYOUT_DOCKER_NAME, &document, err);

	if (r == 0)
		r = read_images(&document.root, &manifest, err);
	if (r < 0) {
		docker_manifest_release(&manifest);
		return r;
	}
	*ret = manifest;
	return 0;
}

void docker_manifest_release(struct docker_manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++) {
		free(manifest->images[i].config);
		strings_release(&manifest->images[i].names);
		strings_release(&manifest->images[i].layers);
	}
	free(manifest->images);
	*manifest = (struct docker_manifest){ 0 };
}

/* Docker takes names with tags only, and likes them short. */
static void write_names(struct json_writer *writer, const struct strings *names)
{
	json_begin(writer, "RepoTags", '[');
	for (size_t i = 0; names && i < names->count; i++) {
		cleanup_with(reference_release) struct reference reference = { 0 };
		cleanup_free char *familiar = NULL;

		if (reference_parse(names->items[i], &reference, NULL) < 0 || !reference.tag)
			continue;
		reference.has_digest = false;
		familiar = reference_familiar(&reference);
		json_put_string(writer, NULL, familiar);
	}
	json_end(writer, ']');
}

static void write_image(struct json_writer *writer, const struct image *image,
			const struct strings *names)
{
	char name[LAYOUT_BLOB_NAME_SIZE];

	json_begin(writer, NULL, '{');
	layout_blob_name(&image->config_descriptor.digest, name);
	json_put_string(writer, "Config", name);
	write_names(writer, names);
	json_begin(writer, "Layers", '[');
	for (size_t i = 0; i < image->layer_count; i++) {
		layout_blob_name(&image->layers[i].digest, name);
		json_put_string(writer, NULL, name);
	}
	json_end(writer, ']');
	json_end(writer, '}');
}

void docker_manifest_write(const struct layout_write *write, struct buf *ret)
{
	struct json_writer writer = { .out = ret };

	json_begin(&writer, NULL, '[');
	for (size_t i = 0; i < write->count; i++) {
		const struct layout_image *item = &write->images[i];

		for (size_t j = 0; j < item->count; j++)
			write_image(&writer, &item->images[j], item->names);
	}
	json_end(&writer, ']');
}
