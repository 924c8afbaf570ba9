/* SPDX-License-Identifier: Apache-2.0 */
/* Checking one pack from front to back, and saving what is good of a damaged one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/strings.h"
#include "fs/object/id.h"

struct error;
struct packer;
struct store;

/* What a check of a pack found. All zero before. */
struct pack_verdict {
	bool damaged;
	bool unknown; /* it has what only a newer program can read: to be left alone */
	uint64_t objects, bytes;
	struct object_id *bad; /* listed in its index, and not to be had from it */
	size_t bad_count, bad_capacity;
	struct object_id *
		pieced; /* sound lists of extents; whether the blob comes out is another question */
	size_t pieced_count, pieced_capacity;
};
void pack_verdict_release(struct pack_verdict *verdict);
DEFINE_CLEANUP_VALUE(struct pack_verdict, pack_verdict_release);

/* Adds lines to `problems`. `fast` checks sums of frames and leaves hashes. */
int fsck_pack(struct store *store, const char *name, bool fast, struct pack_verdict *ret,
	      struct strings *problems, struct error *err);

/* Add every good object of a damaged pack to the packer, but for those that others have. */
int fsck_pack_save(struct store *store, const char *name, struct packer *packer, struct error *err);
