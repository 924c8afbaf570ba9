/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/tree/replay.h"
#include "tests/lib/tree_text.h"

static struct tree_root stored(struct fixture *f, const char *text)
{
	struct tree *tree = open_tree(f, NULL);
	struct tree_root root;

	text_make(f, tree, text);
	root = commit(f, tree);
	tree_close(tree);
	return root;
}

/* Do in the tree of `other` what makes `after` of `before`. `expected` NULL: it cannot be done. */
static void assert_replayed(struct fixture *f, const char *before, const char *after,
			    const char *other, const char *expected)
{
	struct tree_root from = stored(f, before), to = stored(f, after);
	struct tree_root root = stored(f, other);
	struct tree *tree = open_tree(f, &root);
	int r = tree_replay(tree, &from, &to, &f->err);
	char *got;

	if (expected)
		assert_ok(r, f->err);
	else
		assert_int_equal(r, -ESTALE);
	root = commit(f, tree);
	tree_close(tree);
	got = text_of_tree(f, &root);
	assert_string_equal(got, expected ? expected : other);
	free(got);
}

static void test_files_come_change_and_go(void **state)
{
	assert_replayed(*state,
			"d d 0755 0:0 1\nf d/gone 0644 0:0 1 g\nf d/was 0644 0:0 1 old\n"
			"f readme 0644 0:0 1 one\n",
			"d d 0755 0:0 7\nf d/new 0644 0:0 8 *100000\nf d/was 0600 1:2 9 new\n"
			"f readme 0644 0:0 1 one\n",
			"d d 0755 0:0 3\nf d/gone 0644 0:0 2 g\nf d/more 0644 0:0 2 m\n"
			"f d/was 0644 0:0 2 old\nf readme 0644 0:0 4 two\n",
			"d d 0755 0:0 7\nf d/more 0644 0:0 2 m\nf d/new 0644 0:0 8 *100000\n"
			"f d/was 0600 1:2 9 new\nf readme 0644 0:0 4 two\n");
}

static void test_a_time_that_was_not_changed_stays(void **state)
{
	assert_replayed(*state, "d d 0755 0:0 1\nf f 0644 0:0 1 x\n",
			"d d 0700 0:0 1\nf f 0600 0:0 1 x\n", "d d 0755 0:0 5\nf f 0644 0:0 6 x\n",
			"d d 0700 0:0 5\nf f 0600 0:0 6 x\n");
}

static void test_whole_directories_come_and_go(void **state)
{
	assert_replayed(*state, "d old 0755 0:0 1\nd old/in 0755 0:0 1\nf old/in/x 0644 0:0 1 x\n",
			"d new 0755 0:0 2\nd new/in 0755 0:0 1\nf new/in/x 0644 0:0 1 x\n",
			"d old 0755 0:0 1\nd old/in 0755 0:0 3\nf old/in/x 0644 0:0 4 x\n"
			"f z 0644 0:0 1 z\n",
			"d new 0755 0:0 2\nd new/in 0755 0:0 1\nf new/in/x 0644 0:0 1 x\n"
			"f z 0644 0:0 1 z\n");
}

static void test_other_types_take_a_place(void **state)
{
	assert_replayed(*state, "d a 0755 0:0 1\nf a/x 0644 0:0 1 x\nf b 0644 0:0 1 b\n",
			"l a 0:0 2 b\nd b 0755 0:0 2\nf b/y 0644 0:0 2 y\n",
			"d a 0755 0:0 1\nf a/x 0644 0:0 1 x\nf b 0644 0:0 1 b\nf c 0644 0:0 1 c\n",
			"l a 0:0 2 b\nd b 0755 0:0 2\nf b/y 0644 0:0 2 y\nf c 0644 0:0 1 c\n");
}

