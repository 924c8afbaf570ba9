/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a stored directory in order of names, whether it is a leaf or has pages. */
#pragma once

#include "fs/base/buf.h"
#include "fs/object/dir.h"

struct store;

/* All zero is the cursor of an empty directory. */
struct dir_cursor {
	struct store *store;
	struct buf list, leaf;
	struct dir_reader pages, entries;
	bool paged, in_leaf;
	uint32_t page_count; /* entries that this page must have */
	struct object_id id;
};

/* A zero id is an empty directory. */
int dir_cursor_open(struct store *store, const struct object_id *id, struct dir_cursor *ret,
		    struct error *err);
/* 1 and *ret, good until the next call; 0 at the end. */
int dir_cursor_next(struct dir_cursor *cursor, struct dir_entry *ret, struct error *err);
/* Pass over whole pages in which all names come before this one, without reading them. */
int dir_cursor_skip_to(struct dir_cursor *cursor, const char *name, size_t length,
		       struct error *err);
void dir_cursor_release(struct dir_cursor *cursor);
DEFINE_CLEANUP_VALUE(struct dir_cursor, dir_cursor_release);
