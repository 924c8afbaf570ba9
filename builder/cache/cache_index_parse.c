/* SPDX-License-Identifier: Apache-2.0 */
/* Strictly, as anybody may have written it. */
#include <errno.h>
#include <string.h>

#include "builder/cache/cache_index.h"
#include "builder/image/json.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define BUILDKIT_CONFIG "application/vnd.buildkit.cacheconfig.v0"

/* ---- the manifest ---- */

static int refuse(const char *name, const char *type, struct error *err)
{
	if (type && strcmp(type, BUILDKIT_CONFIG) == 0)
		return error_set(err, -EOPNOTSUPP,
				 "%s: it is a cache in BuildKit's format (" BUILDKIT_CONFIG
				 "), whose layers are no states; let varve write one with "
				 "--cache-to",
				 name);
	if (type && media_kind(type) == MEDIA_CONFIG)
		return error_set(err, -EOPNOTSUPP, "%s: it is an image, not a cache", name);
	return error_set(err, -EOPNOTSUPP, "%s: it is of type '%.100s', which is no cache", name,
			 type ? type : "");
}

/* BuildKit's caches are indexes, too, whose last item is what others have as configuration. */
static int refuse_index(const struct json_value *root, struct error *err)
{
	struct json_value manifests;
	int r = json_need_array(root, "manifests", &manifests, err);

	for (size_t i = 0; r == 0 && i < json_array_length(&manifests); i++) {
		struct json_value item;
		const char *type;

		json_array_item(&manifests, i, &item);
		r = json_get_string(&item, "mediaType", &type, err);
		if (r > 0 && strcmp(type, BUILDKIT_CONFIG) == 0)
			return refuse(root->key, type, err);
		r = r < 0 ? r : 0;
	}
	return r < 0 ? r
		     : error_set(err, -EOPNOTSUPP, "%s: it is an index of images, not a cache",
				 root->key);
}

static bool is_image_index(const struct json_value *list)
{
	for (size_t i = 0; i < json_array_length(list); i++) {
		struct json_value item;
		const char *type;

		json_array_item(list, i, &item);
		if (json_get_string(&item, "mediaType", &type, NULL) > 0 &&
		    strcmp(type, BUILDKIT_CONFIG) == 0)
			return false;
	}
	return true;
}

bool cache_is_image(const void *data, size_t size)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	struct json_value value;
	const char *type;

	if (json_document_parse(data, size, "", &document, NULL) < 0)
		return false;
	if (json_get_array(&document.root, "manifests", &value, NULL) > 0)
		return is_image_index(&value);
	return json_get_object(&document.root, "config", &value, NULL) > 0 &&
	       json_get_string(&value, "mediaType", &type, NULL) > 0 &&
	       media_kind(type) == MEDIA_CONFIG;
}

static int read_blobs(const struct json_value *root, struct cache_index *ret, struct error *err)
{
	struct json_value layers;
	int r = json_need_array(root, "layers", &layers, err);

	if (r == 0 && json_array_length(&layers) > CACHE_BLOBS_MAX)
		return error_set(err, -E2BIG, "%s: more than %zu layers", root->key,
				 CACHE_BLOBS_MAX);
	for (size_t i = 0; r == 0 && i < json_array_length(&layers); i++) {
		struct descriptor *blob = cache_index_add_blob(ret);
		struct json_value item;

		json_array_item(&layers, i, &item);
		r = descriptor_read(&item, blob, err);
		if (r < 0)
			return r;
		if (!blob->media_type || strncmp(blob->media_type, CACHE_MEDIA_OBJECTS,
						 strlen(CACHE_MEDIA_OBJECTS)) != 0)
			return error_set(err, -EOPNOTSUPP,
					 "%s: layer %zu is of media type '%.100s', which is not "
					 "supported",
					 root->key, i, blob->media_type ? blob->media_type : "");
		if (blob->size > CACHE_BLOB_SIZE_MAX)
			return error_set(err, -E2BIG, "%s: layer %zu has more than %llu bytes",
					 root->key, i, (unsigned long long)CACHE_BLOB_SIZE_MAX);
	}
	return r;
}