static void test_hard_links_are_made_and_changed_together(void **state)
{
	assert_replayed(
		*state, "d d 0755 0:0 1\nf d/one 0644 0:0 1 same\nf x 0644 0:0 1 x\n",
		"d d 0755 0:0 2\nf d/one 0644 0:0 1 same\nf x 0644 0:0 1 x\nh y d/one\n",
		"d d 0755 0:0 1\nf d/one 0644 0:0 1 same\nf x 0644 0:0 1 other\n",
		"d d 0755 0:0 2\nf d/one 0644 0:0 1 same\nf x 0644 0:0 1 other\nh y d/one\n");
	assert_replayed(*state,
			"d d 0755 0:0 1\nf d/one 0644 0:0 1 same\nf x 0644 0:0 1 x\nh y d/one\n",
			"d d 0755 0:0 1\nf d/one 0644 0:0 2 other\nf x 0644 0:0 1 x\nh y d/one\n",
			"d d 0755 0:0 1\nf d/one 0644 0:0 1 same\nf x 0644 0:0 1 z\nh y d/one\n",
			"d d 0755 0:0 1\nf d/one 0644 0:0 2 other\nf x 0644 0:0 1 z\nh y d/one\n");
}

static void test_extended_attributes_and_the_root_follow(void **state)
{
	assert_replayed(*state, "d d 0755 0:0 1\nx d user.a=1\nf f 0644 0:0 1 f\n",
			"d . 0711 0:0 9\nx . user.r=r\nd d 0755 0:0 1\nx d user.b=2\n"
			"f f 0644 0:0 1 f\nx f user.c=3\n",
			"d d 0755 0:0 1\nx d user.a=1\nf f 0644 0:0 1 f\nf g 0644 0:0 1 g\n",
			"d . 0711 0:0 9\nx . user.r=r\nd d 0755 0:0 1\nx d user.b=2\n"
			"f f 0644 0:0 1 f\nx f user.c=3\nf g 0644 0:0 1 g\n");
}

static void test_nothing_is_done_where_what_was_changed_is_other(void **state)
{
	static const char before[] = "d d 0755 0:0 1\nf d/x 0644 0:0 1 x\n";
	static const char added[] = "d d 0755 0:0 1\nf d/x 0644 0:0 1 x\nf d/y 0644 0:0 1 y\n";
	static const char changed[] = "d d 0755 0:0 1\nf d/x 0644 0:0 1 z\n";

	assert_replayed(*state, before, added,
			"d d 0755 0:0 1\nf d/x 0644 0:0 1 x\nf d/y 0644 0:0 1 mine\n", NULL);
	assert_replayed(*state, before, added, "f d 0644 0:0 1 file\n", NULL);
	assert_replayed(*state, before, added, "", NULL);
	assert_replayed(*state, before, changed, "d d 0755 0:0 1\nf d/x 0644 0:0 1 y\n", NULL);
	assert_replayed(*state, before, changed, "d d 0755 0:0 1\nf d/x 0600 0:0 1 x\n", NULL);
	assert_replayed(*state, before, changed, "d d 0755 0:0 1\nl d/x 0:0 1 x\n", NULL);
	assert_replayed(*state, before, changed, "d d 0755 0:0 1\nf d/x 0644 0:0 1 x\nh d/y d/x\n",
			NULL);
	assert_replayed(*state, before, "", "d d 0755 0:0 1\nf d/x 0644 0:0 1 more\n", NULL);
	assert_replayed(*state, before, "d d 0700 0:0 1\nf d/x 0644 0:0 1 x\n",
			"d d 0711 0:0 1\nf d/x 0644 0:0 1 x\n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_files_come_change_and_go),
		CASE(test_a_time_that_was_not_changed_stays),
		CASE(test_whole_directories_come_and_go),
		CASE(test_other_types_take_a_place),
		CASE(test_hard_links_are_made_and_changed_together),
		CASE(test_extended_attributes_and_the_root_follow),
		CASE(test_nothing_is_done_where_what_was_changed_is_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
