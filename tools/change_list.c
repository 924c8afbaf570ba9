/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/change_list.h"

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/tree/diff.h"
#include "fs/tree/walk.h"
#include "tools/json_text.h"

/* How much is collected before it is written. */
#define WRITE_SIZE ((size_t)64 << 10)

struct listing {
	enum output_format format;
	struct buf text;
};

static int add_line(struct listing *listing, char letter, const char *path, struct error *err)
{
	char kind[2] = { letter };
	int r = 0;

	if (listing->format == OUTPUT_JSON) {
		cleanup_with(buf_release) struct buf full = { 0 };

		buf_add_format(&full, "/%s", path);
		buf_add_char(&listing->text, '{');
		json_add_field(&listing->text, "change", kind);
		json_add_field(&listing->text, "path", buf_string(&full));
		buf_add_string(&listing->text, "}\n");
	} else {
		buf_add_format(&listing->text, "%c /%s\n", letter, path);
	}
	if (listing->text.length >= WRITE_SIZE) {
		r = output_write(&listing->text, err);
		buf_clear(&listing->text);
	}
	return r;
}

/* A directory that changed only because something in it did. */
static bool only_times(const struct tree_change *change)
{
	const struct dir_entry *a = &change->before, *b = &change->after;

	return change->kind == TREE_MODIFIED && a->type == DIR_ENTRY_DIR && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && object_id_equal(&a->xattrs, &b->xattrs);
}

/* Of a directory that is gone, or of what has another type now, all that was below it. */
static int add_below(struct listing *listing, struct store *store, const struct tree_change *change,
		     struct error *err)
{
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	cleanup_with(buf_release) struct buf full = { 0 };
	struct dir_entry entry;
	const char *path;
	size_t top;
	int r;

	if (change->before.type != DIR_ENTRY_DIR ||
	    (change->kind != TREE_DELETED && change->kind != TREE_RETYPED))
		return 0;
	buf_add_format(&full, "%s/", change->path);
	top = full.length;
	r = tree_walk_begin(&walk, store, &change->before.id, err);
	while (r >= 0 && (r = tree_walk_next(&walk, &entry, &path, err)) > 0) {
		buf_truncate(&full, top);
		buf_add_string(&full, path);
		r = add_line(listing, TREE_DELETED, buf_string(&full), err);
	}
	return r;
}

static int list_changes(struct listing *listing, struct store *store,
			const struct tree_root *before, const struct tree_root *after,
			bool directories, struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_change change;
	int r;

	tree_diff_begin(&diff, store, before, after);
	while ((r = tree_diff_next(&diff, &change, err)) > 0) {
		if (!directories && only_times(&change))
			continue;
		r = add_line(listing, (char)change.kind, change.path, err);
		if (r == 0)
			r = add_below(listing, store, &change, err);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : output_write(&listing->text, err);
}

int change_list_print(struct store *store, const struct tree_root *before,
		      const struct tree_root *after, const struct change_list *how,
		      struct error *err)
{
	struct listing listing = { .format = how->format };
	int r = list_changes(&listing, store, before, after, how->directories, err);

	buf_release(&listing.text);
	return r;
}
