/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large directories are written in parts. Whatever was done to one, what is stored afterwards has
 * the bytes that writing all of it has, and says what the tree in memory says.
 */
#include <errno.h>

#include "fs/base/hash.h"
#include "fs/tree/dir_cursor.h"
#include "fs/tree/dir_patch.h"
#include "fs/tree/noted.h"
#include "tests/lib/tree_fixture.h"

#define NAMES 3000

static uint64_t seed;

static unsigned chance(unsigned below)
{
	return (unsigned)(hash64_mix(++seed) % below);
}

static struct dentry *find(struct fixture *f, struct tree *tree, struct node *dir, const char *name)
{
	struct dentry *dentry = NULL;

	assert_true(tree_find(tree, dir, name, strlen(name), &dentry, &f->err) >= 0);
	return dentry;
}

static struct node *make(struct fixture *f, struct tree *tree, struct node *dir, const char *name,
			 enum dir_entry_type type)
{
	struct node *node = tree_new_node(tree, type, &now);

	node->mode = 0700;
	assert_ok(tree_link(tree, dir, name, strlen(name), node, &f->err), f->err);
	return node;
}

static struct tree *large_tree(struct fixture *f, unsigned count)
{
	struct tree *tree = open_tree(f, NULL);
	struct node *large = make(f, tree, tree_root_node(tree), "large", DIR_ENTRY_DIR);
	char name[32];

	(void)make(f, tree, tree_root_node(tree), "other", DIR_ENTRY_DIR);
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof name, "n%u", i);
		(void)make(f, tree, large, name, i % 50 ? DIR_ENTRY_FILE : DIR_ENTRY_DIR);
	}
	return tree;
}

/* ---- what is stored ---- */

static int put_nothing(void *context, const struct object_id *id, const void *data, size_t size,
		       struct error *err)
{
	(void)context;
	(void)id;
	(void)data;
	(void)size;
	(void)err;
	return 0;
}

static void check_entry(const struct dir_entry *entry, const struct dentry *name)
{
	const struct node *node = name->node;

	assert_int_equal(entry->name_length, name->length);
	assert_memory_equal(entry->name, name->name, name->length);
	assert_int_equal(entry->type, node->type);
	assert_int_equal(entry->mode, node->mode);
	assert_int_equal(entry->mtime_s, node->mtime.s);
	assert_int_equal(entry->link_count, node->link_count > 1 ? node->link_count : 0);
	if (node_is_dir(node))
		assert_true(object_id_equal(&entry->id, &node->dir.id));
	else
		assert_int_equal(entry->size, node->size);
	if (entry->flags & DIR_ENTRY_INLINE)
		assert_memory_equal(entry->inline_data, node->bytes, node->size);
}

static void check_dir(struct fixture *f, const struct node *dir)
{
	cleanup_with(dir_cursor_release) struct dir_cursor cursor = { 0 };
	cleanup_with(dir_writer_release) struct dir_writer writer = { 0 };
	cleanup_free struct dentry **sorted = name_table_sorted(dir->dir.children);
	struct dir_entry entry;
	struct object_id whole;
	int r;

	assert_ok(dir_cursor_open(f->store, &dir->dir.id, &cursor, &f->err), f->err);
	for (uint32_t i = 0; i < dir->dir.children->count; i++) {
		if (sorted[i]->node->flags & NODE_GHOST)
			continue;
		assert_int_equal(dir_cursor_next(&cursor, &entry, &f->err), 1);
		check_entry(&entry, sorted[i]);
		dir_writer_add(&writer, &entry);
	}
	r = dir_cursor_next(&cursor, &entry, &f->err);
	assert_int_equal(r, 0);
	assert_ok(dir_writer_finish(&writer, put_nothing, NULL, &whole, &f->err), f->err);
	assert_true(object_id_equal(&whole, &dir->dir.id));
}

