/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/path.h"
#include "fs/overlay/journal.h"
#include "fs/overlay/overlay_internal.h"

static int check_name(const char *name, size_t *ret_length)
{
	size_t length = strlen(name);

	if (length > DIR_NAME_MAX)
		return -ENAMETOOLONG;
	if (!path_name_valid(name, length))
		return -EINVAL;
	*ret_length = length;
	return 0;
}

/* The name in the directory: 0, or -ENOENT. */
static int find(struct overlay *overlay, struct node *dir, const char *name, struct dentry **ret)
{
	size_t length = strlen(name);
	int r;

	if (length > DIR_NAME_MAX)
		return -ENAMETOOLONG;
	if (dir->flags & NODE_DETACHED)
		return -ENOENT;
	if (dir->flags & NODE_LISTED) {
		r = overlay_refresh(overlay, dir);
		if (r < 0)
			return r;
	}
	r = tree_find(overlay->tree, dir, name, length, ret, &overlay->why);
	if (r < 0) {
		tracing_failed(overlay->tracing, r);
		return overlay_io(r);
	}
	tracing_looked_up(overlay->tracing, dir, name, length, r ? *ret : NULL);
	return r ? 0 : -ENOENT;
}

int overlay_lookup(struct overlay *overlay, struct node *dir, const char *name, struct node **ret)
{
	struct dentry *dentry;
	int r = find(overlay, dir, name, &dentry);

	if (r < 0)
		return r;
	dentry->node->lookups++;
	*ret = dentry->node;
	return 0;
}

/* The directory has got or lost a name. */
static void stamp_dir(struct node *dir)
{
	dir->mtime = dir->ctime = overlay_now();
}

/* A directory that may get another name in it, and has none such yet. */
static int check_new_name(struct overlay *overlay, struct node *dir, const char *name,
			  size_t *ret_length)
{
	struct dentry *present;
	int r;

	if (overlay->read_only)
		return -EROFS;
	if (dir->flags & NODE_DETACHED)
		return -ENOENT;
	r = check_name(name, ret_length);
	if (r < 0)
		return r;
	r = tree_find(overlay->tree, dir, name, *ret_length, &present, &overlay->why);
	if (r < 0) {
		tracing_failed(overlay->tracing, r);
		return overlay_io(r);
	}
	tracing_looked_up(overlay->tracing, dir, name, *ret_length, r ? present : NULL);
	return r ? -EEXIST : 0;
}

static int new_node(struct overlay *overlay, struct node *dir, const struct overlay_make *make,
		    const struct overlay_caller *caller, struct node **ret)
{
	struct node_time now = overlay_now();
	struct node *node = tree_new_node(overlay->tree, make->type, &now);
	int r = 0;

	node->mode = (uint16_t)(make->mode & 07777);
	if (make->type != DIR_ENTRY_SYMLINK)
		r = overlay_acl_inherit(overlay, dir, node, caller->umask);
	node->uid = caller->uid;
	node->gid = caller->gid;
	if (dir->mode & S_ISGID) {
		node->gid = dir->gid;
		if (make->type == DIR_ENTRY_DIR)
			node->mode |= S_ISGID;
	}
	if (make->type == DIR_ENTRY_BLOCK || make->type == DIR_ENTRY_CHAR)
		node->rdev = make->rdev;
	if (make->type == DIR_ENTRY_SYMLINK)
		node_set_target(node, make->target, strlen(make->target));
	if (r < 0)
		tree_free_node(overlay->tree, node);
	else
		*ret = node;
	return r;
}

int overlay_make(struct overlay *overlay, struct node *dir, const char *name,
		 const struct overlay_make *make, const struct overlay_caller *caller,
		 struct node **ret)
{
	struct node *node;
	size_t length;
	int r = check_new_name(overlay, dir, name, &length);

	if (r == 0 && make->type == DIR_ENTRY_SYMLINK &&
	    (!make->target[0] || strlen(make->target) > DIR_SYMLINK_MAX))
		r = make->target[0] ? -ENAMETOOLONG : -ENOENT;
	if (r == 0)
		r = overlay_io(tree_touch(overlay->tree, dir, &overlay->why));
	if (r < 0)
		return r;
	r = new_node(overlay, dir, make, caller, &node);
	if (r < 0)
		return r;
	r = overlay_io(tree_link(overlay->tree, dir, name, length, node, &overlay->why));
	if (r < 0) {
		tree_free_node(overlay->tree, node);
		return r;
	}
	stamp_dir(dir);
	node->lookups++;
	journal_made(overlay->journal, node);
	*ret = node;
	return 0;
}

