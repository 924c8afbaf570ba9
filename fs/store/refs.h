/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that keep objects alive: "tag/NAME", "pin/NAME", "cache/ID/NUMBER", "snapshot/NAME" and
 * "work/HASH/NUMBER" (see fs/snapshot/keyed.h), and the like. The part
 * behind the first slash may hold any bytes but NUL; it is written in a form fit for a file name.
 * Setting one goes through store_txn_set_ref().
 */
#pragma once

#include <stdint.h>

#include "fs/object/id.h"

struct error;
struct store;

struct ref {
	char *name;
	struct object_id id;
	int64_t time_s; /* when it was set, since 1970 */
};

/* All zero is an empty list. */
struct ref_list {
	struct ref *items;
	size_t count, capacity;
};

/* 1 and *ret_id (and *ret_time_s unless NULL), or 0. */
int store_ref_get(struct store *store, const char *name, struct object_id *ret_id,
		  int64_t *ret_time_s, struct error *err);
/* 1 removed, 0 there was none. Durable on return. */
int store_ref_delete(struct store *store, const char *name, struct error *err);
/* All that begin with `prefix`, which ends in a slash, sorted by name. */
int store_ref_list(struct store *store, const char *prefix, struct ref_list *ret,
		   struct error *err);
void ref_list_release(struct ref_list *list);
