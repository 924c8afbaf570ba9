/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/tree/noted.h"
#include "fs/tree/tree_internal.h"

/* Numbers of stored names are hashes without the top bit, see load.c. */
#define NEW_INO_BIT (1ULL << 63)

struct node *node_new(struct tree *tree, enum dir_entry_type type)
{
	struct node *node = xcalloc(1, sizeof *node);

	node->type = (uint8_t)type;
	node->link_count = 1;
	tree->node_count++;
	return node;
}

static struct node *make_root(struct tree *tree)
{
	struct node *root = node_new(tree, DIR_ENTRY_DIR);
	const struct tree_root *base = &tree->base;

	root->ino = 1;
	root->mode = (uint16_t)base->mode;
	root->uid = base->uid;
	root->gid = base->gid;
	root->mtime = (struct node_time){ base->mtime_s, base->mtime_ns };
	root->ctime = root->atime = root->mtime;
	root->dir.id = base->dir;
	root->lookups = 1;
	if (!object_id_is_zero(&base->xattrs)) {
		root->xattrs = xcalloc(1, sizeof *root->xattrs);
		root->xattrs->id = base->xattrs;
	}
	return root;
}

struct tree *tree_open(struct store *store, const struct tree_root *root)
{
	struct tree *tree = xcalloc(1, sizeof *tree);

	tree->store = store;
	tree->base = root ? *root : tree_root_empty();
	tree->next_ino = NEW_INO_BIT + 1;
	tree->root = make_root(tree);
	if (!root)
		tree->root->flags |= NODE_CHANGED | NODE_DIR_CHANGED;
	return tree;
}

static void free_subtree(struct tree *tree, struct node *top);

void tree_close(struct tree *tree)
{
	if (!tree)
		return;
	free_subtree(tree, tree->root);
	while (tree->sets)
		link_set_free(tree, tree->sets);
	links_release(&tree->links);
	free(tree);
}

struct store *tree_store(const struct tree *tree)
{
	return tree->store;
}

struct node *tree_root_node(const struct tree *tree)
{
	return tree->root;
}

struct object_id tree_base_links(const struct tree *tree)
{
	return tree->base.links;
}

size_t tree_node_count(const struct tree *tree)
{
	return tree->node_count;
}

void tree_set_staging(struct tree *tree, struct tree_staging *staging)
{
	tree->staging = staging;
}

void tree_set_watcher(struct tree *tree, struct tree_watcher *watcher)
{
	tree->watcher = watcher;
}

/* ---- names ---- */

void node_add_name(struct node *node, struct node *parent, struct dentry *dentry)
{
	struct link_set *set = node->links;

	dentry->node = node;
	dentry->parent = parent;
	dentry->next_name = NULL;
	/* Behind all others: many names usually go in the order in which they came. */
	if (set && set->last)
		set->last->next_name = dentry;
	else
		node->names = dentry;
	if (set)
		set->last = dentry;
	if (node_is_dir(node) && !(node->flags & NODE_GHOST))
		parent->dir.children->subdirs++;
}

void node_remove_name(struct node *node, struct dentry *dentry)
{
	struct dentry **at = &node->names, *before = NULL;

	while (*at != dentry) {
		before = *at;
		at = &before->next_name;
	}
	*at = dentry->next_name;
	if (node->links && node->links->last == dentry)
		node->links->last = before;
	if (node_is_dir(node) && !(node->flags & NODE_GHOST))
		dentry->parent->dir.children->subdirs--;
}

uint32_t node_subdirs(const struct node *dir)
{
	return dir->dir.children ? dir->dir.children->subdirs : (uint32_t)dir->size;
}

char *node_path(const struct node *dir)
{
	return dir->names ? dentry_path(dir->names) : xstrdup("");
}

char *dentry_path(const struct dentry *dentry)
{
	size_t length = dentry->length;
	const struct dentry *up;
	char *path, *at;

	for (up = dentry->parent->names; up; up = up->parent->names)
		length += up->length + 1u;
	path = xmalloc(length + 1);
	at = path + length;
	*at = '\0';
	for (up = dentry; up; up = up->parent->names) {
		at -= up->length;
		memcpy(at, up->name, up->length);
		if (at > path)
			*--at = '/';
	}
	return path;
}

int tree_find(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct dentry **ret, struct error *err)
{
	struct dentry *dentry;
	int r = tree_load(tree, dir, err);

	if (r < 0)
		return r;
	dentry = name_table_find(dir->dir.children, name, length);
	if (!dentry)
		return 0;
	*ret = dentry;
	return 1;
}

void node_entry(const struct node *node, const struct dentry *name, struct dir_entry *ret)
{
	*ret = (struct dir_entry){ .type = node->type,
				   .mode = node->mode,
				   .uid = node->uid,
				   .gid = node->gid,
				   .mtime_s = node->mtime.s,
				   .mtime_ns = node->mtime.ns,
				   .name = name ? name->name : "",
				   .name_length = name ? name->length : 0 };
	switch ((enum dir_entry_type)node->type) {
	case DIR_ENTRY_FILE:
		ret->size = node->size;
		ret->inline_data = node->bytes;
		if (node->content == CONTENT_BLOB)
			ret->id = node->blob;
		break;
	case DIR_ENTRY_DIR:
		ret->id = node->dir.id;
		ret->size = node_subdirs(node);
		break;
	case DIR_ENTRY_SYMLINK:
		ret->size = node->size;
		ret->inline_data = (const uint8_t *)node->target;
		break;
	case DIR_ENTRY_BLOCK:
	case DIR_ENTRY_CHAR:
		ret->size = node->rdev;
		break;
	case DIR_ENTRY_FIFO:
	case DIR_ENTRY_SOCKET:
		break;
	}
	if (node->links && node->link_count > 1) {
		ret->flags |= DIR_ENTRY_HARDLINK;
		ret->link_id = node->links->id;
		ret->link_count = node->link_count;
	}
}

