/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a store for others, see cache_place.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct cache_place;
struct error;
struct object_id;
struct progress;
struct registries;
struct store;
struct store_lease;

/* Of what one build went through. */
struct cache_export {
	struct store *store;
	struct store_lease *lease; /* for temporary files */
	struct registries *registries;
	const struct object_id *snapshots; /* what its steps led to, each behind its parent */
	size_t count;
	const struct object_id *bases; /* what they began with */
	size_t base_count;
	const struct progress *progress; /* NULL: nobody listens */
	int cancel_fd;
};

struct cache_exported {
	uint64_t objects, steps;     /* that were not there before; steps in all */
	uint64_t layers, new_layers; /* of a registry: in all, and that were sent */
};

/*
 * Every step that led to one of the snapshots, under all its keys, but none that had secrets. What
 * is there already is not written again. It is there at once or, when something fails, not at all.
 */
int cache_export(const struct cache_export *export, const struct cache_place *place,
		 struct cache_exported *ret, struct error *err);