static void commit_and_check(struct fixture *f, struct tree *tree)
{
	struct tree_root root;

	if (chance(4) == 0) {
		cleanup_with(store_txn_free) struct store_txn *txn = NULL;
		struct tree_commit *given_up = NULL;

		assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
		assert_ok(tree_commit_write(tree, txn, NULL, &given_up, &f->err), f->err);
		tree_commit_abort(given_up);
	}
	root = commit(f, tree);
	check_dir(f, look(f, tree, "large"));
	check_dir(f, look(f, tree, "other"));
	assert_true(object_id_equal(&root.dir, &tree_root_node(tree)->dir.id));
}

/* ---- what is done ---- */

static void change(struct fixture *f, struct tree *tree, struct dentry *at)
{
	struct node *node = at->node;

	assert_ok(tree_touch(tree, node, &f->err), f->err);
	node->mtime.s += 1;
	node->mode = (uint16_t)chance(512);
	if (node_is_file(node))
		node_set_inline(tree, node, "what it holds now, or the beginning", chance(30));
}

static void put_something(struct fixture *f, struct tree *tree, struct node *dir, const char *name)
{
	struct node *node, *other = look(f, tree, "other");
	struct dentry *elsewhere = name_table_from(other->dir.children, 0);

	switch (chance(4)) {
	case 0:
		if (elsewhere && dir != other) {
			assert_ok(tree_rename(tree, elsewhere, dir, name, strlen(name), &f->err),
				  f->err);
			return;
		}
		break;
	case 1:
		if (elsewhere && node_is_file(elsewhere->node)) {
			assert_ok(
				tree_link(tree, dir, name, strlen(name), elsewhere->node, &f->err),
				f->err);
			return;
		}
		break;
	case 2:
		/* A mount point that nothing was made in yet, or something was. */
		node = tree_new_node(tree, DIR_ENTRY_DIR, &now);
		node_set_ghost(node);
		assert_ok(tree_link(tree, dir, name, strlen(name), node, &f->err), f->err);
		if (chance(2))
			(void)make(f, tree, node, "in it", DIR_ENTRY_FILE);
		return;
	default:
		break;
	}
	(void)make(f, tree, dir, name, chance(5) ? DIR_ENTRY_FILE : DIR_ENTRY_DIR);
}

static void move(struct fixture *f, struct tree *tree, struct dentry *at, struct dentry *to,
		 const char *new_name)
{
	struct node *other = look(f, tree, "other");
	unsigned how = chance(4);

	if (!to)
		assert_ok(tree_rename(tree, at, at->parent, new_name, strlen(new_name), &f->err),
			  f->err);
	else if (to->node->flags & NODE_GHOST)
		assert_ok(tree_remove(tree, at, &f->err), f->err);
	else if (how == 0 && at != to && at->node != to->node)
		assert_ok(tree_exchange(tree, at, to, &f->err), f->err);
	else if (how == 1 && at != to && at->node != to->node && node_is_file(to->node))
		assert_ok(tree_replace(tree, at, to, &f->err), f->err);
	else if (how == 2 && !find(f, tree, other, new_name))
		assert_ok(tree_rename(tree, at, other, new_name, strlen(new_name), &f->err),
			  f->err);
	else
		assert_ok(tree_remove(tree, at, &f->err), f->err);
}

static void do_something(struct fixture *f, struct tree *tree)
{
	struct node *large = look(f, tree, "large");
	char name[32], new_name[32];
	struct dentry *at;

	snprintf(name, sizeof name, "n%u", chance(NAMES + NAMES / 10));
	snprintf(new_name, sizeof new_name, "n%u", chance(NAMES + NAMES / 10));
	at = find(f, tree, large, name);
	if (!at)
		put_something(f, tree, large, name);
	else if (at->node->flags & NODE_GHOST)
		assert_ok(tree_unlink(tree, at, &f->err), f->err);
	else if (chance(2))
		change(f, tree, at);
	else if (node_is_dir(at->node) && !find(f, tree, at->node, "x"))
		put_something(f, tree, at->node, "x");
	else
		move(f, tree, at, find(f, tree, large, new_name), new_name);
}

