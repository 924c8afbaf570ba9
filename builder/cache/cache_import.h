/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that other stores have done, see cache_place.h. For many threads. */
#pragma once

#include "fs/base/cleanup.h"

struct cache_import;
struct cache_place;
struct error;
struct object_id;
struct registries;
struct step_record;
struct store;
struct store_lease;

/* Of none yet. */
struct cache_import *cache_import_new(struct registries *registries, int cancel_fd);
/* One more, to be asked behind the others; what the error says is of use to a person alone. */
int cache_import_open(struct cache_import *import, const struct cache_place *place,
		      struct error *err);
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
