/* SPDX-License-Identifier: Apache-2.0 */
/* A flat set of ids: collecting garbage marks millions, where a linked table costs too much. */
#pragma once

#include "fs/object/id.h"

/* All zero is an empty set. The zero id cannot be a member. */
struct id_set {
	struct object_id *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* True when it was not in the set before. */
bool id_set_add(struct id_set *set, const struct object_id *id);
bool id_set_contains(const struct id_set *set, const struct object_id *id);
void id_set_release(struct id_set *set);

/* Members in no order: start with *at = 0, NULL at the end. */
const struct object_id *id_set_next(const struct id_set *set, size_t *at);
