/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, and trees in it made and looked at by paths. */
#pragma once

#include "fs/base/alloc.h"
#include "fs/store/store.h"
#include "fs/tree/commit.h"
#include "fs/tree/lookup.h"
#include "tests/lib/unit.h"

__attribute__((unused)) static const struct node_time now = { 1700000000, 5 };

struct fixture {
	char *dir;
	struct store *store;
	struct store_lease *lease;
	struct error err;
};

__attribute__((unused)) static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->dir = test_directory();
	assert_ok(store_open(f->dir, STORE_CREATE, &f->store, &f->err), f->err);
	assert_ok(store_lease_begin(f->store, &f->lease, &f->err), f->err);
	*state = f;
	return 0;
}

__attribute__((unused)) static int tear_down(void **state)
{
	struct fixture *f = *state;

	store_lease_end(f->lease);
	store_close(f->store);
	test_directory_remove(f->dir);
	free(f);
	return 0;
}

__attribute__((unused)) static struct tree_root commit(struct fixture *f, struct tree *tree)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_commit *written = NULL;
	struct tree_root root;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(tree_commit_write(tree, txn, NULL, &written, &f->err), f->err);
	root = *tree_commit_root(written);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	tree_commit_apply(written);
	return root;
}

__attribute__((unused)) static struct tree *open_tree(struct fixture *f,
						      const struct tree_root *root)
{
	return tree_open(f->store, root);
}

/* Make the directories on the way, and at the end a file with this content. */
__attribute__((unused)) static struct node *put(struct fixture *f, struct tree *tree,
						const char *path, const char *content)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	struct node *dir, *node;
	char *rest, *name;

	assert_ok(tree_resolve(tree, NULL, path, 0, &place, &f->err), f->err);
	assert_non_null(place.missing);
	dir = place.dir;
	rest = place.missing;
	while ((name = strsep(&rest, "/"))) {
		node = tree_new_node(tree, rest || !content ? DIR_ENTRY_DIR : DIR_ENTRY_FILE, &now);
		node->mode = rest || !content ? 0755 : 0644;
		if (!rest && content)
			node_set_inline(tree, node, content, strlen(content));
		assert_ok(tree_link(tree, dir, name, strlen(name), node, &f->err), f->err);
		dir = node;
	}
	return dir;
}

__attribute__((unused)) static struct node *look(struct fixture *f, struct tree *tree,
						 const char *path)
{
	struct node *node = NULL;

	assert_ok(tree_lookup(tree, path, TREE_NOFOLLOW, &node, &f->err), f->err);
	return node;
}

__attribute__((unused)) static void check(struct fixture *f, struct tree *tree, const char *path,
					  const char *content)
{
	cleanup_with(buf_release) struct buf got = { 0 };
	struct node *node = look(f, tree, path);

	assert_non_null(node);
	assert_ok(tree_read_file(tree, node, 100, &got, &f->err), f->err);
	assert_string_equal(buf_string(&got), content);
}

__attribute__((unused)) static struct dentry *name_of(struct fixture *f, struct tree *tree,
						      const char *path)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };

	assert_ok(tree_resolve(tree, NULL, path, TREE_NOFOLLOW, &place, &f->err), f->err);
	assert_non_null(place.dentry);
	return place.dentry;
}

__attribute__((unused)) static void link_to(struct fixture *f, struct tree *tree, const char *dir,
					    const char *name, struct node *node)
{
	assert_ok(tree_link(tree, look(f, tree, dir), name, strlen(name), node, &f->err), f->err);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
