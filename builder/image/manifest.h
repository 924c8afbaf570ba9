/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image manifests (a configuration and its layers) and indexes (manifests by platform), in
 * Docker's and in OCI's words.
 */
#pragma once

#include "builder/image/descriptor.h"
#include "fs/base/buf.h"

/* Docker stops at 127 layers; images of other tools have been seen with more. */
#define MANIFEST_LAYERS_MAX 1024
#define INDEX_MANIFESTS_MAX 4096

/* All zero is an empty manifest. */
struct manifest {
	bool docker; /* the media types that Docker used before OCI */
	struct descriptor config;
	struct descriptor *layers; /* lowest first */
	size_t layer_count, layer_capacity;
	struct string_map annotations;
};

struct descriptor *manifest_add_layer(struct manifest *manifest);
/* `name` is what messages call the document. -EINVAL; -EOPNOTSUPP for what is no image of layers. */
int manifest_parse(const void *data, size_t size, const char *name, struct manifest *ret,
		   struct error *err);
void manifest_write(const struct manifest *manifest, struct buf *ret);
void manifest_release(struct manifest *manifest);
DEFINE_CLEANUP_VALUE(struct manifest, manifest_release);

/* All zero is an empty index. */
struct image_index {
	bool docker;
	struct descriptor *manifests;
	size_t count, capacity;
	struct string_map annotations;
};

struct descriptor *image_index_add(struct image_index *index);
int image_index_parse(const void *data, size_t size, const char *name, struct image_index *ret,
		      struct error *err);
void image_index_write(const struct image_index *index, struct buf *ret);
void image_index_release(struct image_index *index);
DEFINE_CLEANUP_VALUE(struct image_index, image_index_release);

/* Provenance and the like, which share the index with the images that they are about. */
bool descriptor_is_attestation(const struct descriptor *descriptor);
/* The manifest that runs best on `want`; NULL when there is none. One that says nothing of its
 * platform is taken when no other fits. */
const struct descriptor *image_index_choose(const struct image_index *index,
					    const struct platform *want);
/* The platforms on offer, for messages: "linux/amd64, linux/arm64". The caller frees. */
char *image_index_platforms(const struct image_index *index);
