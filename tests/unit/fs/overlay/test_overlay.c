/* SPDX-License-Identifier: Apache-2.0 */
/* Hard links, commits, and how long things live. */
#include "fs/object/dir.h"
#include "tests/lib/overlay_fixture.h"

static const char LINKS[] = "d a 0755 0:0 1\n"
			    "f a/one 0644 0:0 2 shared\n"
			    "d b 0755 0:0 3\n"
			    "h b/three a/one\n"
			    "h b/two a/one\n"
			    "d c 0755 0:0 4\n"
			    "f c/alone 0644 0:0 5 alone\n";

static unsigned links_of(struct view *view, const char *path)
{
	struct stat attr;

	overlay_stat(view->overlay, at(view, path), &attr);
	return (unsigned)attr.st_nlink;
}

static void test_lower_hard_links_are_one_file(void **state)
{
	struct view view;

	view_open(&view, *state, LINKS);
	assert_int_equal(links_of(&view, "b/two"), 3);
	assert_ptr_equal(at(&view, "a/one"), at(&view, "b/two"));
	/* Written through a name, with the others never looked at. */
	assert_int_equal(write_to(&view, at(&view, "b/two"), "SHAR", 0), 0);
	assert_content(&view, at(&view, "a/one"), "SHARed");
	assert_committed(&view, "d a 0755 0:0 1\n"
				"f a/one 0644 0:0 9 SHARed\n"
				"d b 0755 0:0 3\n"
				"h b/three a/one\n"
				"h b/two a/one\n"
				"d c 0755 0:0 4\n"
				"f c/alone 0644 0:0 5 alone\n");
	view_close(&view);
}

static void test_names_of_a_lower_hard_link_go_one_by_one(void **state)
{
	struct view view;

	view_open(&view, *state, LINKS);
	assert_int_equal(remove_at(&view, "a/one"), 0);
	assert_int_equal(links_of(&view, "b/three"), 2);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"d b 0755 0:0 3\n"
				"f b/three 0644 0:0 2 shared\n"
				"h b/two b/three\n"
				"d c 0755 0:0 4\n"
				"f c/alone 0644 0:0 5 alone\n");
	assert_int_equal(remove_at(&view, "b/two"), 0);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"d b 0755 0:0 9\n"
				"f b/three 0644 0:0 2 shared\n"
				"d c 0755 0:0 4\n"
				"f c/alone 0644 0:0 5 alone\n");
	view_close(&view);
}

static void test_a_lower_file_gets_another_name(void **state)
{
	struct view view;
	struct view again;

	view_open(&view, *state, LINKS);
	assert_int_equal(link_at(&view, "c/alone", "a/also"), 0);
	assert_int_equal(link_at(&view, "b/two", "c/four"), 0);
	assert_int_equal(link_at(&view, "a", "c/dir"), -EPERM);
	assert_int_equal(link_at(&view, "b/two", "c/four"), -EEXIST);
	assert_committed(&view, "d a 0755 0:0 9\n"
				"f a/also 0644 0:0 5 alone\n"
				"f a/one 0644 0:0 2 shared\n"
				"d b 0755 0:0 3\n"
				"h b/three a/one\n"
				"h b/two a/one\n"
				"d c 0755 0:0 9\n"
				"h c/alone a/also\n"
				"h c/four a/one\n");
	view_open_root(&again, *state, &view.root);
	assert_int_equal(links_of(&again, "c/four"), 4);
	assert_int_equal(links_of(&again, "c/alone"), 2);
	view_close(&again);
	view_close(&view);
}

