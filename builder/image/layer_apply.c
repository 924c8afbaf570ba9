/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer_apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/image/layer/apply_internal.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/quote.h"
#include "fs/tree/edit.h"
#include "fs/tree/lookup.h"

#define WHITEOUT      ".wh."
#define WHITEOUT_META ".wh..wh."
#define OPAQUE        ".wh..wh..opq"

/* What device numbers of Linux can hold. */
#define MAJOR_MAX 0xfffu
#define MINOR_MAX 0xfffffu

static bool begins_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

bool layer_keeps_xattr(const char *key, int type)
{
	if (begins_with(key, "user."))
		return type == DIR_ENTRY_FILE || type == DIR_ENTRY_DIR;
	return begins_with(key, "trusted.") || strcmp(key, "security.capability") == 0 ||
	       strcmp(key, "system.posix_acl_access") == 0 ||
	       strcmp(key, "system.posix_acl_default") == 0;
}

/* ---- attributes ---- */

static struct tree_attr attr_of(const struct apply_run *run, const struct tar_entry *entry)
{
	const struct layer_owner *owner = run->apply->owner;

	return (struct tree_attr){ .mode = entry->type == TAR_SYMLINK ? 0777 : entry->mode,
				   .uid = owner ? owner->uid : entry->uid,
				   .gid = owner ? owner->gid : entry->gid,
				   .mtime = { entry->mtime_s, entry->mtime_ns } };
}

/* Take away the attributes that the entry does not have. */
static int drop_xattrs(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		       struct error *err)
{
	cleanup_with(strings_release) struct strings gone = { 0 };
	const struct xattrs *present = NULL;
	int r = node_xattrs_load(run->tree, node, &present, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < present->count; i++) {
		if (!xattrs_get(&entry->xattrs, present->items[i].key))
			strings_add(&gone, present->items[i].key);
	}
	for (size_t i = 0; i < gone.count && r == 0; i++)
		r = node_set_xattr(run->tree, node, gone.items[i], NULL, 0, err);
	return r;
}

static int set_xattrs(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		      struct error *err)
{
	/* Another name of a file often comes without what its first one had. */
	int r = entry->type == TAR_HARDLINK ? 0 : drop_xattrs(run, entry, node, err);

	for (size_t i = 0; i < entry->xattrs.count && r == 0; i++) {
		const struct xattr *xattr = &entry->xattrs.items[i];

		if (layer_keeps_xattr(xattr->key, node->type))
			r = node_set_xattr(run->tree, node, xattr->key, xattr->value, xattr->size,
					   err);
	}
	return r;
}

/* Attributes of what is there already: the root, or a file that gets another name. */
static int restate(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		   struct error *err)
{
	int r = tree_touch(run->tree, node, err);

	if (r < 0)
		return r;
	node->uid = entry->uid;
	node->gid = entry->gid;
	node->mtime = node->ctime = (struct node_time){ entry->mtime_s, entry->mtime_ns };
	if (node->type != DIR_ENTRY_SYMLINK)
		node->mode = (uint16_t)entry->mode;
	return set_xattrs(run, entry, node, err);
}

/* ---- entries ---- */

static enum dir_entry_type node_type(enum tar_type type)
{
	switch (type) {
	case TAR_DIR:
		return DIR_ENTRY_DIR;
	case TAR_SYMLINK:
		return DIR_ENTRY_SYMLINK;
	case TAR_CHAR:
		return DIR_ENTRY_CHAR;
	case TAR_BLOCK_DEVICE:
		return DIR_ENTRY_BLOCK;
	case TAR_FIFO:
		return DIR_ENTRY_FIFO;
	case TAR_FILE:
	case TAR_HARDLINK:
		break;
	}
	return DIR_ENTRY_FILE;
}

static int check_entry(const struct tar_entry *entry, struct error *err)
{
	if (entry->type == TAR_SYMLINK && !*entry->link)
		return error_set(err, -EINVAL, "a symlink to nowhere");
	if (entry->type == TAR_SYMLINK && strlen(entry->link) > DIR_SYMLINK_MAX)
		return error_set(err, -ENAMETOOLONG, "its target is longer than %d bytes",
				 DIR_SYMLINK_MAX);
	if (entry->device_major > MAJOR_MAX || entry->device_minor > MINOR_MAX)
		return error_set(err, -EINVAL, "there is no device %u:%u", entry->device_major,
				 entry->device_minor);
	return 0;
}

