/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/cache/cache_index.h"

#include <stdlib.h>

#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/buf.h"

const char *cache_media_objects(enum compression compression)
{
	static const char *const types[] = { [COMPRESSION_NONE] = CACHE_MEDIA_OBJECTS,
					     [COMPRESSION_GZIP] = CACHE_MEDIA_OBJECTS "+gzip",
					     [COMPRESSION_ZSTD] = CACHE_MEDIA_OBJECTS "+zstd" };

	return types[compression];
}

void positions_append(struct positions *list, size_t position)
{
	array_reserve_one(list->items, list->count, list->capacity);
	list->items[list->count++] = position;
}

void positions_add(struct positions *list, size_t position)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i] == position)
			return;
	}
	positions_append(list, position);
}

struct descriptor *cache_index_add_blob(struct cache_index *index)
{
	array_reserve_one(index->blobs, index->blob_count, index->blob_capacity);
	index->blobs[index->blob_count] = (struct descriptor){ 0 };
	return &index->blobs[index->blob_count++];
}

struct cache_group *cache_index_add_group(struct cache_index *index)
{
	array_reserve_one(index->groups, index->group_count, index->group_capacity);
	index->groups[index->group_count] = (struct cache_group){ 0 };
	return &index->groups[index->group_count++];
}

const struct cache_step *cache_index_find(const struct cache_index *index,
					  const struct object_id *key)
{
	for (size_t i = 0; i < index->step_count; i++) {
		if (object_id_equal(&index->steps[i].key, key))
			return &index->steps[i];
	}
	return NULL;
}

uint64_t cache_group_size(const struct cache_index *index, const struct cache_group *group)
{
	uint64_t size = 0;

	for (size_t i = 0; i < group->blobs.count; i++)
		size += index->blobs[group->blobs.items[i]].size;
	return size;
}

void cache_index_release(struct cache_index *index)
{
	descriptor_release(&index->config);
	for (size_t i = 0; i < index->blob_count; i++)
		descriptor_release(&index->blobs[i]);
	for (size_t i = 0; i < index->group_count; i++) {
		free(index->groups[i].blobs.items);
		free(index->groups[i].needs.items);
	}
	free(index->blobs);
	free(index->groups);
	free(index->steps);
	*index = (struct cache_index){ 0 };
}

/* ---- writing ---- */

void cache_manifest_write(const struct cache_index *index, struct buf *ret)
{
	struct json_writer writer = { .out = ret };

	json_begin(&writer, NULL, '{');
	json_put_i64(&writer, "schemaVersion", 2);
	json_put_string(&writer, "mediaType", MEDIA_OCI_MANIFEST);
	descriptor_write(&writer, "config", &index->config);
	json_begin(&writer, "layers", '[');
	for (size_t i = 0; i < index->blob_count; i++)
		descriptor_write(&writer, NULL, &index->blobs[i]);
	json_end(&writer, ']');
	json_end(&writer, '}');
}

static void write_positions(struct json_writer *writer, const char *key,
			    const struct positions *list)
{
	json_begin(writer, key, '[');
	for (size_t i = 0; i < list->count; i++)
		json_put_i64(writer, NULL, (int64_t)list->items[i]);
	json_end(writer, ']');
}

void cache_config_write(const struct cache_index *index, struct buf *ret)
{
	struct json_writer writer = { .out = ret };

	json_begin(&writer, NULL, '{');
	json_begin(&writer, "groups", '[');
	for (size_t i = 0; i < index->group_count; i++) {
		const struct cache_group *group = &index->groups[i];

		json_begin(&writer, NULL, '{');
		json_put_string(&writer, "id", object_id_hex(&group->id).text);
		write_positions(&writer, "blobs", &group->blobs);
		write_positions(&writer, "needs", &group->needs);
		json_end(&writer, '}');
	}
	json_end(&writer, ']');
	json_begin(&writer, "steps", '[');
	for (size_t i = 0; i < index->step_count; i++) {
		const struct cache_step *step = &index->steps[i];

		json_begin(&writer, NULL, '{');
		json_put_string(&writer, "key", object_id_hex(&step->key).text);
		json_put_i64(&writer, "group", (int64_t)step->group);
		json_put_i64(&writer, "created", step->created_s);
		json_put_i64(&writer, "cost", step->cost_ms);
		json_end(&writer, '}');
	}
	json_end(&writer, ']');
	json_end(&writer, '}');
}
