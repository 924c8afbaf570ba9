/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a layer that came from elsewhere, so that it can be written again with
 * the same digest: the directory that a snapshot names as its `layer`. In it are
 *
 *   about     {"diffID":…,"size":…,"received":{"mediaType":…,"digest":…,"size":…}}
 *   recipe    how to write the archive from the snapshot's blobs, see recipe.h
 *   spare     a directory of blobs that the recipe needs but the snapshot's tree has not, named
 *             by their ids: those of entries that were replaced by later ones
 */
#pragma once

#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;

struct store;
struct store_txn;

/* A blob that a recipe needs. All zero is an empty list. */
struct spare_blob {
	struct object_id id;
	uint64_t size;
};

struct spare_blobs {
	struct spare_blob *items;
	size_t count, capacity;
};

struct layer_record {
	struct object_id diff_id;
	uint64_t size; /* of the archive */
	/* As it was received; all zero and NULL when it did not come as a blob with a digest. */
	struct object_id received_digest;
	uint64_t received_size;
	char *received_type;
	struct object_id recipe;
	uint64_t recipe_size; /* of that blob */
};

/* `spare` is sorted on the way. What is to be named in the snapshot in *ret. */
int layer_record_write(struct store_txn *txn, const struct layer_record *record,
		       struct spare_blobs *spare, struct object_id *ret, struct error *err);
int layer_record_read(struct store *store, const struct object_id *id, struct layer_record *ret,
		      struct error *err);
void layer_record_release(struct layer_record *record);
DEFINE_CLEANUP_VALUE(struct layer_record, layer_record_release);
