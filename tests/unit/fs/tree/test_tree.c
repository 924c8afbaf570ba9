/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <time.h>

#include "fs/tree/tree.h"
#include "tests/lib/tree_fixture.h"

static void test_a_committed_tree_opens_again(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;

	put(f, tree, "/usr/bin/tool", "one");
	put(f, tree, "/etc/conf", "two");
	put(f, tree, "/empty", NULL);
	look(f, tree, "/etc")->mode = 01777;
	root = commit(f, tree);
	again = open_tree(f, &root);
	check(f, again, "usr/bin/tool", "one");
	check(f, again, "/usr/./bin/../../etc/conf", "two");
	assert_int_equal(look(f, again, "/etc")->mode, 01777);
	assert_true(look(f, again, "/usr/bin/tool")->mtime.s == now.s);
	assert_null(look(f, again, "/usr/bin/none"));
	tree_close(again);
	tree_close(tree);
}

static void test_only_directories_on_the_way_to_a_change_are_new(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct object_id a, b;

	put(f, tree, "/a/x/f", "1");
	put(f, tree, "/b/y/f", "1");
	commit(f, tree);
	a = look(f, tree, "/a")->dir.id;
	b = look(f, tree, "/b")->dir.id;
	put(f, tree, "/a/x/g", "2");
	commit(f, tree);
	assert_false(object_id_equal(&a, &look(f, tree, "/a")->dir.id));
	assert_true(object_id_equal(&b, &look(f, tree, "/b")->dir.id));
	tree_close(tree);
}

static void test_the_same_tree_has_the_same_root_however_it_was_made(void **state)
{
	struct fixture *f = *state;
	struct tree *one = open_tree(f, NULL), *two = open_tree(f, NULL);
	struct tree_root a, b;

	put(f, one, "/d/a", "1");
	put(f, one, "/d/b", "2");
	a = commit(f, one);
	put(f, two, "/d/b", "2");
	commit(f, two);
	put(f, two, "/d/c", "3");
	put(f, two, "/d/a", "1");
	assert_ok(tree_unlink(two, name_of(f, two, "/d/c"), &f->err), f->err);
	b = commit(f, two);
	assert_true(tree_root_equal(&a, &b));
	tree_close(one);
	tree_close(two);
}

static void test_hard_links_stay_one_file(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;

	put(f, tree, "/b/two", "same");
	put(f, tree, "/a/other", "x");
	link_to(f, tree, "/a", "one", look(f, tree, "/b/two"));
	root = commit(f, tree);
	again = open_tree(f, &root);
	assert_ptr_equal(look(f, again, "/a/one"), look(f, again, "/b/two"));
	assert_int_equal(look(f, again, "/a/one")->link_count, 2);
	tree_close(again);
	tree_close(tree);
}

/* Through a name in one directory, while the other directory was never looked at. */
static void test_a_change_through_one_link_shows_in_all(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;

	put(f, tree, "/b/two", "same");
	put(f, tree, "/a/x", "x");
	link_to(f, tree, "/a", "one", look(f, tree, "/b/two"));
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	assert_ok(tree_touch(tree, look(f, tree, "/b/two"), &f->err), f->err);
	look(f, tree, "/b/two")->mode = 0600;
	root = commit(f, tree);
	again = open_tree(f, &root);
	assert_int_equal(look(f, again, "/a/one")->mode, 0600);
	assert_int_equal(look(f, again, "/b/two")->link_count, 2);
	tree_close(again);
	tree_close(tree);
}

static void test_the_last_link_that_stays_is_a_plain_file(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *plain = open_tree(f, NULL);
	struct tree_root root, expected;

	put(f, tree, "/a/one", "same");
	put(f, tree, "/b/x", "x");
	link_to(f, tree, "/b", "two", look(f, tree, "/a/one"));
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	assert_ok(tree_unlink(tree, name_of(f, tree, "/a/one"), &f->err), f->err);
	root = commit(f, tree);
	put(f, plain, "/a", NULL);
	put(f, plain, "/b/x", "x");
	put(f, plain, "/b/two", "same");
	expected = commit(f, plain);
	assert_true(tree_root_equal(&root, &expected));
	tree_close(tree);
	tree_close(plain);
}

static void test_a_file_may_have_very_many_links(void **state)
{
	enum { LINKS = 60000 };
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct node *dir = put(f, tree, "dir", NULL), *node = put(f, tree, "dir/f", "x");
	clock_t start = clock();
	struct tree_root root;
	char name[16];

	for (int i = 1; i < LINKS; i++) {
		int length = snprintf(name, sizeof name, "%d", i);

		assert_ok(tree_link(tree, dir, name, (size_t)length, node, &f->err), f->err);
	}
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	node = look(f, tree, "dir/f");
	assert_int_equal(node->link_count, LINKS);
	dir = look(f, tree, "dir");
	for (struct dentry *dentry; node->link_count > 1;) {
		dentry = name_table_from(dir->dir.children, 0);
		assert_ok(tree_unlink(tree, dentry, &f->err), f->err);
	}
	tree_close(tree);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 5);
}

