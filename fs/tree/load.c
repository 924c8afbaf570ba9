/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/base/hash.h"
#include "fs/store/store.h"
#include "fs/tree/noted.h"
#include "fs/tree/tree_internal.h"

/* Numbers that no stored name gets: 0, the root's, and all with the top bit, see tree.c. */
uint64_t stored_ino(uint64_t hash)
{
	hash &= ~(1ULL << 63);
	return hash < 2 ? hash + 2 : hash;
}

/* The same for every mount of a state: from the directory's number and the name, or for one of
 * several hard links from the id of their group. */
static uint64_t ino_of(const struct node *dir, const struct dir_entry *entry, uint32_t name_hash,
		       uint64_t link_id)
{
	if (entry->flags & DIR_ENTRY_HARDLINK)
		return stored_ino(hash64_mix(link_id));
	return stored_ino(hash64_mix(dir->ino * 0x9e3779b97f4a7c15ULL + name_hash) ^
			  hash64(entry->name, entry->name_length));
}

static void set_content(struct node *node, const struct dir_entry *entry)
{
	switch (entry->type) {
	case DIR_ENTRY_DIR:
		node->dir.id = entry->id;
		node->size = entry->size;
		break;
	case DIR_ENTRY_SYMLINK:
		node_set_target(node, (const char *)entry->inline_data, entry->size);
		break;
	case DIR_ENTRY_BLOCK:
	case DIR_ENTRY_CHAR:
		node->rdev = entry->size;
		break;
	case DIR_ENTRY_FILE:
		node->size = entry->size;
		if (entry->size == 0) {
			node->content = CONTENT_EMPTY;
		} else if (entry->flags & DIR_ENTRY_INLINE) {
			memcpy(node->bytes, entry->inline_data, entry->size);
			node->content = CONTENT_INLINE;
		} else {
			node->blob = entry->id;
			node->content = CONTENT_BLOB;
		}
		break;
	case DIR_ENTRY_FIFO:
	case DIR_ENTRY_SOCKET:
		break;
	}
}

static struct node *node_of_entry(struct tree *tree, const struct dir_entry *entry)
{
	struct node *node = node_new(tree, entry->type);

	node->mode = (uint16_t)entry->mode;
	node->uid = entry->uid;
	node->gid = entry->gid;
	node->mtime = (struct node_time){ entry->mtime_s, entry->mtime_ns };
	node->ctime = node->atime = node->mtime;
	if (entry->flags & DIR_ENTRY_XATTRS) {
		node->xattrs = xcalloc(1, sizeof *node->xattrs);
		node->xattrs->id = entry->xattrs;
	}
	set_content(node, entry);
	return node;
}

/* Ids of groups are those of one stored tree; where several are shown they are told apart. */
static uint64_t link_id_in(const struct node *dir, uint64_t link_id)
{
	while (!(dir->flags & NODE_SHOWN) && dir->names)
		dir = dir->names->parent;
	return dir->flags & NODE_SHOWN ? hash64_mix(link_id ^ dir->ino) | 1 : link_id;
}

static void add_entry(struct tree *tree, struct node *dir, const struct dir_entry *entry)
{
	struct dentry *dentry = name_table_add(dir->dir.children, entry->name, entry->name_length);
	bool shared = entry->flags & DIR_ENTRY_HARDLINK;
	uint64_t link_id = shared ? link_id_in(dir, entry->link_id) : 0;
	struct link_set *set = NULL;
	struct node *node;

	if (shared)
		set = link_set_find(tree, link_id);
	if (set && set->node->type == entry->type) {
		node_add_name(set->node, dir, dentry);
		return;
	}
	node = node_of_entry(tree, entry);
	node->ino = ino_of(dir, entry, dentry->hash, link_id);
	node_add_name(node, dir, dentry);
	if (shared && !set) {
		node->link_count = entry->link_count;
		(void)link_set_new(tree, node, link_id, false);
	}
}