static void test_hard_links_move_with_their_directory(void **state)
{
	struct view view;

	view_open(&view, *state, LINKS);
	assert_int_equal(rename_at(&view, "a", "z", 0), 0);
	assert_committed(&view, "d b 0755 0:0 3\n"
				"f b/three 0644 0:0 2 shared\n"
				"h b/two b/three\n"
				"d c 0755 0:0 4\n"
				"f c/alone 0644 0:0 5 alone\n"
				"d z 0755 0:0 1\n"
				"h z/one b/three\n");
	assert_int_equal(rename_at(&view, "b", "c", RENAME_EXCHANGE), 0);
	assert_int_equal(rename_at(&view, "c/two", "c/alone", 0), 0);
	assert_committed(&view, "d b 0755 0:0 4\n"
				"f b/alone 0644 0:0 5 alone\n"
				"d c 0755 0:0 9\n"
				"f c/alone 0644 0:0 2 shared\n"
				"h c/three c/alone\n"
				"d z 0755 0:0 1\n"
				"h z/one c/alone\n");
	view_close(&view);
}

static void test_renaming_a_name_onto_another_of_the_same_file_does_nothing(void **state)
{
	struct view view;

	view_open(&view, *state, LINKS);
	assert_int_equal(rename_at(&view, "a/one", "b/two", 0), 0);
	assert_int_equal(rename_at(&view, "a/one", "b/two", RENAME_EXCHANGE), 0);
	assert_int_equal(links_of(&view, "a/one"), 3);
	assert_committed(&view, LINKS);
	view_close(&view);
}

static void test_hard_links_survive_a_commit_that_came_to_nothing(void **state)
{
	struct view view;
	static const char after[] = "d a 0755 0:0 9\n"
				    "d b 0755 0:0 3\n"
				    "f b/three 0644 0:0 2 shared\n"
				    "h b/two b/three\n"
				    "d c 0755 0:0 9\n"
				    "f c/alone 0644 0:0 5 alone\n"
				    "h c/four b/three\n";

	view_open(&view, *state, LINKS);
	assert_int_equal(rename_at(&view, "a/one", "c/four", 0), 0);
	view_abort(&view);
	view_abort(&view);
	assert_true(overlay_changed(view.overlay));
	assert_committed(&view, after);
	assert_committed(&view, after);
	view_close(&view);
}

/* ---- inode numbers ---- */

static void test_inode_numbers_are_the_same_in_every_mount_of_a_state(void **state)
{
	struct view first, second;

	view_open(&first, *state, LINKS);
	view_open_root(&second, *state, &first.root);
	/* Looked at in another order. */
	(void)at(&second, "c/alone");
	(void)at(&second, "b/two");
	assert_int_equal(at(&first, "a/one")->ino, at(&second, "a/one")->ino);
	assert_int_equal(at(&first, "c")->ino, at(&second, "c")->ino);
	assert_int_equal(at(&first, "c/alone")->ino, at(&second, "c/alone")->ino);
	assert_int_not_equal(at(&first, "c/alone")->ino, at(&first, "a/one")->ino);
	view_close(&second);
	view_close(&first);
}

static void test_an_inode_number_stays_through_changes_and_commits(void **state)
{
	struct view view;
	struct node *node;
	uint64_t ino;

	view_open(&view, *state, LINKS);
	assert_int_equal(overlay_lookup(view.overlay, at(&view, "c"), "alone", &node), 0);
	ino = node->ino;
	assert_int_equal(rename_at(&view, "c/alone", "a/moved", 0), 0);
	assert_int_equal(write_to(&view, node, "x", 0), 0);
	settle(&view);
	view_commit(&view);
	assert_ptr_equal(at(&view, "a/moved"), node);
	assert_int_equal(node->ino, ino);
	view_close(&view);
}

/* ---- how long things live ---- */

static void test_what_is_let_go_of_leaves_memory(void **state)
{
	struct view view;
	struct node *a, *one;
	size_t before;

	view_open(&view, *state, LINKS);
	before = tree_node_count(overlay_tree(view.overlay));
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "c", &a), 0);
	assert_int_equal(overlay_lookup(view.overlay, a, "alone", &one), 0);
	assert_int_equal(overlay_lookup(view.overlay, a, "alone", &one), 0);
	overlay_forget(view.overlay, a, 1);
	assert_true(tree_node_count(overlay_tree(view.overlay)) > before);
	overlay_forget(view.overlay, one, 2);
	assert_int_equal(tree_node_count(overlay_tree(view.overlay)), before);
	view_close(&view);
}

