/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/layer/link_plan.h"
#include "builder/image/tar/tar_write.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/base/strings.h"
#include "fs/object/xattrs.h"
#include "fs/store/store.h"
#include "fs/tree/diff.h"
#include "fs/tree/lookup.h"

#define WHITEOUT    ".wh."
#define OPAQUE      ".wh..wh..opq"
#define BUFFER_SIZE ((size_t)1 << 20)

struct write_run {
	const struct layer_write *write;
	struct tar_writer tar;
	struct link_plan links;
	size_t next_extra;
	struct strings open_dirs; /* written directories above the last entry */
	struct tree *tree; /* to look up those that the difference has not; NULL: not needed */
	struct buf opaque; /* directory whose deletions have been told in one */
	struct object_id xattrs_id;
	struct xattrs xattrs; /* of that id: neighbours often have the same */
	uint64_t written;
	char *buffer;
};

/* ---- single entries ---- */

static int check_name(const struct write_run *run, const char *path, const struct dir_entry *entry,
		      struct error *err)
{
	if (run->write->plain)
		return 0;
	if (strncmp(path_base(path), WHITEOUT, strlen(WHITEOUT)) == 0)
		return error_set(err, -EINVAL,
				 "'%s' cannot be in a layer: names that begin with '" WHITEOUT
				 "' mean deletions there",
				 path);
	if (entry->type == DIR_ENTRY_CHAR && entry->size == 0)
		return error_set(err, -EINVAL,
				 "'%s' cannot be in a layer: the character device 0:0 means a "
				 "deletion to those who unpack it",
				 path);
	return 0;
}

/* Marks of the kernel's overlay filesystem would be obeyed by whoever unpacks onto one. */
static bool is_overlay_mark(const char *key)
{
	return strncmp(key, "trusted.overlay.", 16) == 0 || strncmp(key, "user.overlay.", 13) == 0;
}

static int load_xattrs(struct write_run *run, const struct object_id *id, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r;

	if (object_id_equal(id, &run->xattrs_id))
		return 0;
	xattrs_release(&run->xattrs);
	run->xattrs_id = (struct object_id){ 0 };
	if (object_id_is_zero(id))
		return 0;
	r = store_read(run->write->store, id, OBJECT_XATTRS, XATTRS_MAX, &bytes, err);
	if (r == 0)
		r = xattrs_decode(bytes.data, bytes.length, &run->xattrs, err);
	if (r < 0)
		return r;
	run->xattrs_id = *id;
	for (size_t i = run->xattrs.count; i-- > 0;) {
		cleanup_free char *key = xstrdup(run->xattrs.items[i].key);

		if (is_overlay_mark(key) && !run->write->plain)
			(void)xattrs_remove(&run->xattrs, key);
	}
	return 0;
}

static enum tar_type tar_type(enum dir_entry_type type)
{
	switch (type) {
	case DIR_ENTRY_DIR:
		return TAR_DIR;
	case DIR_ENTRY_SYMLINK:
		return TAR_SYMLINK;
	case DIR_ENTRY_BLOCK:
		return TAR_BLOCK_DEVICE;
	case DIR_ENTRY_CHAR:
		return TAR_CHAR;
	case DIR_ENTRY_FIFO:
		return TAR_FIFO;
	case DIR_ENTRY_FILE:
	case DIR_ENTRY_SOCKET:
		break;
	}
	return TAR_FILE;
}

static void set_time(const struct write_run *run, const struct dir_entry *entry,
		     struct tar_item *item)
{
	const struct layer_write *write = run->write;

	item->mtime_s = entry->mtime_s;
	item->mtime_ns = entry->mtime_ns;
	if (!write->has_epoch || entry->mtime_s < write->epoch_s)
		return;
	item->mtime_s = write->epoch_s;
	item->mtime_ns = 0;
}

static int write_content(struct write_run *run, const struct dir_entry *entry, struct error *err)
{
	const struct layer_write *write = run->write;
	uint64_t at = 0;

	if (entry->flags & DIR_ENTRY_INLINE)
		return tar_writer_add(&run->tar, entry->inline_data, entry->size, err);
	while (at < entry->size) {
		ssize_t n =
			store_pread(write->store, &entry->id, run->buffer, BUFFER_SIZE, at, err);
		int r;

		if (n < 0)
			return (int)n;
		if (n == 0 || at + (uint64_t)n > entry->size)
			return error_set(err, -EBADMSG, "object %s has not the size that it should",
					 object_id_hex(&entry->id).text);
		r = tar_writer_add(&run->tar, run->buffer, (size_t)n, err);
		if (r < 0)
			return r;
		at += (uint64_t)n;
		run->written += (uint64_t)n;
		progress_report(write->progress, write->what, run->written, 0);
	}
	return 0;
}