/* What a name of this layer stood for until now goes. */
static void note_loss(struct apply_run *run, const struct dentry *present,
		      const struct tar_entry *entry)
{
	if (!present || !mark_set_has(&run->marks, present))
		return;
	if (entry->type != TAR_DIR || !node_is_dir(present->node))
		run->lost = true;
}

static int fill_node(struct apply_run *run, const struct tar_entry *entry, struct node *node,
		     struct error *err)
{
	int r = set_xattrs(run, entry, node, err);

	if (r < 0)
		return r;
	switch (entry->type) {
	case TAR_FILE:
		return apply_content(run, entry, node, err);
	case TAR_SYMLINK:
		node_set_target(node, entry->link, strlen(entry->link));
		break;
	case TAR_CHAR:
	case TAR_BLOCK_DEVICE:
		node->rdev = (uint64_t)entry->device_major << 32 | entry->device_minor;
		break;
	case TAR_DIR:
	case TAR_FIFO:
	case TAR_HARDLINK:
		break;
	}
	return 0;
}

/* The target of a hard link. Held while the name that it is to have is made free. */
static int find_target(struct apply_run *run, const struct tar_entry *entry, struct node **ret,
		       struct error *err)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	cleanup_free char *target = NULL;
	int r = apply_clean_name(entry->link, &target, err);

	if (r == 0)
		r = tree_resolve(run->tree, run->top, target, TREE_NOFOLLOW, &place, err);
	if (r == 0 && !place.node)
		r = error_set(err, -ENOENT, "its target '%s' does not exist", entry->link);
	else if (r == 0 && node_is_dir(place.node))
		r = error_set(err, -EPERM, "a hard link to a directory");
	if (r < 0)
		return r;
	*ret = place.node;
	return 0;
}

static int put_link(struct apply_run *run, const struct tar_entry *entry, struct node *dir,
		    const char *name, struct dentry *present, struct error *err)
{
	struct node *target;
	int r = find_target(run, entry, &target, err);

	if (r < 0)
		return r;
	if (present && present->node != target) {
		target->lookups++;
		r = tree_remove(run->tree, present, err);
		target->lookups--;
		if (r == 0 && !target->names) {
			tree_free_node(run->tree, target);
			r = error_set(err, -ENOENT, "it takes the place of its own target");
		}
	}
	if (r == 0)
		r = tree_put_link(run->tree, dir, name, strlen(name), target, err);
	return r < 0 ? r : restate(run, entry, target, err);
}

static int put_entry(struct apply_run *run, const struct tar_entry *entry, struct node *dir,
		     const char *name, struct error *err)
{
	struct tree_attr attr = attr_of(run, entry);
	struct dentry *dentry = NULL;
	struct node *node;
	int r = tree_find(run->tree, dir, name, strlen(name), &dentry, err);

	if (r < 0)
		return r;
	note_loss(run, r > 0 ? dentry : NULL, entry);
	if (entry->type == TAR_HARDLINK) {
		r = put_link(run, entry, dir, name, r > 0 ? dentry : NULL, err);
	} else {
		r = tree_put(run->tree, dir, name, strlen(name), node_type(entry->type), &attr,
			     &node, err);
		if (r == 0)
			r = fill_node(run, entry, node, err);
	}
	if (r == 0)
		r = tree_find(run->tree, dir, name, strlen(name), &dentry, err);
	if (r > 0)
		apply_mark(run, dentry);
	return r < 0 ? r : 0;
}

/* ---- deletions ---- */

static int remove_lower(struct apply_run *run, struct node *dir, const char *name,
			struct error *err)
{
	struct dentry *dentry;
	int r = tree_find(run->tree, dir, name, strlen(name), &dentry, err);

	if (r <= 0)
		return r;
	if (!mark_set_has(&run->marks, dentry))
		return tree_remove(run->tree, dentry, err);
	return node_is_dir(dentry->node) ? apply_clear_lower(run, dentry->node, err) : 0;
}

