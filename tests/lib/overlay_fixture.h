/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace on a tree that is given as text, and what programs do in it, by paths. */
#pragma once

#include <errno.h>
#include <sys/xattr.h>

#include "fs/overlay/overlay.h"
#include "tests/lib/tree_text.h"

struct view {
	struct fixture *f;
	struct tree_root root; /* as last committed */
	struct overlay *overlay;
};

__attribute__((unused)) static const struct overlay_caller caller = { 0, 0, 0 };

/* A tree made of the lines of `text`, "" for an empty one. */
__attribute__((unused)) static struct tree_root stored_tree(struct fixture *f, const char *text)
{
	struct tree *tree = open_tree(f, NULL);
	struct tree_root root;

	text_make(f, tree, text);
	root = commit(f, tree);
	tree_close(tree);
	return root;
}

__attribute__((unused)) static void view_open_root(struct view *view, struct fixture *f,
						   const struct tree_root *root)
{
	*view = (struct view){ .f = f, .root = *root };
	assert_ok(overlay_open(f->store, f->lease, root, &view->overlay, &f->err), f->err);
}

__attribute__((unused)) static void view_open(struct view *view, struct fixture *f,
					      const char *text)
{
	struct tree_root root = stored_tree(f, text);

	view_open_root(view, f, &root);
}

__attribute__((unused)) static void view_close(struct view *view)
{
	overlay_close(view->overlay);
}

/* What `path` leads to, not held; NULL when there is nothing. */
__attribute__((unused)) static struct node *at(struct view *view, const char *path)
{
	return look(view->f, overlay_tree(view->overlay), path);
}

/* The directory that `path` is in; *ret_name is the last part. */
__attribute__((unused)) static struct node *dir_at(struct view *view, const char *path,
						   const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *above = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup("");
	struct node *dir = *above ? at(view, above) : overlay_root(view->overlay);

	*ret_name = slash ? slash + 1 : path;
	assert_non_null(dir);
	return dir;
}

/* Make it, and hold it no longer. */
__attribute__((unused)) static int make(struct view *view, const char *path,
					enum dir_entry_type type, const char *target)
{
	struct overlay_make what = { .type = type, .mode = 0755, .target = target };
	const char *name;
	struct node *dir = dir_at(view, path, &name), *node = NULL;
	int r = overlay_make(view->overlay, dir, name, &what, &caller, &node);

	if (r == 0)
		overlay_forget(view->overlay, node, 1);
	return r;
}

__attribute__((unused)) static int write_to(struct view *view, struct node *node, const char *data,
					    uint64_t offset)
{
	return overlay_write(view->overlay, node, data, strlen(data), offset, false);
}

/* A file with this content, new or written anew. */
__attribute__((unused)) static void put_file(struct view *view, const char *path,
					     const char *content)
{
	struct stat attr = { 0 };
	int r = make(view, path, DIR_ENTRY_FILE, NULL);

	assert_true(r == 0 || r == -EEXIST);
	assert_int_equal(overlay_setattr(view->overlay, at(view, path), &attr, OVERLAY_SET_SIZE),
			 0);
	assert_int_equal(write_to(view, at(view, path), content, 0), 0);
}

__attribute__((unused)) static int truncate_to(struct view *view, struct node *node, uint64_t size)
{
	struct stat attr = { .st_size = (off_t)size };

	return overlay_setattr(view->overlay, node, &attr, OVERLAY_SET_SIZE);
}

__attribute__((unused)) static int remove_at(struct view *view, const char *path)
{
	const char *name;
	struct node *dir = dir_at(view, path, &name), *node = at(view, path);

	return node && node_is_dir(node) ? overlay_rmdir(view->overlay, dir, name)
					 : overlay_unlink(view->overlay, dir, name);
}

__attribute__((unused)) static int link_at(struct view *view, const char *from, const char *to)
{
	const char *name;
	struct node *dir = dir_at(view, to, &name), *node = at(view, from);
	int r = overlay_link(view->overlay, node, dir, name);

	if (r == 0)
		overlay_forget(view->overlay, node, 1);
	return r;
}

