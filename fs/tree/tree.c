/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/tree/tree_internal.h"

/* Like ext4: link counts have to fit what programs expect. */
#define LINK_COUNT_MAX 65000

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

size_t tree_node_count(const struct tree *tree)
{
	return tree->node_count;
}

void tree_set_staging(struct tree *tree, struct tree_staging *staging)
{
	tree->staging = staging;
}

/* ---- names ---- */

void node_add_name(struct node *node, struct node *parent, struct dentry *dentry)
{
	dentry->node = node;
	dentry->parent = parent;
	dentry->next_name = node->names;
	node->names = dentry;
	if (node_is_dir(node) && !(node->flags & NODE_GHOST))
		parent->dir.children->subdirs++;
}

void node_remove_name(struct node *node, struct dentry *dentry)
{
	struct dentry **at = &node->names;

	while (*at != dentry)
		at = &(*at)->next_name;
	*at = dentry->next_name;
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

void dir_changed(struct node *dir)
{
	while (!(dir->flags & NODE_DIR_CHANGED)) {
		dir->flags |= NODE_DIR_CHANGED;
		if (!dir->names)
			break;
		dir = dir->names->parent;
	}
}

/* What is linked below a ghost makes it real, and all ghosts above. */
static void make_real(struct node *dir)
{
	for (; dir->flags & NODE_GHOST; dir = dir->names->parent) {
		dir->flags &= (uint16_t)~NODE_GHOST;
		dir->names->parent->dir.children->subdirs++;
	}
	dir_changed(dir);
}

int tree_touch(struct tree *tree, struct node *node, struct error *err)
{
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
	for (struct dentry *name = node->names; name; name = name->next_name)
		dir_changed(name->parent);
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

/* ---- changes ---- */

int tree_link(struct tree *tree, struct node *dir, const char *name, size_t length,
	      struct node *node, struct error *err)
{
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
	node_add_name(node, dir, name_table_add(dir->dir.children, name, length));
	if (node->flags & NODE_GHOST)
		return 0;
	make_real(dir);
	return 0;
}

/* The name goes; the count of names is left to the caller. */
static void detach_name(struct dentry *dentry)
{
	struct node *node = dentry->node, *dir = dentry->parent;

	if (!(node->flags & NODE_GHOST))
		dir_changed(dir);
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
		free_subtree(tree, node);
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
		node_remove_name(node, dentry);
		dentry = name_table_rename(new_dir->dir.children, dentry, new_name, length);
	} else {
		detach_name(dentry);
		dentry = name_table_add(new_dir->dir.children, new_name, length);
	}
	node_add_name(node, new_dir, dentry);
	if (!(node->flags & NODE_GHOST))
		make_real(new_dir);
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
		make_real(dir);
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
		make_real(names[i]->parent);
	return 0;
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
