/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases as files: leases/NAME, locked with flock by the process that has it as long as that
 * lives, a line with an id for each object held; and tmp/NAME/, its unfinished files. What a
 * torn write left at the front of a line does not count.
 */
#pragma once

#include <stddef.h>

#include "fs/object/id.h"

struct error;
struct store;

/* Add to a lease of whatever process; one that has ended needs nothing any more. By a holder of the shared
 * lock that has seen the object. */
int lease_append(struct store *store, const char *name, const struct object_id *id,
		 struct error *err);

/* Ids that the living hold. */
struct id_list {
	struct object_id *items;
	size_t count, capacity;
};
int lease_read_all(struct store *store, struct id_list *ret, struct error *err);
void id_list_release(struct id_list *list);

/* The ids in a lease's file. */
void lease_parse(const char *text, size_t size, struct id_list *ret);

/* Remove what dead processes left: at most `max_removed` of them after looking at `max_seen`. With SIZE_MAX also
 * stray files and directories in tmp/. `ret_found` (or NULL) gets a line for each instead, and nothing is removed. */
struct strings;
int lease_clean(struct store *store, size_t max_seen, size_t max_removed, struct strings *ret_found,
		struct error *err);
