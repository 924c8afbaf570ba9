/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/diff.h"
#include "fs/tree/edit.h"
#include "fs/tree/walk.h"
#include "tests/lib/tree_fixture.h"

static char *describe(struct fixture *f, const struct tree_root *before,
		      const struct tree_root *after)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct tree_change change;
	struct buf text = { 0 };
	int r;

	tree_diff_begin(&diff, f->store, before, after);
	while ((r = tree_diff_next(&diff, &change, &f->err)) > 0)
		buf_add_format(&text, "%c%s /%s\n", (char)change.kind, change.content ? "*" : "",
			       change.path);
	assert_ok(r, f->err);
	return buf_take(&text);
}

static void test_every_kind_of_change(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct tree_root before, after;
	char *got;

	put(f, tree, "/same/deep/x", "x");
	put(f, tree, "/content", "1");
	put(f, tree, "/mode", "1");
	put(f, tree, "/gone/inside", "1");
	put(f, tree, "/retyped/inside", "1");
	before = commit(f, tree);
	put(f, tree, "/added/deep", "1");
	assert_ok(tree_touch(tree, look(f, tree, "/content"), &f->err), f->err);
	node_set_inline(tree, look(f, tree, "/content"), "22", 2);
	assert_ok(tree_touch(tree, look(f, tree, "/mode"), &f->err), f->err);
	look(f, tree, "/mode")->mode = 0600;
	assert_ok(tree_remove(tree, name_of(f, tree, "/gone"), &f->err), f->err);
	assert_ok(tree_remove(tree, name_of(f, tree, "/retyped"), &f->err), f->err);
	put(f, tree, "/retyped", "file");
	assert_ok(tree_touch(tree, tree_root_node(tree), &f->err), f->err);
	tree_root_node(tree)->uid = 5;
	after = commit(f, tree);
	got = describe(f, &before, &after);
	assert_string_equal(got, "M /\nA* /added\nA* /added/deep\nM* /content\nD* /gone\nM /mode\n"
				 "T* /retyped\n");
	free(got);
	got = describe(f, &after, &after);
	assert_string_equal(got, "");
	free(got);
	tree_close(tree);
}

static void test_ways_to_changes_are_told_on_request(void **state)
{
	cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct tree_root before, after;
	struct tree_change change;

	put(f, tree, "/a/b/c/file", "1");
	put(f, tree, "/a/x/file", "1");
	before = commit(f, tree);
	assert_ok(tree_touch(tree, look(f, tree, "/a/b/c/file"), &f->err), f->err);
	node_set_inline(tree, look(f, tree, "/a/b/c/file"), "22", 2);
	after = commit(f, tree);
	tree_diff_begin(&diff, f->store, &before, &after);
	diff.ways = true;
	for (size_t i = 0; i < 4; i++) {
		const char *paths[] = { "a", "a/b", "a/b/c", "a/b/c/file" };

		assert_int_equal(tree_diff_next(&diff, &change, &f->err), 1);
		assert_string_equal(change.path, paths[i]);
		assert_int_equal(change.kind, TREE_MODIFIED);
	}
	assert_int_equal(tree_diff_next(&diff, &change, &f->err), 0);
	tree_close(tree);
}

/* Random trees: the changes of a diff turn the one listing into the other. */
static void test_changes_account_for_everything(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct tree_root last, next;
	unsigned seed = 7;

	last = commit(f, tree);
	for (int round = 0; round < 30; round++) {
		cleanup_with(tree_diff_release) struct tree_diff diff = { 0 };
		struct tree_change change;
		int changed = 0, r;

		for (int i = 0; i < 40; i++) {
			cleanup_with(tree_place_release) struct tree_place place = { 0 };
			cleanup_free char *path = NULL;

			seed = seed * 1103515245 + 12345;
			path = xasprintf("/d%u/e%u/f%u", seed >> 9 & 3, seed >> 13 & 3,
					 seed >> 17 & 7);
			assert_ok(tree_resolve(tree, NULL, path, 0, &place, &f->err), f->err);
			if (place.dentry)
				assert_ok(tree_unlink(tree, place.dentry, &f->err), f->err);
			else
				put(f, tree, path, "x");
		}
		next = commit(f, tree);
		tree_diff_begin(&diff, f->store, &last, &next);
		while ((r = tree_diff_next(&diff, &change, &f->err)) > 0) {
			struct node *node = look(f, tree, change.path);

			changed++;
			assert_int_equal(node != NULL, change.kind != TREE_DELETED);
		}
		assert_ok(r, f->err);
		assert_int_equal(changed > 0, !tree_root_equal(&last, &next));
		last = next;
	}
	tree_close(tree);
}

static void test_a_walk_meets_everything_once_and_can_leave_things_out(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	cleanup_with(tree_walk_release) struct tree_walk walk = { 0 };
	cleanup_with(buf_release) struct buf seen = { 0 };
	struct tree_root root;
	struct dir_entry entry;
	const char *path;
	int r;

	put(f, tree, "/a/b/c", "1");
	put(f, tree, "/a/d", "1");
	put(f, tree, "/skip/this", "1");
	put(f, tree, "/z", "1");
	root = commit(f, tree);
	assert_ok(tree_walk_begin(&walk, f->store, &root.dir, &f->err), f->err);
	while ((r = tree_walk_next(&walk, &entry, &path, &f->err)) > 0) {
		buf_add_format(&seen, "%s ", path);
		if (strcmp(path, "skip") == 0)
			tree_walk_skip(&walk);
	}
	assert_ok(r, f->err);
	assert_string_equal(buf_string(&seen), "a a/b a/b/c a/d skip z ");
	tree_close(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_every_kind_of_change),
		CASE(test_ways_to_changes_are_told_on_request),
		CASE(test_changes_account_for_everything),
		CASE(test_a_walk_meets_everything_once_and_can_leave_things_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