static void test_what_was_changed_stays_though_nobody_holds_it(void **state)
{
	struct view view;
	struct node *dir, *node;

	view_open(&view, *state, LINKS);
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "c", &dir), 0);
	assert_int_equal(overlay_lookup(view.overlay, dir, "alone", &node), 0);
	assert_int_equal(write_to(&view, node, "A", 0), 0);
	overlay_forget(view.overlay, node, 1);
	overlay_forget(view.overlay, dir, 1);
	assert_content(&view, at(&view, "c/alone"), "Alone");
	settle(&view);
	view_commit(&view);
	assert_content(&view, at(&view, "c/alone"), "Alone");
	view_close(&view);
}

/* Names of one file in several directories, which are let go of one by one. */
static void test_one_name_of_a_hard_link_leaves_memory_and_comes_back(void **state)
{
	struct view view;
	struct node *a, *b, *one, *two;

	view_open(&view, *state, LINKS);
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "a", &a), 0);
	assert_int_equal(overlay_lookup(view.overlay, a, "one", &one), 0);
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "b", &b), 0);
	assert_int_equal(overlay_lookup(view.overlay, b, "two", &two), 0);
	assert_ptr_equal(one, two);
	overlay_forget(view.overlay, one, 2);
	overlay_forget(view.overlay, a, 1);
	overlay_forget(view.overlay, b, 1);
	assert_int_equal(remove_at(&view, "b/three"), 0);
	assert_int_equal(links_of(&view, "a/one"), 2);
	assert_committed(&view, "d a 0755 0:0 1\n"
				"f a/one 0644 0:0 2 shared\n"
				"d b 0755 0:0 9\n"
				"h b/two a/one\n"
				"d c 0755 0:0 4\n"
				"f c/alone 0644 0:0 5 alone\n");
	view_close(&view);
}

/* ---- damage ---- */

/* Store the directory `id`, which has pages, with the last one replaced by what nobody has. */
static struct object_id without_a_page(struct fixture *f, const struct object_id *id)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct dir_reader reader;
	struct dir_page page;
	struct object_id damaged;

	assert_ok(store_read(f->store, id, OBJECT_DIR, DIR_OBJECT_MAX, &bytes, &f->err), f->err);
	assert_ok(dir_reader_init(&reader, bytes.data, bytes.length, &f->err), f->err);
	assert_true(reader.paged);
	while (dir_reader_next_page(&reader, &page, &f->err) > 0)
		;
	for (size_t i = 0; i + 32 <= bytes.length; i++) {
		if (memcmp(bytes.data + i, page.id.bytes, 32) == 0)
			bytes.data[i] ^= 1;
	}
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(store_txn_put(txn, OBJECT_DIR, bytes.data, bytes.length, &damaged, &f->err),
		  f->err);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	return damaged;
}

/* A directory `wide` of several pages, one of them missing; the first has a name of other/z. */
static struct tree_root damaged_tree(struct fixture *f)
{
	struct tree *tree = open_tree(f, NULL);
	struct tree_root root;
	struct node *wide;

	text_make(f, tree,
		  "d other 0755 0:0 1\nf other/z 0644 0:0 1 z\nd wide 0755 0:0 1\n"
		  "h wide/a other/z\n");
	wide = look(f, tree, "wide");
	for (int i = 0; i < 3000; i++) {
		struct node *node = tree_new_node(tree, DIR_ENTRY_FILE, &now);
		char name[16];

		snprintf(name, sizeof name, "f%05d", i);
		assert_ok(tree_link(tree, wide, name, strlen(name), node, &f->err), f->err);
	}
	root = commit(f, tree);
	tree_close(tree);
	tree = open_tree(f, &root);
	wide = look(f, tree, "wide");
	wide->dir.id = without_a_page(f, &wide->dir.id);
	assert_ok(tree_touch(tree, wide, &f->err), f->err);
	root = commit(f, tree);
	tree_close(tree);
	return root;
}

