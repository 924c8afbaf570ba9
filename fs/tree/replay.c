/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/replay.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/tree/content_digest.h"
#include "fs/tree/copy.h"
#include "fs/tree/diff.h"
#include "fs/tree/tree_internal.h"

/* One change, or (`way`) a directory on the way to some. */
struct step {
	UT_hash_handle hh;
	struct tree_change change; /* names and inline content are not kept */
	struct node_time mtime;    /* of what is changed, in the tree that is edited */
	bool way;
	char path[];
};

struct replay {
	struct tree_copier copier;
	struct tree *tree, *from; /* from: as it was made the first time */
	struct content_memo *memo;
	struct tree_root before;
	struct step *steps; /* parents before their children */
};

static bool same_time(const struct dir_entry *a, const struct dir_entry *b)
{
	return a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

/* ---- what was done ---- */

static struct step *find_step(const struct replay *replay, const char *path)
{
	struct step *step;

	HASH_FIND_STR(replay->steps, path, step);
	return step;
}

static struct step *add_step(struct replay *replay, const char *path)
{
	struct step *step = find_step(replay, path);
	size_t size = strlen(path) + 1;

	if (step)
		return step;
	step = xcalloc(1, sizeof *step + size);
	memcpy(step->path, path, size);
	step->way = true;
	HASH_ADD_STR(replay->steps, path, step);
	return step;
}

/* All directories above it, so that they are passed through on the way to it. */
static void add_ways(struct replay *replay, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_free char *dir = xstrndup(path, (size_t)(slash - path));

		(void)add_step(replay, dir);
	}
}

/* ---- would the same come of it? ---- */

static int conflict(const char *path, struct error *err)
{
	return error_set(err, -ESTALE, "'%s' is not as it was", path);
}

/* The name at a path, without following symlinks: 1, 0 when its directory has none of that name,
 * -ESTALE when that is none. */
static int find_name(struct tree *tree, const char *path, struct dentry **ret, struct error *err)
{
	struct node *at = tree_root_node(tree);
	const char *rest = path, *name;
	size_t length;
	int r = 1;

	while (path_next(&rest, &name, &length)) {
		if (r == 0 || !node_is_dir(at))
			return conflict(path, err);
		r = tree_find(tree, at, name, length, ret, err);
		if (r < 0)
			return r;
		if (r > 0)
			at = (*ret)->node;
	}
	return r;
}

/* As it is stored. */
static void entry_of(const struct node *node, struct dir_entry *ret)
{
	node_entry(node, NULL, ret);
	if (node->content == CONTENT_INLINE || node->type == DIR_ENTRY_SYMLINK)
		ret->flags |= DIR_ENTRY_INLINE;
	if (node->xattrs)
		ret->xattrs = node->xattrs->id;
}

static bool same_content(const struct node *node, const struct dir_entry *entry)
{
	struct dir_entry now;

	node_entry(node, NULL, &now);
	if (now.size != entry->size)
		return false;
	if (!(entry->flags & DIR_ENTRY_INLINE))
		return object_id_equal(&now.id, &entry->id);
	return (!node_is_file(node) || node->content == CONTENT_INLINE) &&
	       memcmp(now.inline_data, entry->inline_data, entry->size) == 0;
}

static bool same_attributes(const struct node *node, const struct dir_entry *entry)
{
	static const struct object_id none;
	const struct object_id *xattrs = node->xattrs ? &node->xattrs->id : &none;

	return node->mode == entry->mode && node->uid == entry->uid && node->gid == entry->gid &&
	       object_id_equal(xattrs, &entry->xattrs);
}

/* A directory that goes has the same in it: 1 or 0. */
static int same_below(struct replay *replay, struct node *node, const struct dir_entry *entry,
		      struct error *err)
{
	struct tree_root root = { .dir = entry->id,
				  .mode = entry->mode,
				  .uid = entry->uid,
				  .gid = entry->gid,
				  .xattrs = entry->xattrs };
	struct object_id here, there;
	int r;

	if (!(node->flags & NODE_DIR_CHANGED) && object_id_equal(&node->dir.id, &entry->id))
		return 1;
	if (!replay->memo)
		replay->memo = content_memo_new();
	r = content_digest_node(replay->tree, node, replay->memo, NULL, &here, err);
	if (r == 0)
		r = content_digest_root(tree_store(replay->tree), &root, replay->memo, &there, err);
	return r < 0 ? r : object_id_equal(&here, &there);
}

