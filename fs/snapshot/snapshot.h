/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots as whole things: reading one, and making one out of a tree that was edited. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/strings.h"
#include "fs/object/snapshot_record.h"
#include "fs/store/steps.h"

struct error;
struct overlay;
struct store;
struct store_lease;
struct store_txn;
struct tree;
struct wire;

/* -ENOENT when it is gone, -EBADMSG when it is damaged. */
int snapshot_load(struct store *store, const struct object_id *id, struct snapshot_record *ret,
		  struct error *err);

#define SNAPSHOT_STEPS_MAX 4

/* What is said of a new snapshot, and what is to refer to it once it is there. */
struct snapshot_intent {
	struct object_id parent; /* zero: none */
	struct object_id step;   /* zero: none */
	int64_t created_s;
	const char *config; /* NULL: none */
	size_t config_size;
	char *hold; /* name of a lease that is to keep it, or NULL */
	char *ref;  /* a ref to set to it, or NULL */
	struct step_record
		steps[SNAPSHOT_STEPS_MAX]; /* to be recorded; their `snapshot` is filled in */
	size_t step_count;
};

void snapshot_intent_encode(const struct snapshot_intent *intent, struct buf *ret);
/* `config` points into the message, `hold` and `ref` are the caller's to free. -EPROTO. */
int snapshot_intent_decode(struct wire *wire, struct snapshot_intent *ret);

/* Put the snapshot of `root` and all that the intent asks for into the transaction. */
int snapshot_record_put(struct store_txn *txn, const struct tree_root *root,
			const struct snapshot_intent *intent, struct object_id *ret,
			struct error *err);

struct snapshot_result {
	struct object_id id;
	struct tree_root root;
	uint64_t bytes;       /* added to the store */
	uint32_t dirs, files; /* written */
};
void snapshot_result_encode(const struct snapshot_result *result, struct buf *ret);
void snapshot_result_decode(struct wire *wire, struct snapshot_result *ret);

/* Commit a tree whose changes need no staging, in a transaction of its own. */
int snapshot_commit_tree(struct tree *tree, struct store_lease *lease,
			 const struct snapshot_intent *intent, struct snapshot_result *ret,
			 struct error *err);
/*
 * Commit what an overlay shows, which goes on from there: the lease keeps the snapshot. After a
 * failure all of it is as changed as before.
 */
int snapshot_commit_overlay(struct overlay *overlay, struct store_lease *lease,
			    const struct snapshot_intent *intent, struct snapshot_result *ret,
			    struct error *err);