/* ---- marks ---- */

static void note(const struct dentry *name)
{
	struct noted *noted = name->parent->dir.children->noted;

	if (noted)
		noted_add(noted, name->name, name->length);
}

void dir_changed(struct node *dir)
{
	while (!(dir->flags & NODE_DIR_CHANGED)) {
		dir->flags |= NODE_DIR_CHANGED;
		if (!dir->names)
			break;
		note(dir->names);
		dir = dir->names->parent;
	}
}

void name_changed(const struct dentry *name)
{
	note(name);
	dir_changed(name->parent);
}

int tree_touch(struct tree *tree, struct node *node, struct error *err)
{
	/* Then all of its names have been seen to, and a file may have tens of thousands. */
	if ((node->flags & (NODE_CHANGED | NODE_GHOST)) == NODE_CHANGED) {
		if (tree->watcher)
			tree->watcher->touched(tree->watcher, node);
		return 0;
	}
	if (node->links) {
		int r = link_set_complete(tree, node->links, err);

		if (r == 0)
			r = link_set_forget(tree, node->links, err);
		if (r < 0)
			return r;
	}
	node->flags |= NODE_CHANGED;
	if (node->flags & NODE_GHOST)
		return 0;
	if (tree->watcher)
		tree->watcher->touched(tree->watcher, node);
	for (struct dentry *name = node->names; name; name = name->next_name)
		name_changed(name);
	return 0;
}

void node_set_ghost(struct node *node)
{
	node->flags |= NODE_GHOST;
}

/* ---- nodes ---- */

struct node *tree_new_node(struct tree *tree, enum dir_entry_type type, const struct node_time *now)
{
	struct node *node = node_new(tree, type);

	node->ino = tree->next_ino++;
	node->mtime = node->ctime = node->atime = *now;
	node->flags = NODE_CHANGED | NODE_DETACHED;
	if (type == DIR_ENTRY_DIR) {
		node->dir.children = name_table_new();
		node->flags |= NODE_DIR_CHANGED;
	}
	node->link_count = 0;
	return node;
}

struct node *tree_restore_node(struct tree *tree, enum dir_entry_type type, uint64_t ino)
{
	static const struct node_time never;
	struct node *node = tree_new_node(tree, type, &never);

	if (!(ino & NEW_INO_BIT))
		return node; /* not one that a new node could have had */
	node->ino = ino;
	if (ino >= tree->next_ino && ino != UINT64_MAX)
		tree->next_ino = ino + 1;
	return node;
}

static void drop_content(struct tree *tree, struct node *node)
{
	if (node->content == CONTENT_STAGED && tree->staging)
		tree->staging->drop(tree->staging, node);
	node->content = CONTENT_EMPTY;
}

/* Free one node; a directory's children are gone already. */
static void free_node(struct tree *tree, struct node *node)
{
	if (node->type == DIR_ENTRY_SYMLINK)
		free(node->target);
	else if (node_is_dir(node))
		name_table_free(node->dir.children);
	else
		drop_content(tree, node);
	if (node->xattrs) {
		xattrs_release(&node->xattrs->list);
		free(node->xattrs);
	}
	if (node->links)
		link_set_free(tree, node->links);
	free(node);
	tree->node_count--;
}

/*
 * Free `top` and all below that nobody holds. Children of directories that somebody still holds
 * go as well: such a directory stays empty, as a removed one is.
 */
static void free_subtree(struct tree *tree, struct node *top)
{
	struct node *at = top;

	for (;;) {
		struct name_table *children = node_is_dir(at) ? at->dir.children : NULL;
		struct dentry *dentry = children ? name_table_from(children, 0) : NULL;
		struct node *node = dentry ? dentry->node : NULL;

		if (node && node_is_dir(node) && node->dir.children && node->dir.children->count) {
			at = node;
			continue;
		}
		if (node) {
			node_remove_name(node, dentry);
			name_table_remove(children, dentry);
			if (node->names)
				continue;
			node->link_count = 0;
			node->flags |= NODE_DETACHED;
			if (!node->lookups || top == tree->root)
				free_node(tree, node);
			continue;
		}
		if (at == top)
			break;
		at = at->names->parent;
	}
	if (!top->lookups || top == tree->root)
		free_node(tree, top);
}

void tree_free_node(struct tree *tree, struct node *node)
{
	free_subtree(tree, node);
}

/* ---- content ---- */

void node_set_empty(struct tree *tree, struct node *node)
{
	drop_content(tree, node);
	node->size = 0;
}

void node_set_inline(struct tree *tree, struct node *node, const void *data, size_t size)
{
	uint8_t bytes[DIR_INLINE_MAX];

	memcpy(bytes, data, size); /* `data` may be the node's own */
	node_set_empty(tree, node);
	if (size == 0)
		return;
	memcpy(node->bytes, bytes, size);
	node->size = size;
	node->content = CONTENT_INLINE;
}

void node_set_blob(struct tree *tree, struct node *node, const struct object_id *id, uint64_t size)
{
	struct object_id copy = *id;

	node_set_empty(tree, node);
	node->blob = copy;
	node->size = size;
	node->content = CONTENT_BLOB;
}

void node_set_staged(struct tree *tree, struct node *node, void *staged)
{
	uint64_t size = node->size;

	drop_content(tree, node);
	node->staged = staged;
	node->size = size;
	node->content = CONTENT_STAGED;
}

void node_set_target(struct node *node, const char *target, size_t length)
{
	free(node->target);
	node->target = xstrndup(target, length);
	node->size = length;
}
