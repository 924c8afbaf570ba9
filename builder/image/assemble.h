/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state made an image: its layers as blobs, a configuration that names them, and a manifest that
 * names all. An imported image that nobody changed keeps its configuration byte for byte.
 */
#pragma once

#include "builder/image/layer_blob.h"
#include "builder/image/manifest.h"
#include "fs/base/buf.h"

/* All zero with COMPRESSION_GZIP and COMPRESSION_LEVEL_DEFAULT is what is usual. */
struct image_options {
	struct layer_format layers;
	bool docker;                          /* Docker's media types instead of OCI's */
	const struct string_map *annotations; /* of the manifest; NULL: none */
	/* Times of the configuration are not later than that, but for those of the first
	 * `base_history` records, which came with the base image. */
	bool has_epoch;
	int64_t epoch_s;
	size_t base_history;
};

/* All zero is none. */
struct image {
	struct object_id snapshot;
	struct platform platform;
	char *created;               /* as the configuration has it; NULL: it does not say */
	struct buf config, manifest; /* the documents */
	struct descriptor config_descriptor, descriptor;
	struct layer_blob *layers; /* lowest first */
	size_t layer_count;
};

int image_assemble(struct store *store, struct layer_cache *cache, const struct object_id *snapshot,
		   const struct image_options *options, const struct progress *progress,
		   struct image *ret, struct error *err);
void image_release(struct image *image);
DEFINE_CLEANUP_VALUE(struct image, image_release);

/* The configuration of a snapshot: its document appended to `ret`; without one that of an image
 * from nothing for this host. */
int image_config_read(struct store *store, const struct object_id *config, struct buf *ret,
		      struct error *err);
