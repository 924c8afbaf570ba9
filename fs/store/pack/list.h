/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packs of a store as this process knows them. The directory changes under our feet: packs
 * come with every commit and go when they are put together. Safe in threads.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/strings.h"
#include "fs/store/pack/pack.h"

/* The packs at one moment, newest first; never changes. */
struct pack_set {
	unsigned refs;          /* atomic */
	unsigned hint;          /* where an object was found last; atomic */
	struct strings damaged; /* names of packs that could not be opened for damage */
	size_t count;
	struct pack *packs[];
};

struct pack_list;

/* `packs_fd` is not kept open by the list. */
struct pack_list *pack_list_new(int packs_fd);
void pack_list_free(struct pack_list *list);

/* The set as last seen, for pack_set_unref(); reads the directory the first time. */
int pack_list_get(struct pack_list *list, struct pack_set **ret, struct error *err);

/*
 * Look at the directory again if it changed since: 1 when the set is another one now, else 0.
 * `always` reads it even when it looks unchanged.
 */
int pack_list_refresh(struct pack_list *list, bool always, struct error *err);

struct pack_set *pack_set_ref(struct pack_set *set);
void pack_set_unref(struct pack_set *set);
DEFINE_CLEANUP(struct pack_set *, pack_set_unref);

/* True and where an object is. */
bool pack_set_find(struct pack_set *set, const struct object_id *id, struct pack **ret_pack,
		   uint32_t *ret_position);