static int check_present(struct replay *replay, const struct tree_change *change, struct node *node,
			 struct error *err)
{
	const struct dir_entry *entry = &change->before;
	unsigned links = entry->flags & DIR_ENTRY_HARDLINK ? entry->link_count : 1;
	int r = 1;

	if (node->type != entry->type || !same_attributes(node, entry) || node->link_count != links)
		return conflict(change->path, err);
	if (!node_is_dir(node))
		r = same_content(node, entry);
	else if (change->kind != TREE_MODIFIED)
		r = same_below(replay, node, entry, err);
	return r == 0 ? conflict(change->path, err) : r < 0 ? r : 0;
}

/* Of the change at hand, whose entries are good until the next one. */
static int check_change(struct replay *replay, const struct tree_change *change,
			struct node_time *ret_mtime, struct error *err)
{
	struct dentry *dentry = NULL;
	struct node *node = tree_root_node(replay->tree);
	int r = *change->path ? find_name(replay->tree, change->path, &dentry, err) : 1;

	if (r < 0)
		return r;
	if ((change->kind == TREE_ADDED) != (r == 0))
		return conflict(change->path, err);
	if (r == 0)
		return 0;
	if (dentry)
		node = dentry->node;
	*ret_mtime = node->mtime;
	return check_present(replay, change, node, err);
}

static int take_change(struct replay *replay, const struct tree_change *change, struct error *err)
{
	struct node_time mtime = { 0 };
	struct step *step;
	int r = check_change(replay, change, &mtime, err);

	if (r < 0)
		return r;
	add_ways(replay, change->path);
	step = add_step(replay, change->path);
	step->change = *change;
	step->change.path = step->path;
	step->mtime = mtime;
	step->way = false;
	return 0;
}

/* It is taken over, by itself or with a directory that it is in. */
static bool is_changed(const struct replay *replay, const char *path)
{
	const struct step *step = find_step(replay, path);

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_free char *dir = xstrndup(path, (size_t)(slash - path));
		const struct step *above = find_step(replay, dir);

		if (above && !above->way && above->change.kind != TREE_MODIFIED)
			return true;
	}
	return step && !step->way;
}

/*
 * Names of one file are taken over together, or they would not be one there. One may have gone and
 * another come, which the entries of those that stayed do not show.
 */
static int take_group(struct replay *replay, const struct strings *paths, struct error *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < paths->count && !any; i++)
		any = is_changed(replay, paths->items[i]);
	for (size_t i = 0; i < paths->count && any && r == 0; i++) {
		struct tree_change change = { .kind = TREE_MODIFIED, .path = paths->items[i] };
		struct dentry *dentry;

		if (is_changed(replay, change.path))
			continue;
		r = find_name(replay->from, change.path, &dentry, err);
		if (r == 0)
			return error_set(err, -EBADMSG, "there is no '%s' to be linked",
					 change.path);
		if (r < 0)
			return r;
		entry_of(dentry->node, &change.before);
		change.after = change.before;
		r = take_change(replay, &change, err);
	}
	return r;
}

static int take_groups(struct replay *replay, struct error *err)
{
	int r = tree_load_links(replay->from, err);

	for (size_t i = 0; i < replay->from->links.count && r == 0; i++)
		r = take_group(replay, &replay->from->links.groups[i].paths, err);
	return r;
}

/* Look at all that was done, and hold it against the tree before anything is done there. */
static int collect(struct replay *replay, const struct tree_root *after, struct error *err)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_change change;
	int r;

	tree_diff_begin(&diff, tree_store(replay->tree), &replay->before, after);
	while ((r = tree_diff_next(&diff, &change, err)) > 0) {
		r = take_change(replay, &change, err);
		if (r < 0)
			return r;
		/* It is taken over as a whole. */
		if (change.kind != TREE_MODIFIED)
			tree_diff_skip(&diff);
	}
	return r < 0 ? r : take_groups(replay, err);
}

/* ---- doing it ---- */

static struct replay *of_copier(struct tree_copier *copier)
{
	return (struct replay *)((char *)copier - offsetof(struct replay, copier));
}

