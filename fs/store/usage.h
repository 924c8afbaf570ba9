/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much room things take in a store: each object counts for the first that is asked about and
 * refers to it. Takes no locks, so what others do meanwhile may be counted or not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct store;
struct usage;

int usage_begin(struct store *store, struct usage **ret, struct error *err);
void usage_end(struct usage *usage);
DEFINE_CLEANUP(struct usage *, usage_end);

/* The bytes that `id` and all it refers to take, as stored, without what was counted before. What
 * of it is lost takes nothing. */
int usage_count(struct usage *usage, const struct object_id *id, uint64_t *ret_bytes,
		struct error *err);
/* The same for all that living processes hold. */
int usage_count_leases(struct usage *usage, uint64_t *ret_bytes, struct error *err);
/* Has it been counted, for itself or for something that refers to it? */
bool usage_has(const struct usage *usage, const struct object_id *id);
/* What all objects of the store take, wanted or not. */
uint64_t usage_total(const struct usage *usage);
