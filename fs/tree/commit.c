/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/dir_cursor.h"
#include "fs/tree/tree_internal.h"

/* A directory to be written, in pre-order, with its names sorted. */
struct changed_dir {
	struct node *node;
	struct dentry **sorted;
	uint32_t count;
	struct object_id before; /* the directory at this path when the tree was last written */
};

struct stored_file {
	struct node *node;
	struct tree_stored stored;
	UT_hash_handle hh; /* by node: hard links are met more than once */
};

struct tree_commit {
	struct tree *tree;
	struct store_txn *txn;
	struct tree_storer *storer;
	struct changed_dir *dirs;
	size_t dir_count, dir_capacity;
	struct stored_file *files;
	size_t file_count;
	struct node_xattrs **xattrs; /* that got an id in this commit */
	size_t xattr_count, xattr_capacity;
	struct tree_root root;
};

/* ---- which directories ---- */

static void add_dir(struct tree_commit *commit, struct node *node)
{
	struct name_table *children = node->dir.children;

	array_reserve_one(commit->dirs, commit->dir_count, commit->dir_capacity);
	commit->dirs[commit->dir_count++] = (struct changed_dir){
		.node = node, .sorted = name_table_sorted(children), .count = children->count
	};
}

static bool dir_needs_writing(const struct node *node)
{
	return node_is_dir(node) && !(node->flags & NODE_GHOST) && node->flags & NODE_DIR_CHANGED;
}

/* Parents before their children, siblings in order of names; no stack: each directory leads on
 * to the next one through the sorted names of its parent. */
static int collect_dirs(struct tree_commit *commit, struct error *err)
{
	struct frame {
		size_t dir;
		uint32_t next;
	} *stack = NULL;
	size_t depth = 0, capacity = 0;
	int r = tree_load(commit->tree, commit->tree->root, err);

	if (r < 0)
		return r;
	add_dir(commit, commit->tree->root);
	array_reserve_one(stack, depth, capacity);
	stack[depth++] = (struct frame){ 0 };
	while (depth > 0) {
		struct frame *top = &stack[depth - 1];
		const struct changed_dir *dir = &commit->dirs[top->dir];
		struct node *child;

		if (top->next == dir->count) {
			depth--;
			continue;
		}
		child = dir->sorted[top->next++]->node;
		if (!dir_needs_writing(child))
			continue;
		add_dir(commit, child);
		array_reserve_one(stack, depth, capacity);
		stack[depth++] = (struct frame){ .dir = commit->dir_count - 1 };
	}
	free(stack);
	return 0;
}

/* ---- content of files ---- */

static struct stored_file *find_stored(struct tree_commit *commit, const struct node *node)
{
	struct stored_file *file;

	HASH_FIND_PTR(commit->files, &node, file);
	return file;
}

static int store_file(struct tree_commit *commit, struct node *node, const struct dir_entry *before,
		      struct error *err)
{
	struct stored_file *file;
	int r;

	if (node->content != CONTENT_STAGED || !node_is_file(node) || node->flags & NODE_GHOST ||
	    find_stored(commit, node))
		return 0;
	file = xcalloc(1, sizeof *file);
	file->node = node;
	r = commit->storer->store(commit->storer, node, before, commit->txn, &file->stored, err);
	if (r < 0) {
		free(file);
		return r;
	}
	HASH_ADD_PTR(commit->files, node, file);
	commit->file_count++;
	return 0;
}

/* Index of the directory `node` in the list; it comes behind `from`. */
static struct changed_dir *find_dir(struct tree_commit *commit, const struct node *node,
				    size_t from)
{
	while (commit->dirs[from].node != node)
		from++;
	return &commit->dirs[from];
}

/* Go through a directory's names and the stored entries of the same path side by side. */
static int store_files_of(struct tree_commit *commit, size_t index, struct error *err)
{
	cleanup_with(dir_cursor_release) struct dir_cursor cursor = { 0 };
	struct changed_dir *dir = &commit->dirs[index];
	struct dir_entry entry;
	size_t later = index + 1;
	int left, r;

	r = dir_cursor_open(commit->tree->store, &dir->before, &cursor, err);
	if (r < 0)
		return r;
	left = dir_cursor_next(&cursor, &entry, err);
	for (uint32_t i = 0; i < dir->count; i++) {
		const struct dentry *name = dir->sorted[i];
		int order = 1;

		while (left > 0 && (order = dir_name_compare(entry.name, entry.name_length,
							     name->name, name->length)) < 0)
			left = dir_cursor_next(&cursor, &entry, err);
		if (left < 0)
			return left;
		r = store_file(commit, name->node, left && order == 0 ? &entry : NULL, err);
		if (r < 0)
			return r;
		if (dir_needs_writing(name->node)) {
			struct changed_dir *sub = find_dir(commit, name->node, later);

			later = (size_t)(sub - commit->dirs) + 1;
			if (left && order == 0 && entry.type == DIR_ENTRY_DIR)
				sub->before = entry.id;
		}
	}
	return 0;
}

