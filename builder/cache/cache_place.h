/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where steps are kept for other stores: --cache-to and --cache-from. The directory of type=local is
 * a store (fs/README.md), in which nothing but steps, and the states that they led to, keeps objects
 * alive. The key of a step that was given the tag T, other than "latest", is the SHA-256 of
 * "cache-tag T\n" and its own key. What type=registry has behind a name is described in
 * cache_index.h; or it is an image that was written with type=inline, whose configuration says which
 * of its layers are whose (config_steps.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "builder/image/compress.h"
#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct strings;

enum cache_type { CACHE_LOCAL, CACHE_REGISTRY, CACHE_INLINE };

struct cache_place {
	enum cache_type type;
	char *path; /* of a directory, or the name in a registry as it was given; NULL: inline */
	char *tag;  /* NULL: "latest"; of a directory */
	bool all;   /* mode=max: not only the steps that the result came through */
	bool reset, ignore_error;
	bool insecure; /* the registry may be spoken to whoever it is */
	enum compression compression;
	int level; /* of that */
};

/* All zero is an empty list. */
struct cache_places {
	struct cache_place *items;
	size_t count, capacity;
};

/* Understand the values of --cache-to (`to`) or --cache-from. -EINVAL, and -EOPNOTSUPP for types
 * that BuildKit has. */
int cache_places_parse(const struct strings *values, bool to, struct cache_places *ret,
		       struct error *err);
bool cache_places_have(const struct cache_places *places, enum cache_type type);
void cache_places_release(struct cache_places *places);

/* What a step of this key is called there. */
struct object_id cache_place_key(const char *tag, const struct object_id *key);
