/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/edit.h"

#include <errno.h>
#include <string.h>

#include "fs/base/error.h"
#include "fs/base/path.h"
#include "fs/tree/lookup.h"

static void set_attr(struct node *node, const struct tree_attr *attr)
{
	node->mode = (uint16_t)(attr->mode & 07777);
	node->uid = attr->uid;
	node->gid = attr->gid;
	node->mtime = node->ctime = node->atime = attr->mtime;
}

int tree_make_dirs(struct tree *tree, const char *path, const struct tree_attr *attr,
		   struct node **ret, struct error *err)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	int r = tree_resolve(tree, NULL, path, 0, &place, err);
	const char *rest = place.missing, *name;
	struct node *dir = place.node ? place.node : place.dir;
	size_t length;

	if (r < 0)
		return r;
	if (!node_is_dir(dir))
		return error_set(err, -ENOTDIR, "'%s' is not a directory", path);
	while (rest && path_next(&rest, &name, &length)) {
		struct node *made = tree_new_node(tree, DIR_ENTRY_DIR, &attr->mtime);

		set_attr(made, attr);
		r = tree_link(tree, dir, name, length, made, err);
		if (r < 0) {
			tree_free_node(tree, made);
			return r;
		}
		dir = made;
	}
	*ret = dir;
	return 0;
}

int tree_put(struct tree *tree, struct node *dir, const char *name, size_t length,
	     enum dir_entry_type type, const struct tree_attr *attr, struct node **ret,
	     struct error *err)
{
	struct dentry *present = NULL;
	struct node *node;
	int r;

	if (!path_name_valid(name, length))
		return error_set(err, -EINVAL, "'%.*s' cannot be the name of a file", (int)length,
				 name);
	r = tree_find(tree, dir, name, length, &present, err);
	if (r < 0)
		return r;
	if (r > 0 && type == DIR_ENTRY_DIR && node_is_dir(present->node)) {
		r = tree_touch(tree, present->node, err);
		if (r < 0)
			return r;
		set_attr(present->node, attr);
		*ret = present->node;
		return 0;
	}
	if (r > 0)
		r = tree_remove(tree, present, err);
	if (r < 0)
		return r;
	node = tree_new_node(tree, type, &attr->mtime);
	set_attr(node, attr);
	r = tree_link(tree, dir, name, length, node, err);
	if (r < 0) {
		tree_free_node(tree, node);
		return r;
	}
	*ret = node;
	return 0;
}

int tree_put_link(struct tree *tree, struct node *dir, const char *name, size_t length,
		  struct node *target, struct error *err)
{
	struct dentry *present = NULL;
	int r;

	if (!path_name_valid(name, length))
		return error_set(err, -EINVAL, "'%.*s' cannot be the name of a file", (int)length,
				 name);
	if (node_is_dir(target))
		return error_set(err, -EPERM, "a directory cannot have hard links");
	r = tree_find(tree, dir, name, length, &present, err);
	if (r > 0 && present->node == target)
		return 0;
	if (r > 0)
		r = tree_remove(tree, present, err);
	return r < 0 ? r : tree_link(tree, dir, name, length, target, err);
}

int tree_clear_dir(struct tree *tree, struct node *dir, struct error *err)
{
	int r = tree_load(tree, dir, err);

	while (r == 0) {
		struct dentry *first = name_table_from(dir->dir.children, 0);

		if (!first)
			return 0;
		r = tree_remove(tree, first, err);
	}
	return r;
}
