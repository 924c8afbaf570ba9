/* SPDX-License-Identifier: Apache-2.0 */
/* Which packs are worth keeping as they are, once it is known what lives. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"
#include "fs/object/kind.h"

struct marker;
struct pack;

struct pack_plan {
	struct pack *pack;    /* referenced */
	uint64_t live_length; /* sum over the objects that live here and in no better place */
	uint32_t live_count;
	uint32_t dead_walkable; /* dead objects that refer to others, which may go before they do */
	bool doomed;
};

/* All zero is an empty one. Packs are in descending order of size. */
struct gc_plan {
	struct pack_plan *items;
	size_t count;
};

void gc_plan_make(const struct marker *marker, struct gc_plan *ret);
void gc_plan_release(struct gc_plan *plan);
DEFINE_CLEANUP_VALUE(struct gc_plan, gc_plan_release);

/* Whether the plan wants the object at this place to live on there, and as what. */
bool gc_plan_keeps(const struct gc_plan *plan, const struct marker *marker, size_t item,
		   uint32_t position, enum object_kind *kind);