int overlay_make_unnamed(struct overlay *overlay, struct node *dir, uint32_t mode,
			 const struct overlay_caller *caller, struct node **ret)
{
	struct overlay_make make = { .type = DIR_ENTRY_FILE, .mode = mode };

	int r = overlay->read_only ? -EROFS : new_node(overlay, dir, &make, caller, ret);

	if (r == 0)
		(*ret)->lookups = 1;
	return r;
}

int overlay_link(struct overlay *overlay, struct node *node, struct node *dir, const char *name)
{
	cleanup_free char *path = node->names ? journal_path(overlay->journal, node->names) : NULL;
	cleanup_free char *new_path = journal_path_in(overlay->journal, dir, name);
	size_t length;
	int r = check_new_name(overlay, dir, name, &length);

	if (r == 0 && node_is_dir(node))
		r = -EPERM;
	if (r == 0)
		r = overlay_io(tree_touch(overlay->tree, dir, &overlay->why));
	if (r == 0)
		r = overlay_io(tree_link(overlay->tree, dir, name, length, node, &overlay->why));
	if (r < 0)
		return r;
	stamp_dir(dir);
	node->ctime = overlay_now();
	node->lookups++;
	if (path)
		journal_linked(overlay->journal, path, new_path);
	else
		journal_made(overlay->journal, node); /* it had no name before */
	return 0;
}

/* Take a name away, and say so in the times of all concerned. */
static int remove_name(struct overlay *overlay, struct dentry *dentry)
{
	cleanup_free char *path = journal_path(overlay->journal, dentry);
	struct node *dir = dentry->parent, *node = dentry->node;
	int r = overlay_io(tree_touch(overlay->tree, dir, &overlay->why));

	if (r < 0)
		return r;
	node->lookups++; /* so that it is still there to be stamped */
	r = overlay_io(tree_unlink(overlay->tree, dentry, &overlay->why));
	if (r == 0) {
		stamp_dir(dir);
		node->ctime = overlay_now();
		journal_unlinked(overlay->journal, path, node);
	}
	overlay_forget(overlay, node, 1);
	return r;
}

int overlay_unlink(struct overlay *overlay, struct node *dir, const char *name)
{
	struct dentry *dentry;
	int r = overlay->read_only ? -EROFS : find(overlay, dir, name, &dentry);

	if (r < 0)
		return r;
	if (node_is_dir(dentry->node))
		return -EISDIR;
	return remove_name(overlay, dentry);
}

static int check_empty(struct overlay *overlay, struct node *dir)
{
	int r = overlay_io(tree_load(overlay->tree, dir, &overlay->why));

	if (r < 0)
		return r;
	tracing_listed(overlay->tracing, dir);
	return dir->dir.children->count ? -ENOTEMPTY : 0;
}

int overlay_rmdir(struct overlay *overlay, struct node *dir, const char *name)
{
	struct dentry *dentry;
	int r = overlay->read_only ? -EROFS : find(overlay, dir, name, &dentry);

	if (r == 0 && !node_is_dir(dentry->node))
		r = -ENOTDIR;
	if (r == 0)
		r = check_empty(overlay, dentry->node);
	return r < 0 ? r : remove_name(overlay, dentry);
}

/* ---- rename ---- */

/* May what is there be replaced by `node`? */
static int check_replace(struct overlay *overlay, const struct node *node, struct node *present)
{
	if (node_is_dir(node)) {
		if (!node_is_dir(present))
			return -ENOTDIR;
		return check_empty(overlay, present);
	}
	return node_is_dir(present) ? -EISDIR : 0;
}

bool overlay_is_above(const struct node *above, struct node *dir)
{
	while (dir != above && dir->names)
		dir = dir->names->parent;
	return dir == above;
}

static int replace(struct overlay *overlay, struct dentry *from, struct dentry *present)
{
	cleanup_free char *path = journal_path(overlay->journal, from);
	cleanup_free char *new_path = journal_path(overlay->journal, present);
	struct node *replaced = present->node;
	int r;

	replaced->lookups++; /* so that it is still there to be stamped */
	r = overlay_io(tree_replace(overlay->tree, from, present, &overlay->why));
	if (r == 0) {
		replaced->ctime = overlay_now();
		journal_renamed(overlay->journal, path, new_path, JOURNAL_REPLACE, replaced);
	}
	overlay_forget(overlay, replaced, 1);
	return r;
}

