/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a pack in the order in which they lie there. */
#pragma once

#include <stdbool.h>

#include "fs/store/pack/index.h"

struct pack_placed {
	struct pack_index_entry entry;
	uint32_t position; /* in the index */
};

/* Less than, equal to or above 0, as places compare. */
int pack_place_compare(const struct pack_object *a, const struct pack_object *b);

/* A list that the caller frees, and its length; false when records were damaged, which are left out. */
bool pack_order(const struct pack_index *index, struct pack_placed **ret, size_t *ret_count);