/* Directories above the entry that is written next stay in the list. */
static void note_dir(struct write_run *run, const char *path, bool is_dir)
{
	while (run->open_dirs.count &&
	       !path_is_below(path, run->open_dirs.items[run->open_dirs.count - 1]))
		strings_remove(&run->open_dirs, run->open_dirs.count - 1);
	if (is_dir)
		strings_add(&run->open_dirs, path);
}

static char *archive_name(const struct write_run *run, const char *path)
{
	if (!run->write->prefix)
		return xstrdup(*path ? path : ".");
	return xasprintf("%s%s%s", run->write->prefix, *path ? "/" : "", path);
}

static int write_entry(struct write_run *run, const char *path, const struct dir_entry *entry,
		       struct error *err)
{
	struct planned_group *group = entry->flags & DIR_ENTRY_HARDLINK
					      ? link_plan_find(&run->links, entry->link_id)
					      : NULL;
	cleanup_free char *target = NULL, *name = archive_name(run, path);
	struct tar_item item = { .type = tar_type(entry->type),
				 .name = name,
				 .mode = entry->mode,
				 .uid = entry->uid,
				 .gid = entry->gid,
				 .xattrs = &run->xattrs };
	int r = load_xattrs(run, &entry->xattrs, err);

	if (r < 0)
		return r;
	set_time(run, entry, &item);
	if (entry->type == DIR_ENTRY_SYMLINK)
		item.link = target = xstrndup((const char *)entry->inline_data, entry->size);
	if (entry->type == DIR_ENTRY_CHAR || entry->type == DIR_ENTRY_BLOCK) {
		item.device_major = (uint32_t)(entry->size >> 32);
		item.device_minor = (uint32_t)entry->size;
	}
	if (group && group->first) {
		item.type = TAR_HARDLINK;
		item.link = group->first;
	} else if (group) {
		group->first = xstrdup(name);
	}
	if (item.type == TAR_FILE)
		item.size = entry->size;
	if (*path)
		note_dir(run, path, item.type == TAR_DIR);
	r = tar_writer_begin(&run->tar, &item, err);
	return r < 0 || item.type != TAR_FILE ? r : write_content(run, entry, err);
}

/* A mark: an empty file of no consequence. */
static int write_mark(struct write_run *run, const char *path, struct error *err)
{
	const struct tar_item item = { .type = TAR_FILE, .name = path, .mode = 0600 };

	return tar_writer_begin(&run->tar, &item, err);
}

/* ---- deletions ---- */

/* Is `path` a name right inside of the directory whose deletions have been told? */
static bool is_told(const struct write_run *run, const char *path)
{
	size_t length = run->opaque.length;

	return length && strncmp(path, run->opaque.data, length) == 0 && path[length] == '/' &&
	       !strchr(path + length + 1, '/');
}

static int write_whiteout(struct write_run *run, const char *path, struct error *err)
{
	const char *base = path_base(path);
	cleanup_free char *name = xasprintf("%.*s" WHITEOUT "%s", (int)(base - path), path, base);

	if (is_told(run, path))
		return 0;
	return write_mark(run, name, err);
}

/* 1 when nothing of the old directory's names is left, and there were several. */
static int is_replaced(struct write_run *run, const struct tree_change *change, struct error *err)
{
	cleanup_with(dir_cursor_release) struct dir_cursor old = { 0 }, new = { 0 };
	struct dir_entry a, b;
	size_t count = 0;
	int have_a, have_b, r;

	r = dir_cursor_open(run->write->store, &change->before.id, &old, err);
	if (r == 0)
		r = dir_cursor_open(run->write->store, &change->after.id, &new, err);
	if (r < 0)
		return r;
	have_a = dir_cursor_next(&old, &a, err);
	have_b = dir_cursor_next(&new, &b, err);
	while (have_a > 0 && have_b >= 0) {
		int order = have_b ? dir_name_compare(a.name, a.name_length, b.name, b.name_length)
				   : -1;

		if (order == 0)
			return 0;
		if (order < 0) {
			count++;
			have_a = dir_cursor_next(&old, &a, err);
		} else {
			have_b = dir_cursor_next(&new, &b, err);
		}
	}
	if (have_a < 0 || have_b < 0)
		return have_a < 0 ? have_a : have_b;
	return count > 1;
}