/* A large directory, stored and opened again. */
static struct tree *large_tree(struct fixture *f, int count)
{
	struct tree *tree = open_tree(f, NULL);
	struct node *dir = put(f, tree, "dir", NULL);
	struct tree_root root;
	char name[16];

	for (int i = 0; i < count; i++) {
		struct node *node = tree_new_node(tree, DIR_ENTRY_FILE, &now);
		int length = snprintf(name, sizeof name, "%06d", i);

		assert_ok(tree_link(tree, dir, name, (size_t)length, node, &f->err), f->err);
	}
	root = commit(f, tree);
	tree_close(tree);
	return open_tree(f, &root);
}

static void test_a_large_directory_is_let_go_in_any_order(void **state)
{
	enum { COUNT = 100000 };
	struct fixture *f = *state;
	struct tree *tree = large_tree(f, COUNT);
	struct node *dir = look(f, tree, "dir");
	clock_t start = clock();
	struct node **nodes = xcalloc(COUNT, sizeof(struct node *));
	struct dentry *dentry;
	int count = 0;

	assert_ok(tree_load(tree, dir, &f->err), f->err);
	name_table_each(dir->dir.children, dentry) nodes[count++] = dentry->node;
	for (int i = 0; i < COUNT; i++)
		nodes[i]->lookups = 1;
	for (int i = 0; i < COUNT; i++) {
		nodes[i]->lookups = 0;
		assert_int_equal(tree_unload(tree, dir), i == COUNT - 1);
	}
	free(nodes);
	assert_null(dir->dir.children);
	tree_close(tree);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 3);
}

static void test_a_large_directory_is_emptied_from_its_start(void **state)
{
	enum { COUNT = 300000 };
	struct fixture *f = *state;
	struct tree *tree = large_tree(f, COUNT);
	struct node *dir = look(f, tree, "dir");
	clock_t start = clock();
	struct dentry *dentry;

	assert_ok(tree_load(tree, dir, &f->err), f->err);
	while ((dentry = name_table_from(dir->dir.children, 0)))
		assert_ok(tree_unlink(tree, dentry, &f->err), f->err);
	tree_close(tree);
	assert_true((clock() - start) / CLOCKS_PER_SEC < 4);
}

static void test_links_below_a_renamed_directory_follow_it(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;

	put(f, tree, "/d/e/one", "same");
	put(f, tree, "/d/e/n", "n");
	link_to(f, tree, "/", "two", look(f, tree, "/d/e/one"));
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	assert_ok(tree_rename(tree, name_of(f, tree, "/d"), tree_root_node(tree), "zz", 2, &f->err),
		  f->err);
	root = commit(f, tree);
	again = open_tree(f, &root);
	assert_ok(tree_touch(again, look(f, again, "/two"), &f->err), f->err);
	assert_ptr_equal(look(f, again, "/zz/e/one"), look(f, again, "/two"));
	tree_close(again);
	tree_close(tree);
}

static void test_removing_a_directory_takes_its_links_with_it(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct tree_root root;

	put(f, tree, "/d/e/one", "same");
	link_to(f, tree, "/", "two", look(f, tree, "/d/e/one"));
	link_to(f, tree, "/d", "three", look(f, tree, "/d/e/one"));
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	assert_ok(tree_remove(tree, name_of(f, tree, "/d"), &f->err), f->err);
	assert_int_equal(look(f, tree, "/two")->link_count, 1);
	root = commit(f, tree);
	assert_true(object_id_is_zero(&root.links));
	check(f, tree, "/two", "same");
	tree_close(tree);
}

static void test_ghosts_are_shown_but_not_stored(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct tree_root before, after;
	struct node *ghost;

	put(f, tree, "/x", "1");
	before = commit(f, tree);
	ghost = tree_new_node(tree, DIR_ENTRY_DIR, &now);
	node_set_ghost(ghost);
	link_to(f, tree, "/", "mnt", ghost);
	ghost = tree_new_node(tree, DIR_ENTRY_DIR, &now);
	node_set_ghost(ghost);
	link_to(f, tree, "/mnt", "deep", ghost);
	assert_non_null(look(f, tree, "/mnt/deep"));
	after = commit(f, tree);
	assert_true(tree_root_equal(&before, &after));
	tree_close(tree);
}

static void test_what_is_made_below_a_ghost_makes_it_real(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;
	struct node *ghost;

	put(f, tree, "/x", "1");
	commit(f, tree);
	ghost = tree_new_node(tree, DIR_ENTRY_DIR, &now);
	node_set_ghost(ghost);
	link_to(f, tree, "/", "mnt", ghost);
	put(f, tree, "/mnt/file", "real");
	root = commit(f, tree);
	again = open_tree(f, &root);
	check(f, again, "/mnt/file", "real");
	tree_close(again);
	tree_close(tree);
}