__attribute__((unused)) static int rename_at(struct view *view, const char *from, const char *to,
					     unsigned flags)
{
	const char *name, *new_name;
	struct node *dir = dir_at(view, from, &name), *new_dir = dir_at(view, to, &new_name);

	return overlay_rename(view->overlay, dir, name, new_dir, new_name, flags);
}

/* All that is in a file; the caller frees. */
__attribute__((unused)) static char *content_of(struct view *view, struct node *node)
{
	struct buf bytes = { 0 };
	cleanup_free char *block = xmalloc(65536);
	const void *data;
	ssize_t n;

	while ((n = overlay_read(view->overlay, node, block, 65536, bytes.length, &data)) > 0)
		buf_append(&bytes, data, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(bytes.length, node->size);
	return buf_take(&bytes);
}

__attribute__((unused)) static void assert_content(struct view *view, struct node *node,
						   const char *expected)
{
	cleanup_free char *content = NULL;

	assert_non_null(node);
	content = content_of(view, node);
	assert_string_equal(content, expected);
}

/* Names in the directory in the order of the listing, a blank between them; the caller frees. */
__attribute__((unused)) static char *names_in(struct view *view, struct node *dir)
{
	struct buf names = { 0 };
	struct dentry *dentry;
	uint64_t position = 0;

	while (overlay_list(view->overlay, dir, position, &dentry) > 0) {
		if (names.length)
			buf_add_char(&names, ' ');
		buf_add_string(&names, dentry->name);
		position = dentry->position + 1;
	}
	return buf_take(&names);
}

__attribute__((unused)) static void assert_names(struct view *view, struct node *dir,
						 const char *expected)
{
	cleanup_free char *names = names_in(view, dir);

	assert_string_equal(names ? names : "", expected);
}

/* ---- committing ---- */

/* Give all that the clock has stamped the time 9, so that it can be compared. */
__attribute__((unused)) static void settle(struct view *view)
{
	struct node **dirs = NULL;
	size_t count = 0, capacity = 0;

	array_reserve_one(dirs, count, capacity);
	dirs[count++] = overlay_root(view->overlay);
	if (dirs[0]->mtime.s > 1000000)
		dirs[0]->mtime = (struct node_time){ 0, 0 };
	while (count > 0) {
		struct node *dir = dirs[--count];
		struct dentry *dentry;

		if (!dir->dir.children)
			continue;
		name_table_each(dir->dir.children, dentry)
		{
			struct node *node = dentry->node;

			if (node->mtime.s > 1000000)
				node->mtime = (struct node_time){ 9, 0 };
			if (!node_is_dir(node))
				continue;
			array_reserve_one(dirs, count, capacity);
			dirs[count++] = node;
		}
	}
	free(dirs);
}

__attribute__((unused)) static struct tree_commit *view_write(struct view *view,
							      struct store_txn **ret_txn)
{
	struct fixture *f = view->f;
	struct tree_commit *written = NULL;

	assert_ok(store_txn_begin(f->store, f->lease, ret_txn, &f->err), f->err);
	assert_ok(overlay_commit_write(view->overlay, *ret_txn, &written, &f->err), f->err);
	return written;
}

__attribute__((unused)) static void view_commit(struct view *view)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written = view_write(view, &txn);

	view->root = *tree_commit_root(written);
	assert_ok(store_txn_commit(txn, &view->f->err), view->f->err);
	tree_commit_apply(written);
	overlay_commit_done(view->overlay);
}

/* The commit is given up at the last moment. */
__attribute__((unused)) static void view_abort(struct view *view)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;

	tree_commit_abort(view_write(view, &txn));
}

/* What is stored now, and what a new mount of it shows, is the tree of `text`. */
__attribute__((unused)) static void assert_committed(struct view *view, const char *text)
{
	cleanup_free char *got = NULL;

	settle(view);
	view_commit(view);
	got = text_of_tree(view->f, &view->root);
	assert_string_equal(got, text);
	assert_false(overlay_changed(view->overlay));
}
