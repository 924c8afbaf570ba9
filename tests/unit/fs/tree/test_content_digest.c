/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tree/content_digest.h"
#include "tests/lib/tree_fixture.h"

static struct object_id digest(struct fixture *f, struct tree *tree, const char *path)
{
	cleanup_with(content_memo_free) struct content_memo *memo = content_memo_new();
	struct object_id id;

	assert_ok(content_digest_node(tree, look(f, tree, path), memo, NULL, &id, &f->err), f->err);
	return id;
}

static bool same(struct object_id a, struct object_id b)
{
	return object_id_equal(&a, &b);
}

static struct tree *sample(struct fixture *f)
{
	struct tree *tree = open_tree(f, NULL);

	put(f, tree, "/d/e/f", "content");
	put(f, tree, "/d/g", "x");
	return tree;
}

static void test_times_do_not_count(void **state)
{
	struct fixture *f = *state;
	struct tree *one = sample(f), *two = sample(f);

	look(f, two, "/d/e/f")->mtime.s = 1;
	look(f, two, "/d/e")->mtime.s = 1;
	assert_true(same(digest(f, one, "/"), digest(f, two, "/")));
	tree_close(one);
	tree_close(two);
}

static void test_everything_else_counts(void **state)
{
	struct fixture *f = *state;
	struct tree *one = sample(f);
	struct object_id was = digest(f, one, "/");

	for (int i = 0; i < 7; i++) {
		struct tree *two = sample(f);
		struct node *node = look(f, two, "/d/e/f");

		switch (i) {
		case 0:
			node->mode = 0755;
			break;
		case 1:
			node->uid = 1;
			break;
		case 2:
			node->gid = 1;
			break;
		case 3:
			node_set_inline(two, node, "Content", 7);
			break;
		case 4:
			put(f, two, "/d/e/more", "");
			break;
		case 5:
			assert_ok(node_set_xattr(two, node, "user.a", "1", 1, &f->err), f->err);
			break;
		case 6:
			assert_ok(tree_rename(two, name_of(f, two, "/d/g"), look(f, two, "/d"), "h",
					      1, &f->err),
				  f->err);
			break;
		}
		assert_false(same(was, digest(f, two, "/")));
		tree_close(two);
	}
	tree_close(one);
}

static void test_security_labels_of_the_host_do_not_count(void **state)
{
	struct fixture *f = *state;
	struct tree *one = sample(f), *two = sample(f);
	struct node *node = look(f, two, "/d/e/f");

	assert_ok(node_set_xattr(two, node, "security.selinux", "l", 1, &f->err), f->err);
	assert_true(same(digest(f, one, "/"), digest(f, two, "/")));
	assert_ok(node_set_xattr(two, node, "security.capability", "c", 1, &f->err), f->err);
	assert_false(same(digest(f, one, "/"), digest(f, two, "/")));
	tree_close(one);
	tree_close(two);
}

static void test_stored_and_unstored_trees_agree(void **state)
{
	struct fixture *f = *state;
	struct tree *one = sample(f), *again;
	struct object_id live = digest(f, one, "/"), part = digest(f, one, "/d/e");
	struct tree_root root = commit(f, one);

	assert_true(same(live, digest(f, one, "/")));
	again = open_tree(f, &root);
	assert_true(same(live, digest(f, again, "/")));
	assert_true(same(part, digest(f, again, "/d/e")));
	put(f, again, "/other", "x");
	assert_true(same(part, digest(f, again, "/d/e")));
	assert_false(same(live, digest(f, again, "/")));
	tree_close(again);
	tree_close(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_times_do_not_count),
		CASE(test_everything_else_counts),
		CASE(test_security_labels_of_the_host_do_not_count),
		CASE(test_stored_and_unstored_trees_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
