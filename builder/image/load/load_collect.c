/* SPDX-License-Identifier: Apache-2.0 */
/* What images there are in a layout, or in an archive of `docker save`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/docker_archive.h"
#include "builder/image/json.h"
#include "builder/image/layout_internal.h"
#include "builder/image/load/load_internal.h"
#include "builder/image/reference.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"

#define CANDIDATES_MAX 4096
/* Indexes in indexes. */
#define DEPTH_MAX 4

/* ---- lists ---- */

struct load_candidate *load_candidates_add(struct load_candidates *list)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count] = (struct load_candidate){ 0 };
	return &list->items[list->count++];
}

static void release(struct load_candidate *candidate)
{
	strings_release(&candidate->words);
	strings_release(&candidate->names);
	strings_release(&candidate->layer_files);
	descriptor_release(&candidate->descriptor);
	manifest_release(&candidate->manifest);
	buf_release(&candidate->document);
	config_release(&candidate->config);
}

void load_candidates_remove(struct load_candidates *list, size_t index)
{
	release(&list->items[index]);
	memmove(&list->items[index], &list->items[index + 1],
		(list->count - index - 1) * sizeof *list->items);
	list->count--;
}

void load_candidates_release(struct load_candidates *list)
{
	for (size_t i = 0; i < list->count; i++)
		release(&list->items[i]);
	free(list->items);
	*list = (struct load_candidates){ 0 };
}

void load_candidate_name(struct load_candidate *candidate, const char *name)
{
	char *whole;

	if (reference_normalize(name, &whole, NULL) < 0)
		return;
	if (strings_contain(&candidate->names, whole))
		free(whole);
	else
		strings_take(&candidate->names, whole);
}

/* ---- OCI ---- */

/* An index that is still to be looked into. */
struct pending_index {
	struct descriptor descriptor; /* with the annotations that name it */
	unsigned depth, group;
	struct object_id top;
	bool has_top;
};

struct oci_collect {
	struct load_files *files;
	struct load_candidates *list;
	struct pending_index *pending;
	size_t count, capacity;
	unsigned groups;
};

static void take_names(const struct string_map *annotations, struct load_candidate *candidate)
{
	const char *full = string_map_get(annotations, ANNOTATION_FULL_NAME);
	const char *word = string_map_get(annotations, ANNOTATION_REF_NAME);

	if (full) {
		strings_add(&candidate->words, full);
		load_candidate_name(candidate, full);
	}
	if (!word)
		return;
	strings_add(&candidate->words, word);
	/* "12" is a tag of nobody knows what. */
	if (!full && strpbrk(word, "/:"))
		load_candidate_name(candidate, word);
}

/* The same image may be there under several names. */
static struct load_candidate *find_same(const struct load_candidates *list,
					const struct descriptor *descriptor,
					const struct pending_index *in)
{
	for (size_t i = 0; i < list->count; i++) {
		struct load_candidate *candidate = &list->items[i];

		if (object_id_equal(&candidate->descriptor.digest, &descriptor->digest) &&
		    candidate->has_top == in->has_top &&
		    (!in->has_top || object_id_equal(&candidate->top, &in->top)))
			return candidate;
	}
	return NULL;
}

static bool share_a_word(const struct strings *a, const struct strings *b)
{
	for (size_t i = 0; i < a->count; i++) {
		if (strings_contain(b, a->items[i]))
			return true;
	}
	return !a->count && !b->count;
}

/* Images that stand side by side under one name are one thing for several platforms. */
static unsigned group_of(struct oci_collect *run, const struct load_candidate *candidate)
{
	for (size_t i = 0; i < run->list->count; i++) {
		const struct load_candidate *other = &run->list->items[i];

		if (other != candidate && !other->has_top &&
		    share_a_word(&other->words, &candidate->words))
			return other->group;
	}
	return ++run->groups;
}

static int add_manifest(struct oci_collect *run, const struct descriptor *descriptor,
			const struct pending_index *in, struct error *err)
{
	struct load_candidate *candidate = find_same(run->list, descriptor, in);
	const struct string_map *names =
		in->has_top ? &in->descriptor.annotations : &descriptor->annotations;

	if (candidate) {
		take_names(names, candidate);
		return 0;
	}
	if (run->list->count == CANDIDATES_MAX)
		return error_set(err, -E2BIG, "more than %d images", CANDIDATES_MAX);
	candidate = load_candidates_add(run->list);
	candidate->has_digest = true;
	candidate->has_top = in->has_top;
	candidate->top = in->top;
	descriptor_copy(&candidate->descriptor, descriptor);
	candidate->platform = descriptor->platform;
	take_names(names, candidate);
	candidate->group = in->has_top ? in->group : group_of(run, candidate);
	return 0;
}

static int add_index(struct oci_collect *run, const struct descriptor *descriptor,
		     const struct pending_index *in, struct error *err)
{
	struct pending_index *next;

	if (in->depth == DEPTH_MAX || run->count == CANDIDATES_MAX)
		return error_set(err, -E2BIG, "too many indexes in indexes");
	array_reserve_one(run->pending, run->count, run->capacity);
	next = &run->pending[run->count++];
	*next = (struct pending_index){ .depth = in->depth + 1, .has_top = true };
	descriptor_copy(&next->descriptor, descriptor);
	next->group = in->has_top ? in->group : ++run->groups;
	next->top = in->has_top ? in->top : descriptor->digest;
	/* what it is called is told by the outermost */
	if (in->has_top) {
		string_map_release(&next->descriptor.annotations);
		string_map_set_all(&next->descriptor.annotations, &in->descriptor.annotations);
	}
	return 0;
}

