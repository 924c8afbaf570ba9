/* SPDX-License-Identifier: Apache-2.0 */
/* Steps into a registry. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/cache/bundle.h"
#include "builder/cache/cache_internal.h"
#include "builder/cache/cache_place.h"
#include "builder/cache/cache_remote.h"
#include "builder/cache/group_writer.h"
#include "builder/image/json.h"
#include "builder/image/progress.h"
#include "builder/image/reference.h"
#include "builder/registry/registry.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/fd.h"
#include "fs/store/steps.h"
#include "fs/store/store.h"

#define NOWHERE SIZE_MAX

struct uploading {
	const struct cache_export *export;
	const struct cache_place *place;
	struct reference reference;
	struct repository *repository;
	struct cache_index old; /* what the name stood for so far */
	size_t *carried;        /* the place in `index` of each of its groups, or NOWHERE */
	struct cache_index index;
	struct group_writer writer;
	struct parts_sink parts;
	struct positions sent; /* layers of the bundle under way */
	int fd;
	struct cache_exported *ret;
};

static struct uploading *uploading_of(struct parts_sink *parts)
{
	return (struct uploading *)((char *)parts - offsetof(struct uploading, parts));
}

/* ---- layers ---- */

/* Where the layer is in the new index, which gets it. */
static size_t add_blob(struct uploading *uploading, const struct descriptor *blob)
{
	struct cache_index *index = &uploading->index;

	for (size_t i = 0; i < index->blob_count; i++) {
		if (object_id_equal(&index->blobs[i].digest, &blob->digest))
			return i;
	}
	descriptor_copy(cache_index_add_blob(index), blob);
	return index->blob_count - 1;
}

struct telling {
	const struct progress *progress;
	const char *what;
	bool whole; /* that all of it is there has been told */
};

static void tell(void *context, uint64_t current, uint64_t total)
{
	struct telling *telling = context;

	telling->whole = current == total;
	progress_report(telling->progress, telling->what, current, total);
}

