/* SPDX-License-Identifier: Apache-2.0 */
/* Giving names, taking them away, and moving them. */
#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/tree/tree_internal.h"

/* Like ext4: link counts have to fit what programs expect. */
#define LINK_COUNT_MAX 65000

/* What is linked below a ghost makes it real, and all ghosts above. */
static void make_real(const struct dentry *name)
{
	for (; name->parent->flags & NODE_GHOST; name = name->parent->names) {
		struct node *dir = name->parent;

		dir->flags &= (uint16_t)~NODE_GHOST;
		dir->names->parent->dir.children->subdirs++;
		name_changed(name);
	}
	name_changed(name);
}

int tree_link(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct node *node, struct error *err)
{
	struct dentry *dentry;
	int r = tree_touch(tree, node, err);

	if (r == 0)
		r = tree_load(tree, dir, err);
	if (r < 0)
		return r;
	if (node->link_count >= LINK_COUNT_MAX)
		return error_set(err, -EMLINK, "'%s' has too many links", name);
	if (node->link_count == 1 && !node->links)
		(void)link_set_new(tree, node, 0, true);
	node->link_count++;
	node->flags &= (uint16_t)~NODE_DETACHED;
	dentry = name_table_add(dir->dir.children, name, length);
	node_add_name(node, dir, dentry);
	if (node->flags & NODE_GHOST)
		return 0;
	make_real(dentry);
	return 0;
}

/* The name goes; the count of names is left to the caller. */
static void detach_name(struct dentry *dentry)
{
	struct node *node = dentry->node, *dir = dentry->parent;

	if (!(node->flags & NODE_GHOST))
		name_changed(dentry);
	node_remove_name(node, dentry);
	name_table_remove(dir->dir.children, dentry);
}

/* One name less. */
static void drop_name(struct tree *tree, struct node *node)
{
	if (--node->link_count > 0)
		return;
	node->flags |= NODE_DETACHED;
	if (!node->lookups)
		tree_free_node(tree, node);
}

int tree_unlink(struct tree *tree, struct dentry *dentry, struct error *err)
{
	struct node *node = dentry->node;
	int r = tree_touch(tree, node, err);

	if (r < 0)
		return r;
	detach_name(dentry);
	drop_name(tree, node);
	return 0;
}

/* Take away, one by one, the names below `dir` of files that have names elsewhere too. */
static int unlink_shared_below(struct tree *tree, struct node *dir, struct error *err)
{
	cleanup_free char *top = node_path(dir);
	size_t length = strlen(top);
	struct link_set *set, *next;
	int r = link_sets_touch_below(tree, dir, err);

	for (set = tree->sets; set && r == 0; set = next) {
		struct dentry *name, *following;

		next = set->next;
		for (name = set->node->names; name && r == 0; name = following) {
			cleanup_free char *path = dentry_path(name);

			following = name->next_name;
			if (strncmp(path, top, length) != 0 || path[length] != '/')
				continue;
			if (set->node->link_count == 1)
				following = NULL; /* the set may go with its last name */
			r = tree_unlink(tree, name, err);
		}
	}
	return r;
}

int tree_remove(struct tree *tree, struct dentry *dentry, struct error *err)
{
	struct node *node = dentry->node;

	if (node_is_dir(node)) {
		int r = unlink_shared_below(tree, node, err);

		if (r < 0)
			return r;
	}
	return tree_unlink(tree, dentry, err);
}

int tree_rename(struct tree *tree, struct dentry *dentry, struct node *new_dir,
		const char *new_name, size_t length, struct error *err)
{
	struct node *node = dentry->node;
	int r = tree_load(tree, new_dir, err);

	if (r == 0)
		r = tree_touch(tree, node, err);
	if (r == 0 && node_is_dir(node))
		r = link_sets_touch_below(tree, node, err);
	if (r < 0)
		return r;
	if (new_dir == dentry->parent) {
		/* A listing that has been past it must not come to it again, or a program that
		 * renames all it reads never ends. */
		if (!(node->flags & NODE_GHOST))
			name_changed(dentry);
		node_remove_name(node, dentry);
		dentry = name_table_rename(new_dir->dir.children, dentry, new_name, length);
	} else {
		detach_name(dentry);
		dentry = name_table_add(new_dir->dir.children, new_name, length);
	}
	node_add_name(node, new_dir, dentry);
	if (!(node->flags & NODE_GHOST))
		make_real(dentry);
	return 0;
}

int tree_replace(struct tree *tree, struct dentry *from, struct dentry *to, struct error *err)
{
	struct node *node = from->node, *replaced = to->node, *dir = to->parent;
	int r = tree_touch(tree, node, err);

	if (r == 0)
		r = tree_touch(tree, replaced, err);
	if (r == 0 && node_is_dir(node))
		r = link_sets_touch_below(tree, node, err);
	if (r < 0)
		return r;
	node_remove_name(replaced, to);
	detach_name(from);
	node_add_name(node, dir, to);
	if (!(node->flags & NODE_GHOST))
		make_real(to);
	drop_name(tree, replaced);
	return 0;
}

int tree_exchange(struct tree *tree, struct dentry *a, struct dentry *b, struct error *err)
{
	struct node *first = a->node, *second = b->node;
	struct dentry *names[2] = { a, b };
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		r = tree_touch(tree, names[i]->node, err);
		if (r == 0 && node_is_dir(names[i]->node))
			r = link_sets_touch_below(tree, names[i]->node, err);
	}
	if (r < 0)
		return r;
	node_remove_name(first, a);
	node_remove_name(second, b);
	node_add_name(first, b->parent, b);
	node_add_name(second, a->parent, a);
	for (int i = 0; i < 2; i++)
		make_real(names[i]);
	return 0;
}