static int read_entries(struct oci_collect *run, const struct buf *text, const char *name,
			const struct pending_index *in, struct error *err)
{
	cleanup_with(image_index_release) struct image_index index = { 0 };
	int r = image_index_parse(text->data, text->length, name, &index, err);

	for (size_t i = 0; i < index.count && r == 0; i++) {
		const struct descriptor *entry = &index.manifests[i];
		enum media_kind kind = media_kind(entry->media_type);

		if (descriptor_is_attestation(entry))
			continue;
		if (kind == MEDIA_INDEX)
			r = add_index(run, entry, in, err);
		else if (kind == MEDIA_MANIFEST)
			r = add_manifest(run, entry, in, err);
	}
	return r;
}

static int read_pending(struct oci_collect *run, struct error *err)
{
	int r = 0;

	while (r == 0 && run->count) {
		struct pending_index in = run->pending[--run->count];
		cleanup_with(buf_release) struct buf text = { 0 };

		r = load_files_read_blob(run->files, &in.descriptor, JSON_DOCUMENT_MAX, &text, err);
		if (r == 0)
			r = read_entries(run, &text, digest_text(&in.descriptor.digest).text, &in,
					 err);
		descriptor_release(&in.descriptor);
	}
	return r;
}

int load_oci_collect(struct load_files *files, struct load_candidates *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct oci_collect run = { .files = files, .list = ret };
	const struct pending_index outermost = { 0 };
	int r = load_files_read(files, LAYOUT_INDEX_NAME, JSON_DOCUMENT_MAX, &text, err);

	if (r <= 0)
		return r;
	r = read_entries(&run, &text, LAYOUT_INDEX_NAME, &outermost, err);
	if (r == 0)
		r = read_pending(&run, err);
	while (run.count)
		descriptor_release(&run.pending[--run.count].descriptor);
	free(run.pending);
	return r < 0 ? r : 1;
}

/* ---- one image ---- */

static int read_config(const char *name, struct load_candidate *candidate, struct error *err)
{
	int r = config_parse(candidate->document.data, candidate->document.length, name,
			     &candidate->config, err);

	if (r < 0)
		return r;
	candidate->platform = candidate->config.platform;
	if (descriptor_has_platform(&candidate->descriptor))
		candidate->platform = candidate->descriptor.platform;
	platform_normalize(&candidate->platform);
	if (candidate->config.diff_id_count != candidate->layer_files.count)
		return error_set(err, -EINVAL, "%s: it has %zu layers, its configuration %zu", name,
				 candidate->layer_files.count, candidate->config.diff_id_count);
	return 0;
}

int load_oci_read(struct load_files *files, struct load_candidate *candidate, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const struct descriptor *descriptor = &candidate->descriptor;
	struct digest_text name = digest_text(&descriptor->digest);
	const struct descriptor *config = &candidate->manifest.config;
	int r = load_files_read_blob(files, descriptor, JSON_DOCUMENT_MAX, &text, err);

	if (r == 0)
		r = manifest_parse(text.data, text.length, name.text, &candidate->manifest, err);
	if (r == 0)
		r = load_files_read_blob(files, config, JSON_DOCUMENT_MAX, &candidate->document,
					 err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < candidate->manifest.layer_count; i++) {
		char file[LAYOUT_BLOB_NAME_SIZE];

		layout_blob_name(&candidate->manifest.layers[i].digest, file);
		strings_add(&candidate->layer_files, file);
	}
	return read_config(name.text, candidate, err);
}

/* ---- docker ---- */

/* "blobs/sha256/HEX" or "HEX.json": then the name has to be true. */
static int check_name(const char *name, const struct buf *document, struct error *err)
{
	cleanup_free char *hex = xstrndup(path_base(name), OBJECT_ID_HEX_SIZE - 1);
	struct object_id want, got = object_id_of(document->data, document->length);

	if (object_id_parse(hex, &want) < 0 || object_id_equal(&want, &got))
		return 0;
	return error_set(err, -EBADMSG, "'%s' is not what its name says", name);
}

static int add_docker_image(struct load_files *files, const struct docker_image *image,
			    struct load_candidate *candidate, struct error *err)
{
	int r = load_files_read(files, image->config, JSON_DOCUMENT_MAX, &candidate->document, err);

	if (r == 0)
		return error_set(err, -ENOENT, "'%s' is missing", image->config);
	if (r > 0)
		r = check_name(image->config, &candidate->document, err);
	if (r < 0)
		return r;
	strings_add_all(&candidate->words, &image->names);
	for (size_t i = 0; i < image->names.count; i++)
		load_candidate_name(candidate, image->names.items[i]);
	strings_add_all(&candidate->layer_files, &image->layers);
	return read_config(image->config, candidate, err);
}

int load_docker_collect(struct load_files *files, struct load_candidates *ret, struct error *err)
{
	cleanup_with(docker_manifest_release) struct docker_manifest manifest = { 0 };
	cleanup_with(buf_release) struct buf text = { 0 };
	int r = load_files_read(files, LAYOUT_DOCKER_NAME, JSON_DOCUMENT_MAX, &text, err);

	if (r <= 0)
		return r;
	r = docker_manifest_parse(text.data, text.length, &manifest, err);
	for (size_t i = 0; i < manifest.count && r == 0; i++) {
		struct load_candidate *candidate = load_candidates_add(ret);

		candidate->group = (unsigned)i;
		r = add_docker_image(files, &manifest.images[i], candidate, err);
	}
	return r < 0 ? r : 1;
}
