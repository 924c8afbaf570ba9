/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/walk.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"

/* Deeper than any path the kernel takes; a cycle cannot exist among hashes, but bytes can lie. */
#define DEPTH_MAX 4096

static int enter(struct tree_walk *walk, const struct object_id *dir, struct error *err)
{
	int r;

	if (walk->depth == DEPTH_MAX)
		return error_set(err, -EBADMSG, "directories are nested too deeply");
	if (walk->depth == walk->capacity) {
		walk->capacity = walk->capacity ? walk->capacity * 2 : 16;
		walk->levels = xreallocarray(walk->levels, walk->capacity, sizeof *walk->levels);
		walk->path_lengths = xreallocarray(walk->path_lengths, walk->capacity,
						   sizeof *walk->path_lengths);
	}
	r = dir_cursor_open(walk->store, dir, &walk->levels[walk->depth], err);
	if (r < 0)
		return r;
	walk->path_lengths[walk->depth] = walk->path.length;
	walk->depth++;
	return 0;
}

int tree_walk_begin(struct tree_walk *walk, struct store *store, const struct object_id *dir,
		    struct error *err)
{
	walk->store = store;
	return enter(walk, dir, err);
}

void tree_walk_skip(struct tree_walk *walk)
{
	walk->pending = false;
}

int tree_walk_next(struct tree_walk *walk, struct dir_entry *ret_entry, const char **ret_path,
		   struct error *err)
{
	if (walk->pending) {
		struct object_id dir = walk->descend;
		int r = enter(walk, &dir, err);

		walk->pending = false;
		if (r < 0)
			return r;
	}
	while (walk->depth > 0) {
		size_t base = walk->path_lengths[walk->depth - 1];
		int r = dir_cursor_next(&walk->levels[walk->depth - 1], ret_entry, err);

		if (r < 0)
			return r;
		buf_truncate(&walk->path, base);
		if (r == 0) {
			dir_cursor_release(&walk->levels[--walk->depth]);
			continue;
		}
		if (base)
			buf_add_char(&walk->path, '/');
		buf_append(&walk->path, ret_entry->name, ret_entry->name_length);
		*ret_path = buf_string(&walk->path);
		walk->pending = ret_entry->type == DIR_ENTRY_DIR;
		walk->descend = ret_entry->id;
		return 1;
	}
	return 0;
}

void tree_walk_release(struct tree_walk *walk)
{
	while (walk->depth > 0)
		dir_cursor_release(&walk->levels[--walk->depth]);
	free(walk->levels);
	free(walk->path_lengths);
	buf_release(&walk->path);
	*walk = (struct tree_walk){ 0 };
}
