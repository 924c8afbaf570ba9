/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"

#define DEPTH_MAX 4096

/* Two directories of one path, walked side by side; either may be empty for "none". */
struct tree_diff_level {
	struct dir_cursor before, after;
	struct dir_entry before_entry, after_entry;
	int have_before, have_after; /* 1 when the entry above is good */
	size_t path_length;
};

static int enter(struct tree_diff *diff, const struct object_id *before,
		 const struct object_id *after, struct error *err)
{
	struct tree_diff_level *level;
	int r;

	if (diff->depth == DEPTH_MAX)
		return error_set(err, -EBADMSG, "directories are nested too deeply");
	array_reserve_one(diff->levels, diff->depth, diff->capacity);
	level = &diff->levels[diff->depth++];
	*level = (struct tree_diff_level){ .path_length = diff->path.length };
	r = dir_cursor_open(diff->store, before, &level->before, err);
	if (r == 0)
		r = dir_cursor_open(diff->store, after, &level->after, err);
	if (r < 0)
		return r;
	level->have_before = dir_cursor_next(&level->before, &level->before_entry, err);
	if (level->have_before < 0)
		return level->have_before;
	level->have_after = dir_cursor_next(&level->after, &level->after_entry, err);
	return level->have_after < 0 ? level->have_after : 0;
}

static void leave(struct tree_diff *diff)
{
	struct tree_diff_level *level = &diff->levels[--diff->depth];

	dir_cursor_release(&level->before);
	dir_cursor_release(&level->after);
}

void tree_diff_begin(struct tree_diff *diff, struct store *store, const struct tree_root *before,
		     const struct tree_root *after)
{
	diff->store = store;
	diff->before = *before;
	diff->after = *after;
}

static bool same_attributes(const struct dir_entry *a, const struct dir_entry *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
	       a->link_count == b->link_count && a->link_id == b->link_id &&
	       object_id_equal(&a->xattrs, &b->xattrs);
}

static bool same_content(const struct dir_entry *a, const struct dir_entry *b)
{
	if (a->type == DIR_ENTRY_DIR)
		return true; /* what is in it is told on its own */
	if (a->size != b->size || !object_id_equal(&a->id, &b->id))
		return false;
	if (!(a->flags & DIR_ENTRY_INLINE))
		return true;
	return memcmp(a->inline_data, b->inline_data, a->size) == 0;
}

static struct dir_entry root_entry(const struct tree_root *root)
{
	return (struct dir_entry){ .type = DIR_ENTRY_DIR,
				   .mode = root->mode,
				   .uid = root->uid,
				   .gid = root->gid,
				   .mtime_s = root->mtime_s,
				   .mtime_ns = root->mtime_ns,
				   .id = root->dir,
				   .xattrs = root->xattrs,
				   .flags = object_id_is_zero(&root->xattrs) ? 0 : DIR_ENTRY_XATTRS,
				   .name = "" };
}

/* Have the directories of this pair entered at the next step, when there is anything in it. */
static void descend_later(struct tree_diff *diff, const struct dir_entry *before,
			  const struct dir_entry *after)
{
	static const struct object_id none;
	const struct object_id *a = before && before->type == DIR_ENTRY_DIR ? &before->id : &none;
	const struct object_id *b = after && after->type == DIR_ENTRY_DIR ? &after->id : &none;

	diff->pending = after && after->type == DIR_ENTRY_DIR && !object_id_equal(a, b);
	diff->descend_before = *a;
	diff->descend_after = *b;
}

static int compare_roots(struct tree_diff *diff, struct tree_change *ret)
{
	struct dir_entry before = root_entry(&diff->before), after = root_entry(&diff->after);

	diff->root_done = true;
	descend_later(diff, &before, &after);
	if (same_attributes(&before, &after))
		return 0;
	*ret = (struct tree_change){
		.kind = TREE_MODIFIED, .path = "", .before = before, .after = after
	};
	return 1;
}

static void append_name(struct buf *path, const struct dir_entry *entry)
{
	if (path->length)
		buf_add_char(path, '/');
	buf_append(path, entry->name, entry->name_length);
}

/* Judge a pair of entries of the path, either of which may be missing: 1 when it differs. */
static int compare_entries(struct tree_diff *diff, const struct dir_entry *before,
			   const struct dir_entry *after, struct tree_change *ret)
{
	descend_later(diff, before, after);
	*ret = (struct tree_change){ .path = buf_string(&diff->path), .content = true };
	if (before)
		ret->before = *before;
	if (after)
		ret->after = *after;
	if (!before) {
		ret->kind = TREE_ADDED;
		return 1;
	}
	if (!after) {
		ret->kind = TREE_DELETED;
		return 1;
	}
	if (before->type != after->type) {
		ret->kind = TREE_RETYPED;
		return 1;
	}
	ret->kind = TREE_MODIFIED;
	ret->content = !same_content(before, after);
	return ret->content || !same_attributes(before, after) || (diff->ways && diff->pending);
}

/*
 * Step the deepest level once. Entries stay in the cursors' memory until the next step, so the
 * level is advanced before it is looked at, not after.
 */
static int step(struct tree_diff *diff, struct tree_diff_level *level, struct tree_change *ret)
{
	const struct dir_entry *before = &level->before_entry, *after = &level->after_entry;
	int order; /* negative: only before, positive: only after, 0: both */

	if (level->have_before == 1 && level->have_after == 1)
		order = dir_name_compare(before->name, before->name_length, after->name,
					 after->name_length);
	else
		order = level->have_before == 1 ? -1 : 1;
	/* 2: used up, to be read on before the next look */
	if (order <= 0)
		level->have_before = 2;
	if (order >= 0)
		level->have_after = 2;
	append_name(&diff->path, order < 0 ? before : after);
	return compare_entries(diff, order <= 0 ? before : NULL, order >= 0 ? after : NULL, ret);
}

static int advance(struct tree_diff_level *level, struct error *err)
{
	if (level->have_before == 2)
		level->have_before = dir_cursor_next(&level->before, &level->before_entry, err);
	if (level->have_before < 0)
		return level->have_before;
	if (level->have_after == 2)
		level->have_after = dir_cursor_next(&level->after, &level->after_entry, err);
	return level->have_after < 0 ? level->have_after : 0;
}

int tree_diff_next(struct tree_diff *diff, struct tree_change *ret, struct error *err)
{
	if (!diff->root_done && compare_roots(diff, ret))
		return 1;
	for (;;) {
		struct tree_diff_level *level;
		int r;

		if (diff->pending) {
			struct object_id before = diff->descend_before, after = diff->descend_after;

			diff->pending = false;
			r = enter(diff, &before, &after, err);
			if (r < 0)
				return r;
		}
		if (diff->depth == 0)
			return 0;
		level = &diff->levels[diff->depth - 1];
		r = advance(level, err);
		if (r < 0)
			return r;
		buf_truncate(&diff->path, level->path_length);
		if (!level->have_before && !level->have_after) {
			leave(diff);
			continue;
		}
		if (step(diff, level, ret))
			return 1;
	}
}

void tree_diff_skip(struct tree_diff *diff)
{
	diff->pending = false;
}

void tree_diff_release(struct tree_diff *diff)
{
	while (diff->depth > 0)
		leave(diff);
	free(diff->levels);
	buf_release(&diff->path);
	*diff = (struct tree_diff){ 0 };
}
