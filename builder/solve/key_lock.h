/* SPDX-License-Identifier: Apache-2.0 */
/* One step at a time for a key, among all processes that use the store. */
#pragma once

#include "fs/object/id.h"

struct error;
struct store;

struct key_waiter {
	int cancel_fd; /* -1: never */
	/* Somebody has it: said again and again, with the file that he has locked, open until the
	 * return. It is the same one as long as one process after the other dies with the lock. */
	void (*waiting)(struct key_waiter *waiter, int fd);
};

/*
 * Take the lock, in *ret_fd, a file to be given back with key_lock_free(). -ECANCELED when
 * `cancel_fd` becomes readable first.
 */
int key_lock_take(struct store *store, const struct object_id *key, struct key_waiter *waiter,
		  int *ret_fd, struct error *err);
void key_lock_free(struct store *store, const struct object_id *key, int fd);
