/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction gathers until it commits. */
#pragma once

#include "fs/store/id_map.h"
#include "fs/store/pack/packer.h"
#include "fs/store/refs.h"
#include "fs/store/step_file.h"
#include "fs/store/store_internal.h"

/* A large blob, waiting as a file in the lease's directory. */
struct staged_blob {
	struct object_id id;
	uint64_t size;
	char file_name[48];
};

/* A blob put as extents, so that later ones can take pieces from it. */
struct staged_extents {
	struct object_id id;
	struct extents extents;
};

struct held_object {
	char *lease_name;
	struct object_id id;
};

struct store_txn {
	struct store *store;
	struct store_lease *lease;
	struct store_lock lock;
	unsigned serial; /* differs for all transactions of this process */
	unsigned files;  /* made in the lease's directory */
	bool committed;
	uint64_t bytes;

	struct packer *packer; /* NULL before the first small object */
	struct staged_blob *blobs;
	size_t blob_count, blob_capacity;
	struct id_map blob_positions;
	struct staged_extents *extents;
	size_t extents_count, extents_capacity;
	struct ref_list refs;
	struct step_list steps;
	struct held_object *holds;
	size_t hold_count, hold_capacity;
};

/* A name in the lease's directory that nothing else has. */
void txn_file_name(struct store_txn *txn, char ret[48]);
/* The large blob that waits, or NULL. */
const struct staged_blob *txn_find_staged(const struct store_txn *txn, const struct object_id *id);
/* As store_txn_has() for a blob of `size` bytes: a file of another size is damaged, and none. */
int txn_has_blob(struct store_txn *txn, const struct object_id *id, uint64_t size,
		 struct error *err);
/* Where the lease's unfinished files are. */
int txn_tmp_fd(const struct store_txn *txn);
/* Enter the file, which txn_file_name() named and nobody writes to any more, as a blob. */
void txn_stage(struct store_txn *txn, const struct object_id *id, uint64_t size,
	       const char *file_name);
