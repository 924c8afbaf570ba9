/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding all that roots refer to, over every kind of object. What was visited is remembered, so
 * marking again after a few roots were added costs little. Takes no locks; belongs to one thread.
 *
 * An object's role follows from what refers to it, not from how it is tagged: a file may hold the
 * bytes of a directory object and is only a file for that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id_set.h"

struct error;
struct marker;
struct pack_set;
struct root_list;
struct store;

/* Looks at the packs and lists the loose blobs. */
int marker_new(struct store *store, struct marker **ret, struct error *err);
void marker_free(struct marker *marker);
DEFINE_CLEANUP(struct marker *, marker_free);

/* Look at the packs again. */
int marker_refresh(struct marker *marker, struct error *err);
/* The packs as last seen, which stay while the marker does or until the next refresh. */
struct pack_set *marker_packs(const struct marker *marker);

struct loose_item {
	struct object_id id;
	uint64_t size;
};
/* The loose blobs that were there when the marker was made, by ascending id. */
const struct loose_item *marker_loose(const struct marker *marker, size_t *ret_count);
bool marker_is_loose(const struct marker *marker, const struct object_id *id);

/* Objects that are there but no good. They count as lost. */
void marker_distrust(struct marker *marker, const struct object_id *id);

/* Mark an object and all it refers to: 1, or 0 when something is lost, whose name and what became of it are in
 * *ret_lost then (a text of the marker's, until the next call). All that is not lost is marked all the same. */
int marker_mark(struct marker *marker, const struct object_id *id, const char **ret_lost,
		struct error *err);

/* Mark all roots. Something lost below a ref or a step is -EBADMSG: what to delete cannot be said then. What a
 * living process holds is marked as far as it is there. */
int marker_mark_roots(struct marker *marker, const struct root_list *roots, struct error *err);

/* Marked in any role. */
bool marker_is_live(const struct marker *marker, const struct object_id *id);
/* Marked as something that refers to other objects. */
bool marker_is_walked(const struct marker *marker, const struct object_id *id);

/* From now on, also note down what is newly marked or newly walked. */
void marker_note_fresh(struct marker *marker);
const struct object_id *marker_fresh(const struct marker *marker, size_t *ret_count);