static void test_whatever_is_done_to_it_is_stored_as_if_written_whole(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = large_tree(f, NAMES);

	commit_and_check(f, tree);
	for (int round = 0; round < 60; round++) {
		unsigned count = round % 20 == 19 ? 2 * NOTED_MAX : 1 + chance(1U << chance(8));

		for (unsigned i = 0; i < count; i++)
			do_something(f, tree);
		commit_and_check(f, tree);
		if (round % 10 == 9) {
			struct tree_root root = commit(f, tree);

			tree_close(tree);
			tree = open_tree(f, &root);
			assert_ok(tree_load(tree, look(f, tree, "large"), &f->err), f->err);
			assert_ok(tree_load(tree, look(f, tree, "other"), &f->err), f->err);
		}
	}
	tree_close(tree);
}

static void test_directories_become_large_and_small(void **state)
{
	static const unsigned sizes[] = { 255, 256, 257, 300, 257, 256, 10, 1200, 1, 0, 2000 };
	struct fixture *f = *state;
	struct tree *tree = large_tree(f, 0);
	struct node *large = look(f, tree, "large");
	unsigned present = 0;
	char name[32];

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (; present < sizes[i]; present++) {
			snprintf(name, sizeof name, "n%u", present);
			(void)make(f, tree, large, name, DIR_ENTRY_FILE);
		}
		for (; present > sizes[i]; present--) {
			snprintf(name, sizeof name, "n%u", present - 1);
			assert_ok(tree_unlink(tree, find(f, tree, large, name), &f->err), f->err);
		}
		commit_and_check(f, tree);
	}
	/* A few at a time, so that each commit is one of a few changes. */
	while (present > 0) {
		for (unsigned i = 0; i < 40 && present > 0; i++) {
			snprintf(name, sizeof name, "n%u", --present);
			assert_ok(tree_unlink(tree, find(f, tree, large, name), &f->err), f->err);
		}
		commit_and_check(f, tree);
	}
	tree_close(tree);
}

static int count_bytes(void *context, const struct object_id *id, const void *data, size_t size,
		       struct error *err)
{
	size_t *sum = context;

	(void)id;
	(void)data;
	(void)err;
	*sum += size;
	return 0;
}

static void test_a_change_writes_its_page_and_the_list_of_pages(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = large_tree(f, 20000);
	struct node *large;
	struct dir_change change = { .name = "n777", .length = 4 };
	struct object_id id;
	size_t bytes = 0;

	commit_and_check(f, tree);
	large = look(f, tree, "large");
	assert_ok(
		dir_patch(f->store, &large->dir.id, &change, 1, count_bytes, &bytes, &id, &f->err),
		f->err);
	assert_true(bytes < 64000);
	assert_ok(tree_unlink(tree, find(f, tree, large, "n777"), &f->err), f->err);
	commit_and_check(f, tree);
	assert_true(object_id_equal(&large->dir.id, &id));
	tree_close(tree);
}

static void test_what_changed_is_noted_until_it_is_too_much(void **state)
{
	struct fixture *f = *state;
	struct tree *tree = large_tree(f, NAMES);
	struct node *large;
	const struct noted *noted;
	char name[32];

	commit_and_check(f, tree);
	large = look(f, tree, "large");
	noted = large->dir.children->noted;
	assert_non_null(noted);
	assert_int_equal(noted->count, 0);
	change(f, tree, find(f, tree, large, "n5"));
	change(f, tree, find(f, tree, large, "n5"));
	assert_int_equal(noted->count, 1);
	(void)make(f, tree, find(f, tree, large, "n50")->node, "below", DIR_ENTRY_FILE);
	assert_int_equal(noted->count, 2);
	for (unsigned i = 1000; i < 1000 + NOTED_MAX; i++) {
		snprintf(name, sizeof name, "n%u", i);
		change(f, tree, find(f, tree, large, name));
	}
	assert_true(noted->too_many);
	commit_and_check(f, tree);
	assert_false(noted->too_many);
	assert_int_equal(noted->count, 0);
	tree_close(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_whatever_is_done_to_it_is_stored_as_if_written_whole),
		CASE(test_directories_become_large_and_small),
		CASE(test_a_change_writes_its_page_and_the_list_of_pages),
		CASE(test_what_changed_is_noted_until_it_is_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
