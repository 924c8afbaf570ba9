/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of one store into another, with all they refer to. What is read is hashed, and its id has
 * to be the one that it was asked for by: the other store need not be trusted to be whole.
 */
#pragma once

#include <stdint.h>

#include "fs/object/id_set.h"

struct error;
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
/* What was put is not in the store after all. */
void transfer_forget(struct transfer *transfer);
void transfer_release(struct transfer *transfer);