/* Or it would be committed as if the rest had been removed. */
static void test_a_directory_that_cannot_be_read_whole_is_never_shown_in_part(void **state)
{
	struct fixture *f = *state;
	struct tree_root root = damaged_tree(f);
	struct view view;
	struct node *wide, *z, *node;
	struct stat attr;

	view_open_root(&view, f, &root);
	assert_int_equal(overlay_lookup(view.overlay, at(&view, "other"), "z", &z), 0);
	assert_int_equal(overlay_lookup(view.overlay, overlay_root(view.overlay), "wide", &wide),
			 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(overlay_lookup(view.overlay, wide, "a", &node), -EIO);
		assert_null(wide->dir.children);
		assert_int_equal(make(&view, "wide/new", DIR_ENTRY_FILE, NULL), -EIO);
	}
	assert_content(&view, z, "z");
	overlay_stat(view.overlay, wide, &attr);
	assert_int_equal(attr.st_nlink, 2);
	/* Its directory cannot say so: it may not change either. */
	assert_int_equal(write_to(&view, z, "Z", 0), -EIO);
	put_file(&view, "other/new", "n");
	settle(&view);
	view_commit(&view);
	view_close(&view);
}

/* A program sees EIO; whoever runs it is told of which file and object. */
static void test_what_the_store_fails_with_is_said_once(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf text = { 0 }, none = { 0 };
	struct object_id missing = object_id_of("missing", 7);
	struct view view;
	const void *bytes;
	char buffer[8];
	struct node *node, *other;

	view_open(&view, f, LINKS);
	node = at(&view, "c/alone");
	node_set_blob(overlay_tree(view.overlay), node, &missing, 1000);
	assert_false(overlay_failed(view.overlay));
	assert_int_equal(overlay_lookup(view.overlay, at(&view, "c"), "nothing", &other), -ENOENT);
	assert_int_equal(overlay_complaint(view.overlay, node, &none), 0);
	assert_int_equal(overlay_read(view.overlay, node, buffer, 8, 0, &bytes), -EIO);
	assert_true(overlay_failed(view.overlay));
	assert_int_equal(overlay_complaint(view.overlay, node, &text), -ENOENT);
	assert_non_null(strstr(buf_string(&text), "\"/c/alone\": object "));
	assert_non_null(strstr(buf_string(&text), object_id_hex(&missing).text));
	assert_int_equal(overlay_complaint(view.overlay, node, &none), 0);
	/* In what is being changed, too. */
	assert_int_equal(write_to(&view, node, "x", 5), -EIO);
	assert_int_equal(overlay_complaint(view.overlay, NULL, &none), -ENOENT);
	assert_non_null(strstr(buf_string(&none), object_id_hex(&missing).text));
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_lower_hard_links_are_one_file),
		CASE(test_what_the_store_fails_with_is_said_once),
		CASE(test_names_of_a_lower_hard_link_go_one_by_one),
		CASE(test_a_lower_file_gets_another_name),
		CASE(test_hard_links_move_with_their_directory),
		CASE(test_renaming_a_name_onto_another_of_the_same_file_does_nothing),
		CASE(test_hard_links_survive_a_commit_that_came_to_nothing),
		CASE(test_inode_numbers_are_the_same_in_every_mount_of_a_state),
		CASE(test_an_inode_number_stays_through_changes_and_commits),
		CASE(test_what_is_let_go_of_leaves_memory),
		CASE(test_what_was_changed_stays_though_nobody_holds_it),
		CASE(test_one_name_of_a_hard_link_leaves_memory_and_comes_back),
		CASE(test_a_directory_that_cannot_be_read_whole_is_never_shown_in_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