static int read_dir(struct tree *tree, const struct object_id *id, struct buf *ret,
		    struct dir_reader *reader, struct error *err)
{
	int r = store_read(tree->store, id, OBJECT_DIR, DIR_OBJECT_MAX, ret, err);

	if (r < 0)
		return r;
	r = dir_reader_init(reader, ret->data, ret->length, err);
	if (r < 0)
		return error_prefix(err, r, "object %s", object_id_hex(id).text);
	return 0;
}

static int add_leaf(struct tree *tree, struct node *dir, struct dir_reader *reader,
		    struct error *err)
{
	struct dir_entry entry;
	int r;

	name_table_reserve(dir->dir.children, dir->dir.children->count + reader->count);
	while ((r = dir_reader_next(reader, &entry, err)) > 0)
		add_entry(tree, dir, &entry);
	return r;
}

static int add_pages(struct tree *tree, struct node *dir, struct dir_reader *pages,
		     struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct dir_reader leaf;
	struct dir_page page;
	int r;

	while ((r = dir_reader_next_page(pages, &page, err)) > 0) {
		buf_clear(&bytes);
		r = read_dir(tree, &page.id, &bytes, &leaf, err);
		if (r == 0 && (leaf.paged || leaf.count != page.count))
			r = error_set(err, -EBADMSG, "object %s: not the page it should be",
				      object_id_hex(&page.id).text);
		if (r == 0)
			r = add_leaf(tree, dir, &leaf, err);
		if (r < 0)
			return r;
	}
	return r;
}

/* None of them is changed, and those with a name elsewhere live on. */
static void drop_children(struct tree *tree, struct node *dir)
{
	struct name_table *children = dir->dir.children;
	struct dentry *dentry;

	dir->size = children->subdirs;
	name_table_each(children, dentry)
	{
		struct node *node = dentry->node;

		node_remove_name(node, dentry);
		if (node->names)
			node->links->complete = false;
		else
			tree_free_node(tree, node);
	}
	name_table_free(children);
	dir->dir.children = NULL;
}

int tree_load(struct tree *tree, struct node *dir, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct dir_reader reader;
	uint64_t size = dir->size;
	int r;

	if (!node_is_dir(dir))
		return error_set(err, -ENOTDIR, "not a directory");
	if (dir->dir.children)
		return 0;
	if (object_id_is_zero(&dir->dir.id)) {
		dir->dir.children = name_table_new();
		return 0;
	}
	r = read_dir(tree, &dir->dir.id, &bytes, &reader, err);
	if (r < 0)
		return r;
	dir->dir.children = name_table_new();
	r = reader.paged ? add_pages(tree, dir, &reader, err) : add_leaf(tree, dir, &reader, err);
	if (r < 0) {
		/* What is there already must not pass for the whole. */
		drop_children(tree, dir);
		dir->size = size;
	} else if (reader.paged) {
		dir->dir.children->noted = noted_new(&dir->dir.id);
	}
	return r < 0 ? r : 0;
}

static bool child_in_use(const struct node *node)
{
	return node->lookups || node->flags & (NODE_CHANGED | NODE_DIR_CHANGED | NODE_GHOST) ||
	       (node_is_dir(node) && node->dir.children);
}

int tree_unload(struct tree *tree, struct node *dir)
{
	struct name_table *children = dir->dir.children;

	if (!children || dir->flags & (NODE_DIR_CHANGED | NODE_DETACHED | NODE_GHOST))
		return 0;
	/* Asked for each child that is let go: begin where one was in use the last time. */
	for (uint32_t left = children->used, i = children->held; left > 0; left--, i++) {
		const struct dentry *dentry;

		i = i < children->used ? i : 0;
		dentry = name_table_at(children, i);
		if (dentry && child_in_use(dentry->node)) {
			children->held = i;
			return 0;
		}
	}
	drop_children(tree, dir);
	return 1;
}
