/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/tree/copy.h"
#include "fs/tree/edit.h"
#include "tests/lib/tree_fixture.h"

static int copy(struct fixture *f, struct tree *to, const char *dir, const char *name,
		struct tree *from, const char *path, struct tree_copier *copier)
{
	static const struct tree_attr attr = { .mode = 0755 };
	struct node *target;

	assert_ok(tree_make_dirs(to, dir, &attr, &target, &f->err), f->err);
	return tree_copy(to, target, name, strlen(name), from, look(f, from, path), copier,
			 &f->err);
}

static void test_a_directory_is_taken_over_by_its_id(void **state)
{
	struct fixture *f = *state;
	struct tree *from = open_tree(f, NULL), *to = open_tree(f, NULL);
	struct tree_copier copier = { 0 };

	put(f, from, "/out/a/b", "1");
	put(f, from, "/out/c", "2");
	commit(f, from);
	assert_ok(copy(f, to, "/", "app", from, "/out", &copier), f->err);
	assert_null(look(f, to, "/app")->dir.children);
	assert_true(object_id_equal(&look(f, to, "/app")->dir.id, &look(f, from, "/out")->dir.id));
	commit(f, to);
	check(f, to, "/app/a/b", "1");
	tree_close(from);
	tree_close(to);
}

static void test_directories_merge_and_files_replace(void **state)
{
	struct fixture *f = *state;
	struct tree *from = open_tree(f, NULL), *to = open_tree(f, NULL);
	struct tree_copier copier = { .keep_dir_attributes = true };

	put(f, from, "/d/sub/new", "new");
	put(f, from, "/d/file", "theirs");
	commit(f, from);
	put(f, to, "/d/sub/old", "old");
	put(f, to, "/d/file", "ours");
	look(f, to, "/d")->mode = 0700;
	assert_ok(copy(f, to, "/", "d", from, "/d", &copier), f->err);
	check(f, to, "/d/sub/old", "old");
	check(f, to, "/d/sub/new", "new");
	check(f, to, "/d/file", "theirs");
	assert_int_equal(look(f, to, "/d")->mode, 0700);
	tree_close(from);
	tree_close(to);
}

static void test_a_file_does_not_replace_a_directory_unless_asked(void **state)
{
	struct fixture *f = *state;
	struct tree *from = open_tree(f, NULL), *to = open_tree(f, NULL);
	struct tree_copier copier = { 0 };

	put(f, from, "/x", "file");
	put(f, to, "/x/inside", "dir");
	assert_int_equal(copy(f, to, "/", "x", from, "/x", &copier), -EEXIST);
	copier.replace_types = true;
	assert_ok(copy(f, to, "/", "x", from, "/x", &copier), f->err);
	check(f, to, "/x", "file");
	tree_close(from);
	tree_close(to);
}

/* Twice, so that the two copies must not become links of each other. */
static void test_hard_links_inside_a_copy_stay_links_of_their_own(void **state)
{
	struct fixture *f = *state;
	struct tree *from = open_tree(f, NULL), *to = open_tree(f, NULL), *again;
	struct tree_copier copier = { 0 };
	struct tree_root root;

	put(f, from, "/out/a/one", "same");
	put(f, from, "/out/b/x", "x");
	put(f, from, "/out/plain/y", "y");
	link_to(f, from, "/out/b", "two", look(f, from, "/out/a/one"));
	link_to(f, from, "/", "outside", look(f, from, "/out/a/one"));
	root = commit(f, from);
	tree_close(from);
	from = open_tree(f, &root);
	assert_ok(copy(f, to, "/", "first", from, "/out", &copier), f->err);
	assert_ok(copy(f, to, "/", "second", from, "/out", &copier), f->err);
	root = commit(f, to);
	again = open_tree(f, &root);
	assert_ptr_equal(look(f, again, "/first/a/one"), look(f, again, "/first/b/two"));
	assert_ptr_equal(look(f, again, "/second/a/one"), look(f, again, "/second/b/two"));
	assert_ptr_not_equal(look(f, again, "/first/a/one"), look(f, again, "/second/a/one"));
	assert_int_equal(look(f, again, "/first/a/one")->link_count, 2);
	assert_null(look(f, to, "/first/plain")->dir.children);
	tree_close(again);
	tree_close(from);
	tree_close(to);
}

static void own(struct tree_copier *copier, struct node *node)
{
	(void)copier;
	node->uid = 1000;
	node->gid = 100;
}

static void test_owners_can_be_changed_on_the_way(void **state)
{
	struct fixture *f = *state;
	struct tree *from = open_tree(f, NULL), *to = open_tree(f, NULL);
	struct tree_copier copier = { .adjust = own };

	put(f, from, "/d/e/f", "1");
	commit(f, from);
	assert_ok(copy(f, to, "/", "d", from, "/d", &copier), f->err);
	assert_int_equal(look(f, to, "/d/e/f")->uid, 1000);
	assert_int_equal(look(f, to, "/d/e")->gid, 100);
	assert_int_equal(look(f, from, "/d/e")->gid, 0);
	tree_close(from);
	tree_close(to);
}

static int only_c(struct tree_copier *copier, const char *path, const struct node *node,
		  enum tree_copy_choice *ret, struct error *err)
{
	size_t length = strlen(path);

	(void)copier;
	(void)err;
	if (node_is_dir(node))
		*ret = TREE_COPY_DESCEND;
	else
		*ret = length > 2 && strcmp(path + length - 2, ".c") == 0 ? TREE_COPY_TAKE
									  : TREE_COPY_SKIP;
	return 0;
}

static void test_directories_passed_through_appear_only_when_something_is_taken(void **state)
{
	struct fixture *f = *state;
	struct tree *from = open_tree(f, NULL), *to = open_tree(f, NULL);
	struct tree_copier copier = { .choose = only_c };

	put(f, from, "/src/lib/deep/x.c", "c");
	put(f, from, "/src/doc/x.txt", "t");
	commit(f, from);
	assert_ok(tree_copy_children(to, tree_root_node(to), from, look(f, from, "/src"), &copier,
				     &f->err),
		  f->err);
	check(f, to, "/lib/deep/x.c", "c");
	assert_null(look(f, to, "/doc"));
	tree_close(from);
	tree_close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_directory_is_taken_over_by_its_id),
		CASE(test_directories_merge_and_files_replace),
		CASE(test_a_file_does_not_replace_a_directory_unless_asked),
		CASE(test_hard_links_inside_a_copy_stay_links_of_their_own),
		CASE(test_owners_can_be_changed_on_the_way),
		CASE(test_directories_passed_through_appear_only_when_something_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
