/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/overlay/overlay_internal.h"
#include "fs/tree/lookup.h"

static int make_ghost(struct overlay *overlay, struct node *dir, const char *name, size_t length,
		      bool directory, struct node **ret, struct error *err)
{
	struct node_time now = overlay_now();
	struct node *node =
		tree_new_node(overlay->tree, directory ? DIR_ENTRY_DIR : DIR_ENTRY_FILE, &now);
	int r;

	node->mode = directory ? 0755 : 0644;
	node_set_ghost(node);
	r = tree_link(overlay->tree, dir, name, length, node, err);
	if (r < 0) {
		tree_free_node(overlay->tree, node);
		return r;
	}
	node->lookups++;
	array_reserve_one(overlay->ghosts, overlay->ghost_count, overlay->ghost_capacity);
	overlay->ghosts[overlay->ghost_count++] = node;
	*ret = node;
	return 0;
}

static int check_kind(const struct node *node, const char *path, bool directory, struct error *err)
{
	if (directory && !node_is_dir(node))
		return error_set(err, -ENOTDIR, "'%s' is not a directory", path);
	if (!directory && node_is_dir(node))
		return error_set(err, -EISDIR, "'%s' is a directory", path);
	return 0;
}

static char *absolute_path(const struct dentry *dentry)
{
	cleanup_free char *relative = dentry ? dentry_path(dentry) : xstrdup("");

	return xasprintf("/%s", relative);
}

int overlay_make_mountpoint(struct overlay *overlay, const char *path, bool directory,
			    struct overlay_watcher *watcher, char **ret_path, struct error *err)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	int r = tree_resolve(overlay->tree, NULL, path, 0, &place, err);
	const char *rest = place.missing, *name;
	struct node *dir = place.dir, *node = NULL;
	size_t length;

	if (r < 0)
		return r;
	if (!rest) {
		r = check_kind(place.node, path, directory, err);
		if (r == 0)
			*ret_path = absolute_path(place.dentry);
		return r;
	}
	if (dir->flags & NODE_DETACHED)
		return error_set(err, -ENOENT, "'%s' has been removed", path);
	while (path_next(&rest, &name, &length)) {
		cleanup_free char *copy = xstrndup(name, length);

		r = make_ghost(overlay, dir, name, length, directory || *rest, &node, err);
		if (r < 0)
			return r;
		if (watcher)
			watcher->made(watcher, dir, copy);
		dir = node;
	}
	*ret_path = absolute_path(node->names);
	return 0;
}

int overlay_drop_ghosts(struct overlay *overlay, struct overlay_watcher *watcher)
{
	int r = 0;

	/* Inner ones first: a directory goes only when nothing is left in it. */
	while (overlay->ghost_count > 0 && r == 0) {
		struct node *node = overlay->ghosts[--overlay->ghost_count];
		struct dentry *dentry = node->names;

		if (node->flags & NODE_GHOST && dentry &&
		    (!node_is_dir(node) || !node->dir.children->count)) {
			struct node *dir = dentry->parent;
			cleanup_free char *name = xstrdup(dentry->name);

			r = tree_unlink(overlay->tree, dentry, &overlay->why);
			if (r == 0 && watcher)
				watcher->made(watcher, dir, name);
		}
		overlay_forget(overlay, node, 1);
	}
	return r;
}