static void test_symlinks_never_lead_out(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct node *link = tree_new_node(tree, DIR_ENTRY_SYMLINK, &now), *loop, *found;

	put(f, tree, "/etc/passwd", "inside");
	node_set_target(link, "../../../../etc", 15);
	link_to(f, tree, "/", "up", link);
	loop = tree_new_node(tree, DIR_ENTRY_SYMLINK, &now);
	node_set_target(loop, "/loop/x", 7);
	link_to(f, tree, "/", "loop", loop);
	check(f, tree, "/up/passwd", "inside");
	assert_int_equal(look(f, tree, "/up")->type, DIR_ENTRY_SYMLINK);
	assert_int_equal(tree_lookup(tree, "/loop", 0, &found, &f->err), -ELOOP);
	assert_int_equal(tree_lookup(tree, "/etc/passwd/x", 0, &found, &f->err), -ENOTDIR);
	tree_close(tree);
}

static void test_unloaded_directories_give_their_memory_back(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	size_t small;
	struct node *dir;
	struct tree_root root;

	put(f, tree, "/d/e/f", "1");
	put(f, tree, "/d/e/g", "1");
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	dir = look(f, tree, "/d/e");
	small = tree_node_count(tree);
	check(f, tree, "/d/e/g", "1");
	assert_int_equal(tree_node_count(tree), small + 2);
	look(f, tree, "/d/e/g")->lookups = 1;
	assert_int_equal(tree_unload(tree, dir), 0);
	look(f, tree, "/d/e/g")->lookups = 0;
	assert_int_equal(tree_unload(tree, dir), 1);
	assert_int_equal(tree_node_count(tree), small);
	check(f, tree, "/d/e/g", "1");
	tree_close(tree);
}

static void test_sub_directories_are_counted_without_loading(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;
	struct node *ghost;

	put(f, tree, "/d/a", NULL);
	put(f, tree, "/d/b", NULL);
	put(f, tree, "/d/file", "1");
	ghost = tree_new_node(tree, DIR_ENTRY_DIR, &now);
	node_set_ghost(ghost);
	link_to(f, tree, "/d", "ghost", ghost);
	assert_int_equal(node_subdirs(look(f, tree, "/d")), 2);
	root = commit(f, tree);
	again = open_tree(f, &root);
	assert_int_equal(node_subdirs(look(f, again, "/d")), 2);
	assert_null(look(f, again, "/d")->dir.children);
	put(f, again, "/d/c", NULL);
	assert_int_equal(node_subdirs(look(f, again, "/d")), 3);
	tree_close(again);
	tree_close(tree);
}

static void test_extended_attributes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	const struct xattrs *got;
	struct tree_root root;
	struct node *node = put(f, tree, "/f", "1");

	assert_ok(node_set_xattr(tree, node, "user.a", "v", 1, &f->err), f->err);
	assert_ok(node_set_xattr(tree, tree_root_node(tree), "user.r", "w", 1, &f->err), f->err);
	assert_int_equal(node_set_xattr(tree, node, "user.b", NULL, 0, &f->err), -ENODATA);
	root = commit(f, tree);
	again = open_tree(f, &root);
	node = look(f, again, "/f");
	assert_ok(node_xattrs_load(again, node, &got, &f->err), f->err);
	assert_memory_equal(xattrs_get(got, "user.a")->value, "v", 1);
	assert_ok(node_xattrs_load(again, tree_root_node(again), &got, &f->err), f->err);
	assert_memory_equal(xattrs_get(got, "user.r")->value, "w", 1);
	assert_ok(node_set_xattr(again, node, "user.a", NULL, 0, &f->err), f->err);
	root = commit(f, again);
	assert_null(node->xattrs);
	tree_close(again);
	tree_close(tree);
}

static void test_exchanged_names_swap_what_they_stand_for(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL), *again;
	struct tree_root root;

	put(f, tree, "/a/f", "in a");
	put(f, tree, "/b", "b");
	commit(f, tree);
	assert_ok(tree_exchange(tree, name_of(f, tree, "/a"), name_of(f, tree, "/b"), &f->err),
		  f->err);
	root = commit(f, tree);
	again = open_tree(f, &root);
	check(f, again, "/b/f", "in a");
	check(f, again, "/a", "b");
	tree_close(again);
	tree_close(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_committed_tree_opens_again),
		CASE(test_only_directories_on_the_way_to_a_change_are_new),
		CASE(test_the_same_tree_has_the_same_root_however_it_was_made),
		CASE(test_hard_links_stay_one_file),
		CASE(test_a_change_through_one_link_shows_in_all),
		CASE(test_the_last_link_that_stays_is_a_plain_file),
		CASE(test_a_file_may_have_very_many_links),
		CASE(test_a_large_directory_is_let_go_in_any_order),
		CASE(test_a_large_directory_is_emptied_from_its_start),
		CASE(test_links_below_a_renamed_directory_follow_it),
		CASE(test_removing_a_directory_takes_its_links_with_it),
		CASE(test_ghosts_are_shown_but_not_stored),
		CASE(test_what_is_made_below_a_ghost_makes_it_real),
		CASE(test_symlinks_never_lead_out),
		CASE(test_unloaded_directories_give_their_memory_back),
		CASE(test_sub_directories_are_counted_without_loading),
		CASE(test_extended_attributes_are_kept),
		CASE(test_exchanged_names_swap_what_they_stand_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