static int send_blob(struct uploading *uploading, const struct object_id *digest,
		     const struct blob_content *content, const char *what, struct error *err)
{
	cleanup_free char *line = xasprintf("writing %s %s", what, digest_text(digest).text);
	struct telling telling = { .progress = uploading->export->progress, .what = line };
	const struct blob_progress progress = { tell, &telling };
	int r = repository_has_blob(uploading->repository, digest, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = repository_put_blob(uploading->repository, digest, content, &progress, err);
	if (r == 0 && !telling.whole)
		tell(&telling, content->size, content->size);
	return r < 0 ? r : 1;
}

static int send_part(struct parts_sink *parts, const struct object_id *digest, uint64_t size,
		     struct error *err)
{
	struct uploading *uploading = uploading_of(parts);
	const struct blob_content content = { .fd = parts->fd, .size = size };
	cleanup_with(descriptor_release) struct descriptor blob = { 0 };
	int r;

	if (uploading->index.blob_count >= CACHE_BLOBS_MAX)
		return error_set(err, -E2BIG, "it would have more than %zu layers; use mode=min",
				 CACHE_BLOBS_MAX);
	descriptor_set(&blob, cache_media_objects(uploading->place->compression), digest, size);
	positions_append(&uploading->sent, add_blob(uploading, &blob));
	r = send_blob(uploading, digest, &content, "layer", err);
	if (r > 0)
		uploading->ret->new_layers++;
	return r < 0 ? r : 0;
}

/* ---- groups ---- */

static size_t find_group(const struct cache_index *index, const struct object_id *id)
{
	for (size_t i = 0; i < index->group_count; i++) {
		if (object_id_equal(&index->groups[i].id, id))
			return i;
	}
	return NOWHERE;
}

/* A group of the old index without what it needs. */
static size_t carry(struct uploading *uploading, size_t position)
{
	const struct cache_group *from = &uploading->old.groups[position];
	struct cache_group *group;

	if (uploading->carried[position] != NOWHERE)
		return uploading->carried[position];
	uploading->carried[position] = uploading->index.group_count;
	group = cache_index_add_group(&uploading->index);
	group->id = from->id;
	for (size_t i = 0; i < from->blobs.count; i++)
		positions_append(&group->blobs,
				 add_blob(uploading, &uploading->old.blobs[from->blobs.items[i]]));
	return uploading->carried[position];
}

/* With all of that, which is as old. */
static size_t carry_all(struct uploading *uploading, size_t position)
{
	cleanup_free size_t *from = xcalloc(uploading->old.group_count + 1, sizeof *from);
	size_t first = uploading->index.group_count, count = 1, ret = carry(uploading, position);

	from[0] = position;
	for (size_t i = 0; ret == first && i < count; i++) {
		const struct positions *needs = &uploading->old.groups[from[i]].needs;

		for (size_t j = 0; j < needs->count; j++) {
			size_t before = uploading->index.group_count;
			size_t need = carry(uploading, needs->items[j]);

			if (uploading->index.group_count > before)
				from[count++] = needs->items[j];
			positions_add(&uploading->index.groups[first + i].needs, need);
		}
	}
	return ret;
}

/* What the needs of a group need is needed as well. */
static void close_needs(struct cache_index *index, size_t position)
{
	struct positions *needs = &index->groups[position].needs;
	size_t count = needs->count;

	for (size_t i = 0; i < count; i++) {
		const struct positions *more = &index->groups[needs->items[i]].needs;

		for (size_t j = 0; j < more->count; j++) {
			if (more->items[j] != position)
				positions_add(needs, more->items[j]);
		}
	}
}

/* By which it is known again: the snapshot itself, or another id for its trees. */
static struct object_id group_id(const struct object_id *snapshot, bool trees)
{
	cleanup_free char *text = NULL;

	if (!trees)
		return *snapshot;
	text = xasprintf("trees %s", object_id_hex(snapshot).text);
	return object_id_of(text, strlen(text));
}

static int write_group(struct uploading *uploading, const struct object_id *snapshot, bool trees,
		       struct error *err)
{
	struct cache_index *index = &uploading->index;
	struct positions needs = { 0 };
	size_t position = index->group_count;
	int r;

	cache_index_add_group(index)->id = group_id(snapshot, trees);
	r = cache_group_write(&uploading->writer, snapshot, trees, position, &needs, err);
	if (r == 0)
		r = parts_sink_finish(&uploading->parts, err);
	index->groups[position].needs = needs;
	index->groups[position].blobs = uploading->sent;
	uploading->sent = (struct positions){ 0 };
	if (r == 0)
		close_needs(index, position);
	return r;
}

static int add_group(struct uploading *uploading, const struct object_id *snapshot, bool trees,
		     struct error *err)
{
	struct object_id id = group_id(snapshot, trees);
	size_t position = find_group(&uploading->index, &id), old;

	if (position == NOWHERE) {
		old = find_group(&uploading->old, &id);
		if (old == NOWHERE)
			return write_group(uploading, snapshot, trees, err);
		position = carry_all(uploading, old);
	}
	return cache_group_mark(&uploading->writer, snapshot, trees, position, err);
}

static int add_groups(struct uploading *uploading, const struct step_list *steps, struct error *err)
{
	const struct cache_export *export = uploading->export;
	struct id_set wanted = { 0 };
	int r = 0;

	for (size_t i = 0; i < steps->count; i++)
		(void)id_set_add(&wanted, &steps->items[i].snapshot);
	/* None of these in the bundle of what was made from it. */
	for (size_t i = 0; i < export->base_count && r == 0; i++) {
		r = add_group(uploading, &export->bases[i], true, err);
		if (r == 0)
			r = add_group(uploading, &export->bases[i], false, err);
	}
	for (size_t i = 0; i < export->count && r == 0; i++) {
		if (id_set_contains(&wanted, &export->snapshots[i]))
			r = add_group(uploading, &export->snapshots[i], false, err);
	}
	id_set_release(&wanted);
	return r;
}

/* ---- the documents ---- */

static void add_steps(struct cache_index *index, const struct step_list *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		const struct step_record *record = &steps->items[i];

		array_reserve_one(index->steps, index->step_count, index->step_capacity);
		index->steps[index->step_count++] = (struct cache_step){
			.key = record->key,
			.group = find_group(index, &record->snapshot),
			.created_s = record->created_s > 0 ? record->created_s : 0,
			.cost_ms = record->cost_ms,
		};
	}
}

static int send_config(struct uploading *uploading, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	struct blob_content content = { .fd = -1 };
	struct object_id digest;
	int r;

	cache_config_write(&uploading->index, &text);
	if (text.length > JSON_DOCUMENT_MAX)
		return error_set(err, -E2BIG,
				 "its configuration would have %zu bytes; use mode=min",
				 text.length);
	digest = object_id_of(text.data, text.length);
	descriptor_set(&uploading->index.config, CACHE_MEDIA_CONFIG, &digest, text.length);
	content.data = text.data;
	content.size = text.length;
	r = send_blob(uploading, &digest, &content, "config", err);
	return r < 0 ? r : 0;
}

