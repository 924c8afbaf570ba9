/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that other stores have done, see cache_place.h. For many threads. */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

struct buf;
struct cache_import;
struct cache_place;
struct error;
struct object_id;
struct platform;
struct registries;
struct step_record;
struct store;
struct store_lease;

/* Of none yet. Of images for several platforms those for `platforms` are looked at, which are kept by
 * reference. */
struct cache_import *cache_import_new(struct registries *registries,
				      const struct platform *platforms, size_t platform_count,
				      int cancel_fd);
/* One more, to be asked behind the others; what the error says is of use to a person alone. */
int cache_import_open(struct cache_import *import, const struct cache_place *place,
		      struct error *err);
void cache_import_close(struct cache_import *import);
DEFINE_CLEANUP(struct cache_import *, cache_import_close);

struct cache_wanted {
	struct store *store;
	struct store_lease *lease;
	const struct object_id *key;
	const struct buf *config; /* of its state, where that has to be made from layers */
};

/*
 * Look for a step, and bring its state into the store, where it is recorded under the same key: 1 and
 * *ret, or 0, also when what there is is damaged, which *ret_problem (the caller frees) says once
 * for each of them.
 */
int cache_import_find(struct cache_import *import, const struct cache_wanted *wanted,
		      struct step_record *ret, char **ret_problem, struct error *err);
