/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large directory with a few changes, written without its other pages being read: the bytes are
 * those that writing it as a whole has.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/object/dir.h"

struct store;

/* The entry of this name is another one now, or there is none. */
struct dir_change {
	const char *name;
	uint16_t length;
	bool present;
	struct dir_entry entry;
};

/* `changes` in order of names, each once. `put` as in fs/object/dir.h. */
int dir_patch(struct store *store, const struct object_id *base, const struct dir_change *changes,
	      size_t count, dir_put_fn put, void *context, struct object_id *ret,
	      struct error *err);
