/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that are shown inside another one, which is never written. */
#include "fs/tree/show.h"

#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/hash.h"
#include "fs/tree/tree_internal.h"

uint64_t tree_shown_ino(const struct node *dir, const char *name, uint64_t what)
{
	uint64_t hash =
		hash64_mix(dir->ino * 0x9e3779b97f4a7c15ULL + what) ^ hash64(name, strlen(name));

	return stored_ino(hash);
}

static struct node *show(struct tree *tree, struct node *dir, const char *name,
			 enum dir_entry_type type, uint64_t what)
{
	struct node *node = node_new(tree, type);

	node->ino = tree_shown_ino(dir, name, what);
	node_add_name(node, dir, name_table_add(dir->dir.children, name, strlen(name)));
	return node;
}

void tree_set_listed(struct node *dir)
{
	dir->flags |= NODE_LISTED;
	dir->mode = 0755;
}

struct node *tree_show_dir(struct tree *tree, struct node *dir, const char *name, uint64_t what)
{
	struct node *node = show(tree, dir, name, DIR_ENTRY_DIR, what);

	tree_set_listed(node);
	return node;
}

struct node *tree_show_link(struct tree *tree, struct node *dir, const char *name, uint64_t what,
			    const char *target)
{
	struct node *node = show(tree, dir, name, DIR_ENTRY_SYMLINK, what);

	node->mode = 0777;
	node_set_target(node, target, strlen(target));
	return node;
}

struct node *tree_show_tree(struct tree *tree, struct node *dir, const char *name, uint64_t what,
			    const struct tree_root *root)
{
	struct node *node = show(tree, dir, name, DIR_ENTRY_DIR, what);

	node->flags |= NODE_SHOWN;
	node->mode = (uint16_t)root->mode;
	node->uid = root->uid;
	node->gid = root->gid;
	node->mtime = (struct node_time){ root->mtime_s, root->mtime_ns };
	node->ctime = node->atime = node->mtime;
	node->dir.id = root->dir;
	if (!object_id_is_zero(&root->xattrs)) {
		node->xattrs = xcalloc(1, sizeof *node->xattrs);
		node->xattrs->id = root->xattrs;
	}
	return node;
}

void tree_hide(struct tree *tree, struct dentry *dentry)
{
	struct node *node = dentry->node, *dir = dentry->parent;

	node_remove_name(node, dentry);
	name_table_remove(dir->dir.children, dentry);
	node->link_count = 0;
	node->flags |= NODE_DETACHED;
	if (!node->lookups)
		tree_free_node(tree, node);
}