static int choose(struct tree_copier *copier, const char *path, const struct node *node,
		  enum tree_copy_choice *ret, struct error *err)
{
	const struct step *step = find_step(of_copier(copier), path);

	(void)err;
	if (!step)
		*ret = TREE_COPY_SKIP;
	else if (step->way || (node_is_dir(node) && step->change.kind == TREE_MODIFIED))
		*ret = TREE_COPY_DESCEND;
	else
		*ret = TREE_COPY_ALL;
	return 0;
}

static int remove_gone(struct replay *replay, struct error *err)
{
	struct dentry *dentry;
	struct step *step, *next;
	int r;

	HASH_ITER(hh, replay->steps, step, next) {
		if (step->way ||
		    (step->change.kind != TREE_DELETED && step->change.kind != TREE_RETYPED))
			continue;
		r = find_name(replay->tree, step->path, &dentry, err);
		if (r > 0)
			r = tree_remove(replay->tree, dentry, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_xattrs(struct replay *replay, struct node *from, struct node *to, struct error *err)
{
	const struct xattrs *list;
	int r = node_xattrs_load(replay->tree, to, &list, err);

	while (r == 0 && list->count > 0) {
		cleanup_free char *key = xstrdup(list->items[0].key);

		r = node_set_xattr(replay->tree, to, key, NULL, 0, err);
		if (r == 0)
			r = node_xattrs_load(replay->tree, to, &list, err);
	}
	if (r == 0)
		r = node_xattrs_load(replay->from, from, &list, err);
	for (size_t i = 0; r == 0 && i < list->count; i++)
		r = node_set_xattr(replay->tree, to, list->items[i].key, list->items[i].value,
				   list->items[i].size, err);
	return r;
}

/* What stays where it is gets the attributes that were changed. */
static int set_attributes(struct replay *replay, const struct step *step, struct error *err)
{
	const struct dir_entry *before = &step->change.before, *after = &step->change.after;
	struct node *node = tree_root_node(replay->tree), *from = tree_root_node(replay->from);
	struct dentry *dentry, *made;
	int r = 0;

	if (*step->path) {
		r = find_name(replay->tree, step->path, &dentry, err);
		if (r > 0)
			r = find_name(replay->from, step->path, &made, err);
		if (r <= 0)
			return r < 0 ? r : conflict(step->path, err);
		node = dentry->node;
		from = made->node;
	}
	r = tree_touch(replay->tree, node, err);
	if (r == 0 && !object_id_equal(&before->xattrs, &after->xattrs) && node_is_dir(node))
		r = take_xattrs(replay, from, node, err);
	if (r < 0)
		return r;
	node->mode = (uint16_t)after->mode;
	node->uid = after->uid;
	node->gid = after->gid;
	node->mtime = same_time(before, after)
			      ? step->mtime
			      : (struct node_time){ after->mtime_s, after->mtime_ns };
	node->ctime = node->atime = node->mtime;
	return 0;
}

static int apply(struct replay *replay, struct error *err)
{
	struct step *step, *next;
	int r = remove_gone(replay, err);

	if (r == 0)
		r = tree_copy_children(replay->tree, tree_root_node(replay->tree), replay->from,
				       tree_root_node(replay->from), &replay->copier, err);
	if (r < 0)
		return r;
	HASH_ITER(hh, replay->steps, step, next) {
		if (!step->way && step->change.kind == TREE_MODIFIED)
			r = set_attributes(replay, step, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void replay_release(struct replay *replay)
{
	struct step *step, *next;

	HASH_ITER(hh, replay->steps, step, next) {
		HASH_DEL(replay->steps, step);
		free(step);
	}
	content_memo_free(replay->memo);
	tree_close(replay->from);
}
DEFINE_CLEANUP_VALUE(struct replay, replay_release);

int tree_replay(struct tree *tree, const struct tree_root *before, const struct tree_root *after,
		struct error *err)
{
	bool empty = object_id_is_zero(&after->dir);
	cleanup_with(replay_release) struct replay replay = {
		.copier = { .choose = choose, .keep_dir_attributes = true, .replace_types = true },
		.tree = tree,
		.from = tree_open(tree_store(tree), empty ? NULL : after),
		.before = *before
	};
	int r = collect(&replay, after, err);

	return r < 0 ? r : apply(&replay, err);
}
