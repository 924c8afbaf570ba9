/* SPDX-License-Identifier: Apache-2.0 */
/* One layer of an image as a file: written from the trees or from its recipe, compressed, kept. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/compress.h"
#include "builder/image/progress.h"
#include "fs/object/id.h"

struct descriptor;
struct image_layer;
struct layer_cache;
struct store;

struct layer_format {
	enum compression compression;
	int level;  /* COMPRESSION_LEVEL_DEFAULT */
	bool force; /* layers that came compressed otherwise as well */
	/* Files of layers that were made here are not younger than that. */
	bool has_epoch;
	int64_t epoch_s;
	unsigned threads; /* 0: all */
};

/* All zero is none, but for `fd`, which is -1 then. */
struct layer_blob {
	struct object_id diff_id;
	uint64_t size; /* of the archive */
	struct object_id digest;
	uint64_t blob_size;
	enum compression compression;
	int fd; /* the blob, to be read from offset 0 */
};

/* `what` is for messages and the progress. -EBADMSG when a layer that came from elsewhere does not
 * come out with its digest. */
int layer_blob_make(struct store *store, struct layer_cache *cache, const struct image_layer *layer,
		    const struct layer_format *format, const char *what,
		    const struct progress *progress, struct layer_blob *ret, struct error *err);
/* For a manifest. */
void layer_blob_describe(const struct layer_blob *blob, bool docker, struct descriptor *ret);
void layer_blob_release(struct layer_blob *blob);
DEFINE_CLEANUP_VALUE(struct layer_blob, layer_blob_release);
