/* SPDX-License-Identifier: Apache-2.0 */
/* Images as OCI layouts and as what `docker load` reads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/export/export_internal.h"
#include "builder/export/originals.h"
#include "builder/image/layout.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define DOCKER_ZSTD "compression=zstd needs the media types of OCI: oci-mediatypes=false is ignored"

/* ---- annotations ---- */

static void add_annotations(const struct output *output, enum annotation_level level,
			    const struct platform *platform, struct string_map *ret)
{
	for (size_t i = 0; i < output->annotation_count; i++) {
		const struct output_annotation *annotation = &output->annotations[i];

		if (annotation->level != level ||
		    (annotation->has_platform &&
		     !(platform && platform_equal(&annotation->platform, platform))))
			continue;
		string_map_set(ret, annotation->key, annotation->value);
	}
}

/* ---- assembling ---- */

static int assemble_one(const struct export *export, const struct originals *originals,
			size_t index, bool docker, struct image *ret, struct error *err)
{
	cleanup_with(string_map_release) struct string_map annotations = { 0 };
	const struct output *output = export->output;
	const struct export_image *from = &export->images[index];
	struct platform platform = from->platform;
	struct image_options options = {
		.layers = { .compression = output->compression,
			    .level = output->level,
			    .force = output->force_compression,
			    .has_epoch = export->has_epoch && output->rewrite_timestamp,
			    .epoch_s = export->epoch_s },
		.docker = docker,
		.annotations = &annotations,
		.has_epoch = export->has_epoch,
		.epoch_s = export->epoch_s,
		.base_history = from->base_history,
	};
	int r;

	platform_normalize(&platform);
	originals_set_format(originals, &options.layers);
	add_annotations(output, ANNOTATION_MANIFEST, &platform, &annotations);
	r = image_assemble(export->store, originals_cache(originals), &from->snapshot, &options,
			   export->progress, ret, err);
	if (r == 0)
		add_annotations(output, ANNOTATION_MANIFEST_DESCRIPTOR, &platform,
				&ret->descriptor.annotations);
	return r;
}

static void make_index(const struct output *output, bool docker, struct assembled *assembled)
{
	cleanup_with(image_index_release) struct image_index index = { .docker = docker };
	struct object_id digest;

	for (size_t i = 0; i < assembled->count; i++)
		descriptor_copy(image_index_add(&index), &assembled->images[i].descriptor);
	add_annotations(output, ANNOTATION_INDEX, NULL, &index.annotations);
	image_index_write(&index, &assembled->index);
	digest = object_id_of(assembled->index.data, assembled->index.length);
	descriptor_set(&assembled->descriptor, docker ? MEDIA_DOCKER_INDEX : MEDIA_OCI_INDEX,
		       &digest, assembled->index.length);
	add_annotations(output, ANNOTATION_INDEX_DESCRIPTOR, NULL,
			&assembled->descriptor.annotations);
	assembled->has_index = true;
}

/* Docker has no media type that all its readers know for zstd. */
static bool wants_docker_types(const struct output *output, struct export_result *result)
{
	if (!output->docker_types || output->compression != COMPRESSION_ZSTD)
		return output->docker_types;
	if (!strings_contain(&result->warnings, DOCKER_ZSTD))
		strings_add(&result->warnings, DOCKER_ZSTD);
	return false;
}

int export_assemble(const struct export *export, const struct originals *originals,
		    struct export_result *result, struct assembled *ret, struct error *err)
{
	struct assembled assembled = { 0 };
	bool docker = wants_docker_types(export->output, result);
	int r = 0;

	assembled.images = xcalloc(export->count, sizeof *assembled.images);
	for (size_t i = 0; i < export->count && r == 0; i++) {
		r = assemble_one(export, originals, i, docker, &assembled.images[i], err);
		assembled.count += r == 0;
	}
	if (r < 0) {
		assembled_release(&assembled);
		return r;
	}
	if (export_is_index(export))
		make_index(export->output, docker, &assembled);
	else
		descriptor_copy(&assembled.descriptor, &assembled.images[0].descriptor);
	result->has_digests = true;
	result->has_index = assembled.has_index;
	result->config_digest = assembled.images[0].config_descriptor.digest;
	descriptor_release(&result->descriptor);
	descriptor_copy(&result->descriptor, &assembled.descriptor);
	*ret = assembled;
	return 0;
}

void assembled_release(struct assembled *assembled)
{
	for (size_t i = 0; i < assembled->count; i++)
		image_release(&assembled->images[i]);
	free(assembled->images);
	buf_release(&assembled->index);
	descriptor_release(&assembled->descriptor);
	*assembled = (struct assembled){ 0 };
}

void assembled_set(const struct assembled *assembled, struct layout_image *ret)
{
	ret->images = assembled->images;
	ret->count = assembled->count;
	ret->descriptor = &assembled->descriptor;
	ret->index = assembled->has_index ? &assembled->index : NULL;
}

/* ---- writing ---- */

/* With a file for each layer. */
static int assemble_whole(const struct export *export, struct export_result *result,
			  struct assembled *ret, struct error *err)
{
	cleanup_with(originals_close) struct originals *originals = NULL;
	int r = originals_open(export, &originals, err);

	while (r == 0) {
		r = export_assemble(export, originals, result, ret, err);
		if (r < 0)
			break;
		r = originals_open_all(originals, ret, err);
		if (r == 0)
			break;
		assembled_release(ret);
		if (r == -ENODATA && originals_are_lost(originals, result))
			r = 0;
	}
	return r;
}

int export_to_layout(const struct export *export, struct export_result *result, struct error *err)
{
	cleanup_with(assembled_release) struct assembled assembled = { 0 };
	cleanup_with(out_file_release) struct out_file file = { .fd = -1 };
	const struct output *output = export->output;
	struct layout_image image = { .names = &result->names };
	const struct layout_write write = { .images = &image,
					    .count = 1,
					    .docker_archive = output->type == OUTPUT_DOCKER,
					    .progress = export->progress };
	struct guard_sink guard;
	struct file_sink sink;
	int r = 0;

	/* Where it goes is looked at first: layers are work. */
	if (!output->directory)
		r = out_file_open(output->dest, &file, err);
	if (r == 0)
		r = assemble_whole(export, result, &assembled, err);
	if (r < 0)
		return r;
	assembled_set(&assembled, &image);
	if (output->directory)
		return layout_write_directory(&write, output->dest, err);
	file_sink_init(&sink, file.fd, output->dest ? output->dest : "standard output");
	guard_sink_init(&guard, &sink.base, export->progress);
	r = layout_write_archive(&write, &guard.base, err);
	return r < 0 ? r : out_file_keep(&file, err);
}
