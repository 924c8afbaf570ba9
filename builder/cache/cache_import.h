/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that other stores have done, see cache_place.h. For many threads. */
#pragma once

#include "fs/base/cleanup.h"
#include "fs/base/strings.h"

struct cache_import;
struct cache_places;
struct error;
struct object_id;
struct step_record;
struct store;
struct store_lease;

/* Open those that can be read, in order; of the others a line each is added to `warnings`. */
struct cache_import *cache_import_open(const struct cache_places *places, int cancel_fd,
				       struct strings *warnings);
void cache_import_close(struct cache_import *import);
DEFINE_CLEANUP(struct cache_import *, cache_import_close);

/*
 * Look for a step, and bring its state into `store`, where it is recorded under the same key: 1 and
 * *ret, or 0, also when what there is is damaged, which *ret_problem (the caller frees) says once
 * for each of them.
 */
int cache_import_find(struct cache_import *import, struct store *store, struct store_lease *lease,
		      const struct object_id *key, struct step_record *ret, char **ret_problem,
		      struct error *err);