static int write_opaque(struct write_run *run, const struct tree_change *change, struct error *err)
{
	cleanup_free char *name = NULL;
	int r;

	if (change->kind != TREE_MODIFIED || change->after.type != DIR_ENTRY_DIR ||
	    !*change->path || object_id_equal(&change->before.id, &change->after.id))
		return 0;
	r = is_replaced(run, change, err);
	if (r <= 0)
		return r;
	buf_clear(&run->opaque);
	buf_add_string(&run->opaque, change->path);
	name = xasprintf("%s/" OPAQUE, change->path);
	return write_mark(run, name, err);
}

/* ---- names of files with several ---- */

/* A directory of the stored tree, which nobody has changed in memory. */
static int look_up_dir(struct write_run *run, const char *path, struct dir_entry *ret,
		       struct error *err)
{
	struct node *node;
	int r;

	if (!run->tree)
		run->tree = tree_open(run->write->store, &run->write->after);
	r = tree_lookup(run->tree, path, TREE_NOFOLLOW, &node, err);
	if (r < 0)
		return r;
	if (r == 0 || !node_is_dir(node))
		return error_set(err, -EBADMSG, "there is no directory '%s' for a hard link", path);
	*ret = (struct dir_entry){ .type = DIR_ENTRY_DIR,
				   .mode = node->mode,
				   .uid = node->uid,
				   .gid = node->gid,
				   .mtime_s = node->mtime.s,
				   .mtime_ns = node->mtime.ns };
	if (node->xattrs)
		ret->xattrs = node->xattrs->id;
	return 0;
}

/* The directories above `path` that have not been written: the difference does not have them. */
static int write_parents(struct write_run *run, const char *path, struct error *err)
{
	size_t depth = 0;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_free char *dir = xstrndup(path, (size_t)(slash - path));
		struct dir_entry entry;
		int r;

		if (depth < run->open_dirs.count && strcmp(run->open_dirs.items[depth], dir) == 0) {
			depth++;
			continue;
		}
		r = look_up_dir(run, dir, &entry, err);
		if (r == 0)
			r = write_entry(run, dir, &entry, err);
		if (r < 0)
			return r;
		depth++;
	}
	return 0;
}

/* Write the added names that come before `path` (NULL: all that are left). */
static int write_extras(struct write_run *run, const char *path, struct error *err)
{
	while (run->next_extra < run->links.extra_count) {
		const struct link_member *extra = &run->links.extras[run->next_extra];
		int r;

		if (path && walk_order(extra->path, path) > 0)
			break;
		run->next_extra++;
		r = write_parents(run, extra->path, err);
		if (r == 0)
			r = write_entry(run, extra->path,
					&link_plan_find(&run->links, extra->id)->entry, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the whole ---- */

static int write_change(struct write_run *run, const struct tree_change *change, struct error *err)
{
	int r = write_extras(run, change->path, err);

	if (r < 0)
		return r;
	if (change->kind == TREE_DELETED)
		return write_whiteout(run, change->path, err);
	if (change->after.type == DIR_ENTRY_SOCKET)
		return change->kind == TREE_RETYPED ? write_whiteout(run, change->path, err) : 0;
	r = check_name(run, change->path, &change->after, err);
	if (r == 0)
		r = write_entry(run, change->path, &change->after, err);
	return r < 0 ? r : write_opaque(run, change, err);
}

static int write_all(struct write_run *run, struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	const struct layer_write *write = run->write;
	struct tree_change change;
	int r = link_plan_make(write->store, &write->before, &write->after, &run->links, err);

	if (r < 0)
		return r;
	tree_diff_begin(&diff, write->store, &write->before, &write->after);
	diff.ways = true;
	while ((r = tree_diff_next(&diff, &change, err)) > 0) {
		r = write_change(run, &change, err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = write_extras(run, NULL, err);
	if (r < 0)
		return r;
	return write->more ? tar_writer_end_entry(&run->tar, err)
			   : tar_writer_finish(&run->tar, err);
}

int layer_write(const struct layer_write *write, struct byte_sink *sink, struct error *err)
{
	struct write_run run = { .write = write, .tar.sink = sink };
	int r;

	run.buffer = xmalloc(BUFFER_SIZE);
	r = write_all(&run, err);
	link_plan_release(&run.links);
	strings_release(&run.open_dirs);
	tree_close(run.tree);
	buf_release(&run.opaque);
	xattrs_release(&run.xattrs);
	free(run.buffer);
	return r;
}
