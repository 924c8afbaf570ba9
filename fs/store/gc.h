/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting what nothing refers to any more: no ref, no step, no lease of a living process. Builds
 * may run meanwhile and lose nothing; there is no grace period.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct store;

struct gc_options {
	bool dry_run; /* only say what would go */
};

struct gc_stats {
	uint64_t objects_kept, objects_deleted;
	uint64_t bytes_kept, bytes_deleted; /* as stored */
	uint64_t packs_before, packs_after;
};

/* -EWOULDBLOCK when another collection is under way. */
int store_gc(struct store *store, const struct gc_options *options, struct gc_stats *ret,
	     struct error *err);

/*
 * Put many small packs together when there are more than a handful, so that look-ups stay fast.
 * Cheap when there is nothing to do; does nothing when others are in the way.
 */
int store_pack_rollup(struct store *store, struct error *err);
