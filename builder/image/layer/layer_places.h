/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which repositories have been seen to have a layer: the file "places" beside the kept layers, with
 * "DIGEST REPOSITORY" on each line, the newest last. It is a memory and no promise: who is told a
 * place asks there, and what comes is held against the digest. Losing the file loses nothing else.
 */
#pragma once

#include "fs/base/strings.h"
#include "fs/object/id.h"

struct error;
struct layer_cache;

/* Lines that are kept. */
#define LAYER_PLACES_MAX 8192

/* All zero is an empty memory. */
struct layer_places {
	struct strings lines;
};

/* What cannot be read is not known. */
void layer_places_read(struct layer_cache *cache, struct layer_places *ret);
/* Added to `ret`, those seen last first: "docker.io/library/debian". */
void layer_places_find(const struct layer_places *places, const struct object_id *digest,
		       struct strings *ret);
void layer_places_release(struct layer_places *places);
DEFINE_CLEANUP_VALUE(struct layer_places, layer_places_release);

/* The repository `place` has these. */
int layer_places_add(struct layer_cache *cache, const char *place, const struct object_id *digests,
		     size_t count, struct error *err);
