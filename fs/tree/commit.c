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
#include "fs/tree/dir_patch.h"
#include "fs/tree/noted.h"
#include "fs/tree/tree_internal.h"

/* A directory to be written, in pre-order, with its names sorted: all of them, or of a large one
 * those that were noted. */
struct changed_dir {
	struct node *node;
	struct noted *noted; /* NULL: all */
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

/* Those of the noted names that are there. */
static struct dentry **find_noted(struct name_table *children, uint32_t *ret_count)
{
	struct noted *noted = children->noted;
	struct dentry **found;
	uint32_t count = 0;

	noted_sort(noted);
	found = xreallocarray(NULL, noted->count + 1, sizeof *found);
	for (size_t i = 0; i < noted->count; i++) {
		found[count] =
			name_table_find(children, noted->names[i].name, noted->names[i].length);
		count += found[count] != NULL;
	}
	*ret_count = count;
	return found;
}

static void add_dir(struct tree_commit *commit, struct node *node)
{
	struct name_table *children = node->dir.children;
	struct noted *noted = children->noted;
	struct changed_dir dir = { .node = node };

	if (noted && !noted->too_many && noted->count < children->count / 4) {
		dir.noted = noted;
		dir.sorted = find_noted(children, &dir.count);
	} else {
		dir.sorted = name_table_sorted(children);
		dir.count = children->count;
	}
	array_reserve_one(commit->dirs, commit->dir_count, commit->dir_capacity);
	commit->dirs[commit->dir_count++] = dir;
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

/* Read on to the first entry that is not before `name`: 1, or 0 at the end. `left` is what was
 * said of the one before, `far` that there may be many between them. */
static int read_up_to(struct dir_cursor *cursor, const struct dentry *name, bool far, int left,
		      struct dir_entry *entry, struct error *err)
{
	while (left > 0 &&
	       dir_name_compare(entry->name, entry->name_length, name->name, name->length) < 0) {
		int r = far ? dir_cursor_skip_to(cursor, name->name, name->length, err) : 0;

		if (r < 0)
			return r;
		far = false;
		left = dir_cursor_next(cursor, entry, err);
	}
	return left;
}

static bool is_same_name(const struct dir_entry *entry, const struct dentry *name)
{
	return dir_name_compare(entry->name, entry->name_length, name->name, name->length) == 0;
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
		bool stored;

		left = read_up_to(&cursor, name, dir->noted != NULL, left, &entry, err);
		if (left < 0)
			return left;
		stored = left > 0 && is_same_name(&entry, name);
		r = store_file(commit, name->node, stored ? &entry : NULL, err);
		if (r < 0)
			return r;
		if (dir_needs_writing(name->node)) {
			struct changed_dir *sub = find_dir(commit, name->node, later);

			later = (size_t)(sub - commit->dirs) + 1;
			if (stored && entry.type == DIR_ENTRY_DIR)
				sub->before = entry.id;
		}
	}
	return 0;
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

/* A name that is not among those found is gone. */
static int write_noted(struct tree_commit *commit, const struct changed_dir *dir, struct error *err)
{
	const struct noted *noted = dir->noted;
	cleanup_free struct dir_change *changes = xcalloc(noted->count + 1, sizeof *changes);
	uint32_t next = 0;

	for (size_t i = 0; i < noted->count; i++) {
		const struct noted_name *name = &noted->names[i];
		const struct dentry *at = next < dir->count ? dir->sorted[next] : NULL;
		int r;

		changes[i] = (struct dir_change){ .name = name->name, .length = name->length };
		if (!at || dir_name_compare(at->name, at->length, name->name, name->length) != 0)
			continue;
		next++;
		changes[i].present = !(at->node->flags & NODE_GHOST);
		r = changes[i].present ? make_entry(commit, at, &changes[i].entry, err) : 0;
		if (r < 0)
			return r;
	}
	return dir_patch(commit->tree->store, &noted->base, changes, noted->count, put_dir_object,
			 commit->txn, &dir->node->dir.id, err);
}

static int write_dir(struct tree_commit *commit, struct changed_dir *dir, struct error *err)
{
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };

	if (dir->noted)
		return write_noted(commit, dir, err);
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
	return tree_write_links(commit->tree, commit->txn, &root->links, err);
}

/* ---- the whole ---- */

static int write_all(struct tree_commit *commit, struct error *err)
{
	int r = tree_renew_links(commit->tree, err);

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

/* From now on note down what changes, if it is worth while. */
static void apply_notes(struct node *dir)
{
	struct name_table *children = dir->dir.children;

	if (children->count <= DIR_LEAF_MAX_ENTRIES) {
		noted_free(children->noted);
		children->noted = NULL;
	} else if (children->noted) {
		noted_restart(children->noted, &dir->dir.id);
	} else {
		children->noted = noted_new(&dir->dir.id);
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
		apply_notes(dir->node);
	}
	tree->root->flags &= (uint16_t)~NODE_CHANGED;
	tree_apply_links(tree);
	tree->base = commit->root;
	commit_free(commit);
}

void tree_commit_abort(struct tree_commit *commit)
{
	for (size_t i = 0; i < commit->xattr_count; i++)
		commit->xattrs[i]->id = (struct object_id){ 0 };
	commit_free(commit);
}