static int give_name(struct overlay *overlay, struct dentry *from, struct node *new_dir,
		     const char *new_name)
{
	cleanup_free char *path = journal_path(overlay->journal, from);
	cleanup_free char *new_path = journal_path_in(overlay->journal, new_dir, new_name);
	int r = overlay_io(tree_rename(overlay->tree, from, new_dir, new_name, strlen(new_name),
				       &overlay->why));

	if (r == 0)
		journal_renamed(overlay->journal, path, new_path, JOURNAL_MOVE, NULL);
	return r;
}

static int move(struct overlay *overlay, struct dentry *from, struct node *new_dir,
		const char *new_name, struct dentry *present)
{
	struct node *node = from->node, *old_dir = from->parent;
	int r = 0;

	if (node_is_dir(node) && overlay_is_above(node, new_dir))
		return -EINVAL;
	if (present && present->node == node)
		return 0; /* two names of one file: POSIX wants nothing done */
	if (present)
		r = check_replace(overlay, node, present->node);
	if (r == 0)
		r = overlay_io(tree_touch(overlay->tree, old_dir, &overlay->why));
	if (r == 0)
		r = overlay_io(tree_touch(overlay->tree, new_dir, &overlay->why));
	if (r == 0 && node_is_dir(node))
		tracing_moved(overlay->tracing, node);
	if (r == 0 && present)
		r = replace(overlay, from, present);
	else if (r == 0)
		r = give_name(overlay, from, new_dir, new_name);
	if (r < 0)
		return r;
	stamp_dir(old_dir);
	stamp_dir(new_dir);
	node->ctime = overlay_now();
	return 0;
}

static int exchange(struct overlay *overlay, struct dentry *from, struct dentry *to)
{
	cleanup_free char *path = journal_path(overlay->journal, from);
	cleanup_free char *new_path = journal_path(overlay->journal, to);
	int r;

	if (from->node == to->node)
		return 0;
	if ((node_is_dir(from->node) && overlay_is_above(from->node, to->parent)) ||
	    (node_is_dir(to->node) && overlay_is_above(to->node, from->parent)))
		return -EINVAL;
	if (node_is_dir(from->node))
		tracing_moved(overlay->tracing, from->node);
	if (node_is_dir(to->node))
		tracing_moved(overlay->tracing, to->node);
	r = overlay_io(tree_touch(overlay->tree, from->parent, &overlay->why));
	if (r == 0)
		r = overlay_io(tree_touch(overlay->tree, to->parent, &overlay->why));
	if (r == 0)
		r = overlay_io(tree_exchange(overlay->tree, from, to, &overlay->why));
	if (r < 0)
		return r;
	stamp_dir(from->parent);
	stamp_dir(to->parent);
	journal_renamed(overlay->journal, path, new_path, JOURNAL_EXCHANGE, NULL);
	from->node->ctime = to->node->ctime = overlay_now();
	return 0;
}

int overlay_rename(struct overlay *overlay, struct node *dir, const char *name,
		   struct node *new_dir, const char *new_name, unsigned flags)
{
	struct dentry *from, *present = NULL;
	size_t length;
	int r = overlay->read_only ? -EROFS : find(overlay, dir, name, &from);

	if (r == 0)
		r = check_name(new_name, &length);
	if (r < 0)
		return r;
	r = find(overlay, new_dir, new_name, &present);
	if (r == -ENOENT && !(new_dir->flags & NODE_DETACHED) && !(flags & RENAME_EXCHANGE))
		r = 0;
	if (r < 0)
		return r;
	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return exchange(overlay, from, present);
	if (present && flags & RENAME_NOREPLACE)
		return -EEXIST;
	return move(overlay, from, new_dir, new_name, present);
}

int overlay_list(struct overlay *overlay, struct node *dir, uint64_t position, struct dentry **ret)
{
	int r = dir->flags & NODE_LISTED && position <= 1
			? overlay_refresh(overlay, dir)
			: overlay_io(tree_load(overlay->tree, dir, &overlay->why));

	if (r < 0)
		return r;
	tracing_listed(overlay->tracing, dir);
	*ret = name_table_from(dir->dir.children, position);
	return *ret ? 1 : 0;
}
