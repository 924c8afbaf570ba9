/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of one store into another, with all they refer to. What is read is hashed, and its id has
 * to be the one that it was asked for by: the other store need not be trusted to be whole.
 */
#pragma once

#include <stdint.h>

#include "fs/object/id_set.h"
#include "fs/store/gc/children.h"

struct buf;
struct error;
struct extents;
struct store;
struct store_txn;

/* Set `from` and, or -1, `cancel_fd`; the rest all zero. For several transactions one by one. */
struct transfer {
	struct store *from;
	int cancel_fd;
	struct id_set done; /* these and what they refer to are where they belong */
	uint64_t objects;   /* that were copied */
};

/*
 * Put the object and what it refers to into the transaction; what is there already is not read
 * again, unless it refers to more. -ENOENT and -EBADMSG: the store does not have all of it, or
 * something else under its name; nothing may be committed then. -ECANCELED.
 */
int transfer_object(struct transfer *transfer, struct store_txn *txn, const struct object_id *id,
		    struct error *err);

/*
 * Where objects may go to instead: each begins with this and lives in its owner. What an object is
 * made of, but for snapshots and directories, comes before it.
 */
struct transfer_target {
	/* 1 when the object is there, 2 when all that it refers to is as well, 0 when it is to come. */
	int (*has)(struct transfer_target *target, const struct child *child, struct error *err);
	/* One that is no blob, whose content was held against its id. */
	int (*put)(struct transfer_target *target, enum object_kind kind,
		   const struct object_id *id, const struct buf *bytes, struct error *err);
	/* A blob, part after part; in the end its id, from what came. `drop`: it does not get there. */
	int (*begin)(struct transfer_target *target, uint64_t size, struct error *err);
	int (*add)(struct transfer_target *target, const void *data, size_t size,
		   struct error *err);
	int (*end)(struct transfer_target *target, struct object_id *ret, struct error *err);
	void (*drop)(struct transfer_target *target);
	/* One that is named by the list of its pieces. */
	int (*compose)(struct transfer_target *target, const struct extents *extents,
		       struct object_id *ret, struct error *err);
};

int transfer_to(struct transfer *transfer, struct transfer_target *target,
		const struct object_id *id, struct error *err);
/* What was put is not in the store after all. */
void transfer_forget(struct transfer *transfer);
void transfer_release(struct transfer *transfer);