/* ---- hard links ---- */

/* The paths of all names of a node that are part of the state, sorted. */
static void paths_of(const struct node *node, struct strings *ret)
{
	for (const struct dentry *name = node->names; name; name = name->next_name)
		strings_take(ret, dentry_path(name));
	strings_sort(ret);
}

/* Put the groups that changed into the list of all, under the ids that they have now. */
static int renew_links(struct tree_commit *commit, struct error *err)
{
	struct tree *tree = commit->tree;
	bool any = false;
	int r;

	for (struct link_set *set = tree->sets; set && !any; set = set->next)
		any = set->node->flags & NODE_CHANGED;
	if (!any)
		return 0;
	/* Those of a commit that was aborted still have the ids it gave them. */
	for (struct link_set *set = tree->sets; set; set = set->next) {
		r = set->node->flags & NODE_CHANGED ? link_set_forget(tree, set, err) : 0;
		if (r < 0)
			return r;
	}
	r = tree_load_links(tree, err);
	if (r < 0)
		return r;
	for (struct link_set *set = tree->sets; set; set = set->next) {
		cleanup_with(strings_release) struct strings paths = { 0 };
		uint64_t id;

		if (!(set->node->flags & NODE_CHANGED) || set->node->link_count < 2)
			continue;
		paths_of(set->node, &paths);
		id = links_id_of(paths.items[0]);
		if (links_find(&tree->links, id))
			return error_set(err, -EEXIST, "two groups of hard links share an id");
		for (size_t i = 0; i < paths.count; i++)
			links_add(&tree->links, id, paths.items[i]);
		link_set_rename(tree, set, id);
	}
	return 0;
}

static int write_links(struct tree_commit *commit, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct tree *tree = commit->tree;

	commit->root.links = tree->base.links;
	if (!tree->links_loaded)
		return 0;
	commit->root.links = (struct object_id){ 0 };
	if (!tree->links.count)
		return 0;
	links_encode(&tree->links, &bytes);
	return store_txn_put(commit->txn, OBJECT_LINKS, bytes.data, bytes.length,
			     &commit->root.links, err);
}

/* ---- entries and directories ---- */

static int store_xattrs(struct tree_commit *commit, struct node_xattrs *xattrs, struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	int r;

	if (!object_id_is_zero(&xattrs->id))
		return 0;
	xattrs_encode(&xattrs->list, &bytes);
	r = store_txn_put(commit->txn, OBJECT_XATTRS, bytes.data, bytes.length, &xattrs->id, err);
	if (r < 0)
		return r;
	array_reserve_one(commit->xattrs, commit->xattr_count, commit->xattr_capacity);
	commit->xattrs[commit->xattr_count++] = xattrs;
	return 0;
}

static int make_entry(struct tree_commit *commit, const struct dentry *name, struct dir_entry *ret,
		      struct error *err)
{
	const struct node *node = name->node;

	node_entry(node, name, ret);
	if (node_is_file(node) && node->content == CONTENT_STAGED) {
		const struct tree_stored *stored = &find_stored(commit, node)->stored;

		ret->size = stored->size;
		ret->id = stored->id;
		ret->inline_data = stored->bytes;
	}
	if (node->xattrs) {
		int r = store_xattrs(commit, node->xattrs, err);

		if (r < 0)
			return r;
		ret->flags |= DIR_ENTRY_XATTRS;
		ret->xattrs = node->xattrs->id;
	}
	return 0;
}

static int put_dir_object(void *context, const struct object_id *id, const void *data, size_t size,
			  struct error *err)
{
	return store_txn_put_as(context, OBJECT_DIR, id, data, size, err);
}

static int write_dir(struct tree_commit *commit, struct changed_dir *dir, struct error *err)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };

	for (uint32_t i = 0; i < dir->count; i++) {
		struct dir_entry entry;
		int r;

		if (dir->sorted[i]->node->flags & NODE_GHOST)
			continue;
		r = make_entry(commit, dir->sorted[i], &entry, err);
		if (r < 0)
			return r;
		dir_writer_add(&writer, &entry);
	}
	return dir_writer_finish(&writer, put_dir_object, commit->txn, &dir->node->dir.id, err);
}