/* `base` begins with ".wh."; `length` is that of the path in front of it. */
static int apply_whiteout(struct apply_run *run, const char *path, size_t length, const char *base,
			  struct error *err)
{
	const char *name = base + strlen(WHITEOUT);
	struct node *dir;
	int r;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, -EINVAL, "a deletion of nothing");
	r = apply_find_dir(run, path, length, &dir, err);
	if (r <= 0)
		return r;
	if (strcmp(base, OPAQUE) == 0)
		return apply_clear_lower(run, dir, err);
	return remove_lower(run, dir, name, err);
}

/* Does a directory on the way begin with `start`? */
static bool has_component(const char *path, size_t length, const char *start)
{
	for (const char *at = path; at < path + length; at += strcspn(at, "/") + 1) {
		if (begins_with(at, start))
			return true;
	}
	return false;
}

/* ---- the whole ---- */

static int apply_named(struct apply_run *run, const struct tar_entry *entry, const char *path,
		       struct error *err)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t length = slash ? (size_t)(slash - path) : 0;
	struct node *dir;
	int r;

	if (!run->apply->plain) {
		/* Notes of AUFS to itself, which old versions of Docker left in. */
		if (has_component(path, length, WHITEOUT_META) ||
		    (begins_with(base, WHITEOUT_META) && strcmp(base, OPAQUE) != 0))
			return 0;
		if (has_component(path, length, WHITEOUT))
			return error_set(err, -EINVAL, "it is inside of a deletion");
		if (begins_with(base, WHITEOUT))
			return apply_whiteout(run, path, length, base, err);
	}
	r = check_entry(entry, err);
	if (r == 0)
		r = apply_parent(run, path, length, entry, &dir, err);
	return r < 0 ? r : put_entry(run, entry, dir, base, err);
}

static int apply_entry(struct apply_run *run, const struct tar_entry *entry, struct error *err)
{
	cleanup_free char *path = NULL;
	int r = apply_clean_name(entry->name, &path, err);

	if (r == 0 && *path)
		r = apply_named(run, entry, path, err);
	else if (r == 0 && entry->type == TAR_DIR)
		r = run->apply->dir ? 0 : restate(run, entry, run->top, err);
	else if (r == 0)
		r = error_set(err, -EINVAL, "the root is a directory");
	if (r < 0 && err) {
		cleanup_free char *name = quote_string(entry->name, 200);

		return error_prefix(err, r, "entry %s", name);
	}
	return r;
}

static int apply_all(struct apply_run *run, struct error *err)
{
	struct layer_apply *apply = run->apply;
	const struct tar_entry *entry;
	int r;

	while ((r = tar_reader_next(run->reader, &entry, err)) > 0) {
		if (++apply->entry_count > LAYER_ENTRIES_MAX)
			return error_set(err, -E2BIG, "more than %llu entries",
					 (unsigned long long)LAYER_ENTRIES_MAX);
		r = apply_entry(run, entry, err);
		if (r < 0)
			return r;
		if (apply->entry_count % 256 != 0)
			continue;
		progress_report(apply->progress, apply->what, tar_reader_offset(run->reader),
				apply->total);
		r = progress_check(apply->progress, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	/* What stands behind the end marks is part of the layer's digest as well. */
	return source_drain(&run->tap.base, err);
}

int layer_apply(struct layer_apply *apply, struct byte_source *tar, struct error *err)
{
	struct apply_run run = { .apply = apply,
				 .tree = apply->tree,
				 .top = apply->dir ? apply->dir : tree_root_node(apply->tree) };
	int r;

	recipe_tap_init(&run.tap, tar, apply->recipe);
	/* Without a recipe nothing is to be noted. */
	run.tap.content = !apply->recipe;
	run.reader = tar_reader_new(&run.tap.base);
	run.buffer = xmalloc(APPLY_BUFFER);
	r = apply_all(&run, err);
	if (run.lost && apply->recipe) {
		for (size_t i = 0; i < run.blobs.count; i++) {
			array_reserve_one(apply->spare.items, apply->spare.count,
					  apply->spare.capacity);
			apply->spare.items[apply->spare.count++] = run.blobs.items[i];
		}
	}
	free(run.blobs.items);
	mark_set_release(&run.marks);
	tar_reader_free(run.reader);
	free(run.buffer);
	return r;
}

void layer_apply_release(struct layer_apply *apply)
{
	free(apply->spare.items);
	apply->spare = (struct spare_blobs){ 0 };
}
