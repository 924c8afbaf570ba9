/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of build steps: from a key to the snapshot that carrying it out made. Every record
 * keeps its snapshot alive until it is removed. Records are added by store_txn_add_step().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/object/id.h"

struct error;
struct store;

enum step_flags {
	STEP_FAILED = 1 << 0, /* the state that a failed step left: mountable, never a hit */
	STEP_SECRET = 1 << 1, /* it had secrets: never lent to other stores */
	STEP_TRACE = 1 << 2,  /* no state, but what a step has looked at, kept with its state */
};

struct step_record {
	struct object_id key;
	struct object_id snapshot;
	int64_t created_s;
	uint32_t cost_ms; /* what it took to make */
	uint32_t flags;   /* step_flags */
};

/* All zero is an empty list. */
struct step_list {
	struct step_record *items;
	size_t count, capacity;
};

/* 1 and *ret: the newest record of this key, not a failed one; or 0. */
int store_step_find(struct store *store, const struct object_id *key, struct step_record *ret,
		    struct error *err);
/* Every record that is in force. */
int store_step_list(struct store *store, struct step_list *ret, struct error *err);
/* Forget the records of these keys, and all their failed ones. Safe beside committing processes. */
int store_step_remove(struct store *store, const struct object_id *keys, size_t count,
		      struct error *err);
/* Forget the records that lead to these snapshots, whatever their keys. */
int store_step_forget(struct store *store, const struct object_id *snapshots, size_t count,
		      struct error *err);
void step_list_release(struct step_list *list);