static int write_root(struct tree_commit *commit, struct error *err)
{
	const struct node *node = commit->tree->root;
	struct tree_root *root = &commit->root;

	root->dir = node->dir.id;
	root->mode = node->mode;
	root->uid = node->uid;
	root->gid = node->gid;
	root->mtime_s = node->mtime.s;
	root->mtime_ns = node->mtime.ns;
	if (node->xattrs) {
		int r = store_xattrs(commit, node->xattrs, err);

		if (r < 0)
			return r;
		root->xattrs = node->xattrs->id;
	}
	return write_links(commit, err);
}

/* ---- the whole ---- */

static int write_all(struct tree_commit *commit, struct error *err)
{
	int r = renew_links(commit, err);

	if (r == 0 && commit->tree->root->flags & NODE_DIR_CHANGED)
		r = collect_dirs(commit, err);
	if (r < 0)
		return r;
	if (commit->dir_count)
		commit->dirs[0].before = commit->tree->base.dir;
	/* Contents in order of paths: neighbours on disk are neighbours in the tree. */
	for (size_t i = 0; i < commit->dir_count && r == 0; i++)
		r = store_files_of(commit, i, err);
	/* Children before parents, whose entries hold their ids. */
	for (size_t i = commit->dir_count; i-- > 0 && r == 0;)
		r = write_dir(commit, &commit->dirs[i], err);
	return r < 0 ? r : write_root(commit, err);
}

int tree_commit_write(struct tree *tree, struct store_txn *txn, struct tree_storer *storer,
		      struct tree_commit **ret, struct error *err)
{
	struct tree_commit *commit = xcalloc(1, sizeof *commit);
	int r;

	commit->tree = tree;
	commit->txn = txn;
	commit->storer = storer;
	r = write_all(commit, err);
	if (r < 0) {
		tree_commit_abort(commit);
		return r;
	}
	*ret = commit;
	return 0;
}

const struct tree_root *tree_commit_root(const struct tree_commit *commit)
{
	return &commit->root;
}

void tree_commit_counts(const struct tree_commit *commit, size_t *ret_dirs, size_t *ret_files)
{
	*ret_dirs = commit->dir_count;
	*ret_files = commit->file_count;
}

static void commit_free(struct tree_commit *commit)
{
	struct stored_file *file, *next;

	HASH_ITER(hh, commit->files, file, next) {
		HASH_DEL(commit->files, file);
		free(file);
	}
	for (size_t i = 0; i < commit->dir_count; i++)
		free(commit->dirs[i].sorted);
	free(commit->dirs);
	free(commit->xattrs);
	free(commit);
}

static void apply_file(struct tree *tree, const struct stored_file *file)
{
	const struct tree_stored *stored = &file->stored;

	switch (stored->content) {
	case CONTENT_INLINE:
		node_set_inline(tree, file->node, stored->bytes, stored->size);
		break;
	case CONTENT_BLOB:
		node_set_blob(tree, file->node, &stored->id, stored->size);
		break;
	case CONTENT_EMPTY:
	case CONTENT_STAGED:
		node_set_empty(tree, file->node);
		break;
	}
}

static void apply_links(struct tree *tree)
{
	struct link_set *set, *next;

	for (set = tree->sets; set; set = next) {
		next = set->next;
		if (set->node->link_count < 2 && set->complete)
			link_set_free(tree, set);
	}
}

void tree_commit_apply(struct tree_commit *commit)
{
	struct tree *tree = commit->tree;
	struct stored_file *file, *next;

	HASH_ITER(hh, commit->files, file, next)
		apply_file(tree, file);
	for (size_t i = 0; i < commit->dir_count; i++) {
		struct changed_dir *dir = &commit->dirs[i];

		dir->node->flags &= (uint16_t)~NODE_DIR_CHANGED;
		for (uint32_t j = 0; j < dir->count; j++) {
			struct node *node = dir->sorted[j]->node;

			if (!(node->flags & NODE_GHOST))
				node->flags &= (uint16_t)~NODE_CHANGED;
		}
	}
	tree->root->flags &= (uint16_t)~NODE_CHANGED;
	apply_links(tree);
	tree->base = commit->root;
	commit_free(commit);
}

void tree_commit_abort(struct tree_commit *commit)
{
	for (size_t i = 0; i < commit->xattr_count; i++)
		commit->xattrs[i]->id = (struct object_id){ 0 };
	commit_free(commit);
}