static int read_manifest(const struct json_value *root, struct cache_index *ret, struct error *err)
{
	struct json_value value;
	int r = json_get_array(root, "manifests", &value, err);

	if (r > 0)
		return refuse_index(root, err);
	if (r == 0)
		r = json_need_object(root, "config", &value, err);
	if (r == 0)
		r = descriptor_read(&value, &ret->config, err);
	if (r < 0)
		return r;
	if (!ret->config.media_type || strcmp(ret->config.media_type, CACHE_MEDIA_CONFIG) != 0)
		return refuse(root->key, ret->config.media_type, err);
	if (ret->config.size > JSON_DOCUMENT_MAX)
		return error_set(err, -E2BIG, "%s: its configuration has more than %zu bytes",
				 root->key, JSON_DOCUMENT_MAX);
	return read_blobs(root, ret, err);
}

int cache_manifest_parse(const void *data, size_t size, const char *name, struct cache_index *ret,
			 struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	if (r == 0)
		r = read_manifest(&document.root, ret, err);
	if (r < 0)
		cache_index_release(ret);
	return r;
}

/* ---- its configuration ---- */

static int read_id(const struct json_value *object, const char *key, struct object_id *ret,
		   struct error *err)
{
	const struct json_value value = { .parent = object, .key = key };
	const char *text;
	int r = json_need_string(object, key, &text, err);

	if (r == 0 && (object_id_parse(text, ret) < 0 || object_id_is_zero(ret)))
		r = json_complain(&value, err, "no id");
	return r;
}

/* Up to `limit`, each below `count`. */
static int read_positions(const struct json_value *object, const char *key, size_t count,
			  size_t limit, struct positions *ret, struct error *err)
{
	struct json_value list;
	int r = json_need_array(object, key, &list, err);

	if (r == 0 && json_array_length(&list) > limit)
		return json_complain(&list, err, "longer than what there is");
	for (size_t i = 0; r == 0 && i < json_array_length(&list); i++) {
		struct json_value item;
		uint64_t position;

		json_array_item(&list, i, &item);
		r = json_u64_of(&item, &position, err);
		if (r == 0 && position >= count)
			r = json_complain(&item, err, "no position of what there is");
		if (r == 0)
			positions_append(ret, (size_t)position);
	}
	return r;
}

static int read_groups(const struct json_value *root, struct cache_index *ret, struct error *err)
{
	struct json_value list;
	size_t count;
	int r = json_need_array(root, "groups", &list, err);

	if (r < 0)
		return r;
	count = json_array_length(&list);
	if (count > CACHE_GROUPS_MAX)
		return json_complain(&list, err, "longer than %zu", CACHE_GROUPS_MAX);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct cache_group *group = cache_index_add_group(ret);
		struct json_value item;

		json_array_item(&list, i, &item);
		r = read_id(&item, "id", &group->id, err);
		if (r == 0)
			r = read_positions(&item, "blobs", ret->blob_count, CACHE_BLOBS_MAX,
					   &group->blobs, err);
		if (r == 0)
			r = read_positions(&item, "needs", count, count, &group->needs, err);
	}
	return r;
}

static int read_step(const struct json_value *item, struct cache_index *ret, struct error *err)
{
	const struct json_value value = { .parent = item, .key = "group" };
	struct cache_step step = { 0 };
	uint64_t group = 0, created = 0, cost = 0;
	int r = read_id(item, "key", &step.key, err);

	if (r == 0)
		r = json_need_u64(item, "group", &group, err);
	if (r == 0)
		r = json_need_u64(item, "created", &created, err);
	if (r == 0)
		r = json_need_u64(item, "cost", &cost, err);
	if (r < 0)
		return r;
	if (group >= ret->group_count)
		return json_complain(&value, err, "no position of a group");
	step.group = (size_t)group;
	step.created_s = (int64_t)created;
	step.cost_ms = cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;
	array_reserve_one(ret->steps, ret->step_count, ret->step_capacity);
	ret->steps[ret->step_count++] = step;
	return 0;
}

static int read_config(const struct json_value *root, struct cache_index *ret, struct error *err)
{
	struct json_value list;
	int r = read_groups(root, ret, err);

	if (r == 0)
		r = json_need_array(root, "steps", &list, err);
	for (size_t i = 0; r == 0 && i < json_array_length(&list); i++) {
		struct json_value item;

		json_array_item(&list, i, &item);
		r = read_step(&item, ret, err);
	}
	return r;
}

int cache_config_parse(const void *data, size_t size, const char *name, struct cache_index *ret,
		       struct error *err)
{
	cleanup_with(json_document_release) struct json_document document = { 0 };
	int r = json_document_parse(data, size, name, &document, err);

	return r < 0 ? r : read_config(&document.root, ret, err);
}
