/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains of layers. A chain is named by the digests of its layers' archives as OCI does it: the
 * first layer's own, then sha256("CHAIN LAYER") for each one on top. The snapshot of an imported
 * chain is remembered as a build step whose key is made of that name, so that it is found again,
 * and goes, like all other results.
 */
#pragma once

#include <stddef.h>

#include "fs/object/snapshot_record.h"

struct store;
struct store_lease;

/* `chain` zero: nothing below. */
struct object_id chain_id_next(const struct object_id *chain, const struct object_id *diff_id);
/* The key of the step that stands for importing it. */
struct object_id chain_step_key(const struct object_id *chain);
/* 1 and the snapshot that this chain became, held by `lease` from now on; 0 when there is none. */
int chain_find(struct store *store, struct store_lease *lease, const struct object_id *chain,
	       struct object_id *ret, struct error *err);

/* Layers of one image that are looked at at most. */
#define IMAGE_LAYERS_MAX 1024

struct image_layer {
	struct object_id snapshot;
	struct tree_root before, after;
	struct object_id record; /* see layer_record.h; zero: it was made here */
};

/* All zero is an empty one. */
struct image_chain {
	struct image_layer *layers; /* lowest first */
	size_t count, capacity;
	struct object_id config; /* of the top; zero: none */
};

int snapshot_read(struct store *store, const struct object_id *id, struct snapshot_record *ret,
		  struct error *err);
/* Does it add nothing, not even an empty layer? That is the state of "FROM scratch". */
bool snapshot_is_scratch(const struct snapshot_record *record);
/* The layers that a snapshot is made of. */
int image_chain_read(struct store *store, const struct object_id *snapshot, struct image_chain *ret,
		     struct error *err);
void image_chain_release(struct image_chain *chain);
DEFINE_CLEANUP_VALUE(struct image_chain, image_chain_release);
