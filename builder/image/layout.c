/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layout.h"

#include <stdio.h>
#include <string.h>

#include "builder/image/assemble.h"
#include "builder/image/docker_archive.h"
#include "builder/image/layout_internal.h"
#include "builder/image/reference.h"
#include "builder/image/tar/tar_write.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"
#include "fs/object/id_set.h"

const char layout_mark[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

void layout_blob_name(const struct object_id *digest, char ret[LAYOUT_BLOB_NAME_SIZE])
{
	snprintf(ret, LAYOUT_BLOB_NAME_SIZE, "blobs/sha256/%s", object_id_hex(digest).text);
}

/* ---- blobs ---- */

static int put_document(struct layout_place *place, struct id_set *done,
			const struct descriptor *descriptor, const struct buf *bytes,
			struct error *err)
{
	char name[LAYOUT_BLOB_NAME_SIZE];

	if (!id_set_add(done, &descriptor->digest))
		return 0;
	layout_blob_name(&descriptor->digest, name);
	return place->put_bytes(place, name, bytes->data, bytes->length, err);
}

static int put_layers(const struct layout_write *write, const struct image *image,
		      struct layout_place *place, struct id_set *done, struct error *err)
{
	uint64_t total = 0, written = 0;

	for (size_t i = 0; i < image->layer_count; i++)
		total += image->layers[i].blob_size;
	for (size_t i = 0; i < image->layer_count; i++) {
		const struct layer_blob *layer = &image->layers[i];
		char name[LAYOUT_BLOB_NAME_SIZE];
		int r;

		written += layer->blob_size;
		if (!id_set_add(done, &layer->digest))
			continue;
		layout_blob_name(&layer->digest, name);
		r = progress_check(write->progress, err);
		if (r < 0)
			return r;
		r = place->put_file(place, name, layer->fd, layer->blob_size, err);
		if (r < 0)
			return r;
		progress_report(write->progress, "writing layers", written, total);
	}
	return 0;
}

static int put_image(const struct layout_write *write, const struct image *image,
		     struct layout_place *place, struct id_set *done, struct error *err)
{
	int r = put_layers(write, image, place, done, err);

	if (r == 0)
		r = put_document(place, done, &image->config_descriptor, &image->config, err);
	return r < 0 ? r : put_document(place, done, &image->descriptor, &image->manifest, err);
}

int layout_put_blobs(const struct layout_write *write, struct layout_place *place,
		     struct error *err)
{
	struct id_set done = { 0 };
	int r = 0;

	for (size_t i = 0; i < write->count && r == 0; i++) {
		const struct layout_image *item = &write->images[i];

		for (size_t j = 0; j < item->count && r == 0; j++)
			r = put_image(write, &item->images[j], place, &done, err);
		if (r == 0 && item->index)
			r = put_document(place, &done, item->descriptor, item->index, err);
	}
	id_set_release(&done);
	return r;
}

/* ---- index ---- */

/* OCI wants a tag where there is one, else the whole. */
static void set_names(struct descriptor *entry, const char *name)
{
	cleanup_with(reference_release) struct reference reference = { 0 };
	bool parsed = reference_parse(name, &reference, NULL) == 0;

	string_map_set(&entry->annotations, ANNOTATION_FULL_NAME, name);
	string_map_set(&entry->annotations, ANNOTATION_REF_NAME,
		       parsed && reference.tag && !reference.has_digest ? reference.tag : name);
}

static bool has_name(const struct descriptor *entry, const char *name)
{
	const char *full = string_map_get(&entry->annotations, ANNOTATION_FULL_NAME);

	return full && strcmp(full, name) == 0;
}

/* Take out the entries that the new one takes the place of. */
static void remove_replaced(struct image_index *index, const struct descriptor *by,
			    const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < index->count; i++) {
		struct descriptor *entry = &index->manifests[i];
		bool same = object_id_equal(&entry->digest, &by->digest);
		bool unnamed = !string_map_get(&entry->annotations, ANNOTATION_REF_NAME);

		if (name ? has_name(entry, name) || (same && unnamed) : same && unnamed)
			descriptor_release(entry);
		else
			index->manifests[kept++] = *entry;
	}
	index->count = kept;
}

static void add_entry(struct image_index *index, const struct layout_image *item, const char *name)
{
	struct descriptor *entry;

	remove_replaced(index, item->descriptor, name);
	entry = image_index_add(index);
	descriptor_copy(entry, item->descriptor);
	if (item->count && item->images[0].created)
		string_map_set(&entry->annotations, ANNOTATION_CREATED, item->images[0].created);
	if (name)
		set_names(entry, name);
}

void layout_add_to_index(const struct layout_write *write, struct image_index *index)
{
	for (size_t i = 0; i < write->count; i++) {
		const struct layout_image *item = &write->images[i];

		if (!item->names || !item->names->count)
			add_entry(index, item, NULL);
		for (size_t j = 0; item->names && j < item->names->count; j++)
			add_entry(index, item, item->names->items[j]);
	}
}

/* ---- archive ---- */

struct archive_place {
	struct layout_place base;
	struct tar_writer tar;
};

static int begin_file(struct archive_place *place, const char *name, uint64_t size,
		      struct error *err)
{
	const struct tar_item item = { .type = TAR_FILE, .name = name, .mode = 0444, .size = size };

	return tar_writer_begin(&place->tar, &item, err);
}

static int archive_put_bytes(struct layout_place *base, const char *name, const void *data,
			     size_t size, struct error *err)
{
	struct archive_place *place = (struct archive_place *)base;
	int r = begin_file(place, name, size, err);

	return r < 0 ? r : tar_writer_add(&place->tar, data, size, err);
}

static int archive_put_file(struct layout_place *base, const char *name, int fd, uint64_t size,
			    struct error *err)
{
	struct archive_place *place = (struct archive_place *)base;
	cleanup_free char *buffer = xmalloc((size_t)1 << 20);
	struct file_source source;
	int r = begin_file(place, name, size, err);

	file_source_init(&source, fd, 0, size);
	while (r == 0) {
		ssize_t n = source.base.read(&source.base, buffer, (size_t)1 << 20, err);

		if (n <= 0)
			return (int)n;
		r = tar_writer_add(&place->tar, buffer, (size_t)n, err);
	}
	return r;
}

static int put_directories(struct archive_place *place, struct error *err)
{
	struct tar_item item = { .type = TAR_DIR, .name = "blobs", .mode = 0755 };
	int r = tar_writer_begin(&place->tar, &item, err);

	item.name = "blobs/sha256";
	return r < 0 ? r : tar_writer_begin(&place->tar, &item, err);
}

int layout_write_archive(const struct layout_write *write, struct byte_sink *sink,
			 struct error *err)
{
	struct archive_place place = { .base = { archive_put_bytes, archive_put_file },
				       .tar.sink = sink };
	cleanup_with(image_index_release) struct image_index index = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = put_directories(&place, err);

	if (r == 0)
		r = layout_put_blobs(write, &place.base, err);
	layout_add_to_index(write, &index);
	image_index_write(&index, &text);
	if (r == 0)
		r = archive_put_bytes(&place.base, LAYOUT_INDEX_NAME, text.data, text.length, err);
	buf_clear(&text);
	docker_manifest_write(write, &text);
	if (r == 0 && write->docker_archive)
		r = archive_put_bytes(&place.base, LAYOUT_DOCKER_NAME, text.data, text.length, err);
	if (r == 0)
		r = archive_put_bytes(&place.base, LAYOUT_MARK_NAME, layout_mark,
				      strlen(layout_mark), err);
	return r < 0 ? r : tar_writer_finish(&place.tar, err);
}
