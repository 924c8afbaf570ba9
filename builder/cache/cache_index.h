/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cache in a registry says of itself. Its manifest is an OCI image manifest whose
 * configuration has the type CACHE_MEDIA_CONFIG, and whose layers are the parts of bundles
 * (bundle.h), of the type CACHE_MEDIA_OBJECTS, with "+gzip" or "+zstd" behind it. The configuration:
 *
 *   {"groups":[{"id":"HEX","blobs":[0,1],"needs":[2]}],
 *    "steps":[{"key":"HEX","group":0,"created":SECONDS,"cost":MILLISECONDS}]}
 *
 * A group is a snapshot, or the trees alone of one that builds begin with, which has another id:
 * "blobs" are the layers, in order, whose bundle has what no group that it "needs" has; these two
 * have all that the snapshot refers to. A step led to the snapshot of its group. Reads no files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "builder/image/compress.h"
#include "builder/image/descriptor.h"

struct buf;
struct error;

#define CACHE_MEDIA_CONFIG  "application/vnd.varve.cache.config.v1+json"
#define CACHE_MEDIA_OBJECTS "application/vnd.varve.cache.objects.v1"

/* Registries take manifests of up to 4 MiB; that many layers have 1.5. */
#define CACHE_BLOBS_MAX ((size_t)8192)
/* What is worked through by pairs. */
#define CACHE_GROUPS_MAX ((size_t)32768)
/* The longest layer that is read; those that are written have a quarter of it. */
#define CACHE_BLOB_SIZE_MAX ((uint64_t)1 << 30)
#define CACHE_PART_SIZE     (CACHE_BLOB_SIZE_MAX / 4)

/* Positions in an array. All zero is an empty list. */
struct positions {
	size_t *items;
	size_t count, capacity;
};
void positions_append(struct positions *list, size_t position);
/* Unless it is there. */
void positions_add(struct positions *list, size_t position);

struct cache_group {
	struct object_id id;
	struct positions blobs, needs;
};

struct cache_step {
	struct object_id key;
	size_t group;
	int64_t created_s;
	uint32_t cost_ms;
};

/* All zero is an empty one. */
struct cache_index {
	struct descriptor config;
	struct descriptor *blobs;
	size_t blob_count, blob_capacity;
	struct cache_group *groups;
	size_t group_count, group_capacity;
	struct cache_step *steps;
	size_t step_count, step_capacity;
};

const char *cache_media_objects(enum compression compression);
struct descriptor *cache_index_add_blob(struct cache_index *index);
/* A new group is all zero. */
struct cache_group *cache_index_add_group(struct cache_index *index);
/* NULL when there is none. */
const struct cache_step *cache_index_find(const struct cache_index *index,
					  const struct object_id *key);
/* Bytes of a group's own blobs. */
uint64_t cache_group_size(const struct cache_index *index, const struct cache_group *group);
void cache_index_release(struct cache_index *index);
DEFINE_CLEANUP_VALUE(struct cache_index, cache_index_release);

/* A manifest or index of images, for cache_inline.h. */
bool cache_is_image(const void *data, size_t size);
/*
 * Into an empty index; `name` is what messages call it. First the manifest: -EOPNOTSUPP, and which
 * kind it is, for one that is no such cache. Then its configuration, whose positions all fit.
 */
int cache_manifest_parse(const void *data, size_t size, const char *name, struct cache_index *ret,
			 struct error *err);
int cache_config_parse(const void *data, size_t size, const char *name, struct cache_index *ret,
		       struct error *err);
void cache_manifest_write(const struct cache_index *index, struct buf *ret);
void cache_config_write(const struct cache_index *index, struct buf *ret);
