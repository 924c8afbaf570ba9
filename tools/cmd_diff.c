/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/tree/diff.h"
#include "fs/tree/walk.h"
#include "tools/access.h"
#include "tools/json_text.h"
#include "tools/output.h"

struct diff_options {
	const char *format;
	bool directories;
};

static const struct option_spec options[] = {
	{ .name = "directories",
	  OPTION_AT(struct diff_options, directories),
	  .help = "Also directories of which nothing but the times has changed" },
	{ .name = "format",
	  OPTION_AT(struct diff_options, format),
	  .initial = "table",
	  .choices = output_formats,
	  .value = "format",
	  .help = "How to write it" },
	{ 0 },
};

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

/* With one operand: what that state's step has changed. */
static int parent_root(struct store *store, const struct snapshot_record *of, struct tree_root *ret,
		       struct error *err)
{
	struct snapshot_record parent;
	int r;

	*ret = tree_root_empty();
	if (object_id_is_zero(&of->parent))
		return 0;
	r = snapshot_load(store, &of->parent, &parent, err);
	if (r == 0)
		*ret = parent.root;
	return r;
}

static int run(const struct invocation *call, struct error *err)
{
	const struct diff_options *given = call->options;
	cleanup_with(store_close) struct store *store = NULL;
	cleanup_with(address_release) struct address first = { 0 }, second = { 0 };
	struct listing listing = { .format = output_format_of(given->format) };
	struct snapshot_record before, after;
	struct tree_root from;
	int r = access_store(call, 0, &store, err);

	if (r == 0)
		r = access_snapshot(store, call->operands[0], &first, &before, err);
	if (r == 0 && call->operand_count > 1) {
		from = before.root;
		r = access_snapshot(store, call->operands[1], &second, &after, err);
	} else if (r == 0) {
		after = before;
		r = parent_root(store, &before, &from, err);
	}
	if (r == 0)
		r = list_changes(&listing, store, &from, &after.root, given->directories, err);
	buf_release(&listing.text);
	return r;
}

const struct verb verb_diff = {
	.name = "diff",
	.summary = "List what differs between two states, or what a step has changed",
	.operands = "STATE [STATE]",
	.description =
		"Each line has a letter and a path: A added, M modified, D deleted, T another\n"
		"type of file. With one STATE, it is compared with the one it was made from.",
	.group = "States",
	.options = options,
	.values_size = sizeof(struct diff_options),
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
