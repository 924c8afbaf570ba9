/* SPDX-License-Identifier: Apache-2.0 */
/* One step at a time for a key, among all processes that use the store. */
#pragma once

#include "fs/object/id.h"

struct error;
struct store;

/*
 * Take the lock, in *ret_fd to be given back with key_lock_free(). When somebody has it, `waiting`
 * is called, once. -ECANCELED when `cancel_fd` (-1: never) becomes readable first.
 */
int key_lock_take(struct store *store, const struct object_id *key, int cancel_fd,
		  void (*waiting)(void *context), void *context, int *ret_fd, struct error *err);
void key_lock_free(struct store *store, const struct object_id *key, int fd);