static int send_manifest(struct uploading *uploading, struct error *err)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *line = NULL;
	struct object_id digest;
	int r;

	cache_manifest_write(&uploading->index, &text);
	digest = object_id_of(text.data, text.length);
	line = xasprintf("writing cache image manifest %s", digest_text(&digest).text);
	r = repository_put_manifest(uploading->repository, uploading->reference.tag,
				    MEDIA_OCI_MANIFEST, &text, err);
	if (r == 0)
		progress_report(uploading->export->progress, line, text.length, text.length);
	return r;
}

/* ---- the whole ---- */

static int set_up(struct uploading *uploading, bool fresh, struct error *err)
{
	const struct cache_place *place = uploading->place;
	int r = reference_parse(place->path, &uploading->reference, err);

	if (r < 0)
		return r;
	reference_complete(&uploading->reference);
	uploading->repository =
		repository_new(uploading->export->registries, uploading->reference.domain,
			       uploading->reference.path,
			       REPOSITORY_PUSH | (place->insecure ? REPOSITORY_INSECURE : 0));
	uploading->fd = file_unnamed(store_lease_tmp_fd(uploading->export->lease), "cache-layer");
	if (uploading->fd < 0)
		return error_errno(err, uploading->fd, "cannot make a temporary file");
	parts_sink_init(&uploading->parts, uploading->fd, CACHE_PART_SIZE);
	uploading->parts.send = send_part;
	uploading->writer = (struct group_writer){ .from = uploading->export->store,
						   .cancel_fd = uploading->export->cancel_fd,
						   .compression = place->compression,
						   .level = place->level,
						   .to = &uploading->parts.base };
	/* What cannot be read is replaced; that nobody answers is told by what comes next. */
	if (!fresh)
		(void)cache_index_fetch(uploading->repository, uploading->reference.tag,
					&uploading->old, NULL);
	uploading->carried = xcalloc(uploading->old.group_count + 1, sizeof *uploading->carried);
	for (size_t i = 0; i < uploading->old.group_count; i++)
		uploading->carried[i] = NOWHERE;
	return 0;
}

static void uploading_release(struct uploading *uploading)
{
	reference_release(&uploading->reference);
	repository_free(uploading->repository);
	cache_index_release(&uploading->old);
	cache_index_release(&uploading->index);
	group_writer_release(&uploading->writer);
	parts_sink_release(&uploading->parts);
	free(uploading->carried);
	free(uploading->sent.items);
	if (uploading->fd >= 0)
		close(uploading->fd);
}
DEFINE_CLEANUP_VALUE(struct uploading, uploading_release);

/* *ret_carried: it relied on layers that were there, and was refused. */
static int upload(const struct cache_export *export, const struct cache_place *place,
		  const struct step_list *steps, bool fresh, struct cache_exported *ret,
		  bool *ret_carried, struct error *err)
{
	cleanup_with(uploading_release) struct uploading uploading = {
		.export = export, .place = place, .fd = -1, .ret = ret
	};
	int r = set_up(&uploading, fresh, err);

	if (r == 0)
		r = add_groups(&uploading, steps, err);
	if (r < 0)
		return r;
	add_steps(&uploading.index, steps);
	r = send_config(&uploading, err);
	if (r < 0)
		return r;
	r = send_manifest(&uploading, err);
	*ret_carried = r < 0 && r != -ECANCELED && uploading.old.group_count;
	ret->steps = steps->count;
	ret->layers = uploading.index.blob_count;
	ret->objects = uploading.writer.objects;
	return r;
}

int cache_upload(const struct cache_export *export, const struct cache_place *place,
		 struct cache_exported *ret, struct error *err)
{
	struct step_list steps = { 0 };
	bool carried = false;
	int r = cache_steps_choose(export, NULL, &steps, err);

	if (r == 0)
		r = upload(export, place, &steps, false, ret, &carried, err);
	/* Some of them may have been deleted there: all is made again, and what is there is not sent. */
	ret->new_layers = r < 0 ? 0 : ret->new_layers;
	if (r < 0 && carried)
		r = upload(export, place, &steps, true, ret, &carried, err);
	step_list_release(&steps);
	/* Layers are files of the store before they are sent. */
	if (r < 0 && r != -ECANCELED)
		store_mention_full(export->store, err);
	return r;
}
