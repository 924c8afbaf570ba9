/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/snapshot/catalog.h"
#include "fs/snapshot/snapshot.h"
#include "fs/tree/tree.h"
#include "tests/lib/overlay_fixture.h"

/* Two states below "builds/", and a link that changes. */
struct shown {
	struct catalog catalog;
	struct fixture *f;
	struct object_id states[2];
	size_t count;
	const char *target;
	unsigned asked;
	struct overlay *overlay;
};

static int list(struct catalog *catalog, struct store *store, const char *path,
		struct catalog_list *ret)
{
	struct shown *shown = (struct shown *)catalog;

	(void)store;
	shown->asked++;
	if (strcmp(path, "builds") == 0) {
		for (size_t i = 0; i < shown->count; i++)
			catalog_add_state(ret, i ? "two" : "one", &shown->states[i]);
		return 0;
	}
	catalog_add_dir(ret, "builds", 7);
	catalog_add_link(ret, "last", shown->target, 7);
	catalog_add_dir(ret, "a/b", 7);
	return 0;
}

static struct object_id put_state(struct fixture *f, const char *text)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_root root = stored_tree(f, text);
	struct snapshot_intent intent = { .ref = (char[]){ "pin/x" } };
	struct object_id id;

	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	assert_ok(snapshot_record_put(txn, &root, &intent, &id, &f->err), f->err);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	return id;
}

static void shown_open(struct shown *shown, struct fixture *f)
{
	*shown = (struct shown){ .catalog.list = list, .f = f, .count = 1, .target = "builds/one" };
	shown->states[0] =
		put_state(f, "f a 0644 0:0 1 first\nh b a\nd d 0755 0:0 1\nf d/e 0644 0:0 1 e\n");
	shown->states[1] = put_state(f, "f a 0644 0:0 1 second\nh b a\n");
	assert_ok(catalog_open(&shown->catalog, f->store, f->lease, &shown->overlay, &f->err),
		  f->err);
}

/* Look up one name after another; the last one stays held. */
static int look_up(struct shown *shown, const char *path, struct node **ret)
{
	struct node *node = overlay_root(shown->overlay);
	cleanup_free char *copy = xstrdup(path);
	char *rest = copy, *name;

	while ((name = strsep(&rest, "/"))) {
		int r = overlay_lookup(shown->overlay, node, name, &node);

		if (r < 0)
			return r;
	}
	*ret = node;
	return 0;
}

static struct node *find(struct shown *shown, const char *path)
{
	struct node *node = overlay_root(shown->overlay);

	assert_int_equal(look_up(shown, path, &node), 0);
	return node;
}

static void assert_absent(struct shown *shown, const char *path)
{
	struct node *node;

	assert_int_equal(look_up(shown, path, &node), -ENOENT);
}

/* Pretend that a moment has passed since it was listed. */
static void wait_a_moment(struct node *dir)
{
	dir->atime.s -= 10;
}

static void test_states_are_directories_of_one_tree(void **state)
{
	struct shown shown;
	struct view view;
	struct node *link;

	shown_open(&shown, *state);
	view = (struct view){ .f = *state, .overlay = shown.overlay };
	assert_int_equal(shown.asked, 0);
	assert_content(&view, find(&shown, "builds/one/d/e"), "e");
	assert_absent(&shown, "builds/two");
	link = find(&shown, "last");
	assert_string_equal(link->target, "builds/one");
	assert_absent(&shown, "a");
	overlay_close(shown.overlay);
}

static void test_what_comes_and_goes_is_seen_after_a_moment(void **state)
{
	struct shown shown;
	struct node *builds, *link, *one, *two;

	shown_open(&shown, *state);
	builds = find(&shown, "builds");
	one = find(&shown, "builds/one");
	link = find(&shown, "last");
	shown.count = 2;
	shown.target = "builds/two";
	assert_absent(&shown, "builds/two");
	wait_a_moment(builds);
	wait_a_moment(overlay_root(shown.overlay));
	two = find(&shown, "builds/two");
	assert_ptr_equal(find(&shown, "builds/one"), one);
	assert_string_equal(find(&shown, "last")->target, "builds/two");
	assert_string_equal(link->target, "builds/one");
	shown.count = 0;
	wait_a_moment(builds);
	assert_absent(&shown, "builds/one");
	overlay_forget(shown.overlay, one, one->lookups);
	overlay_forget(shown.overlay, two, two->lookups);
	overlay_forget(shown.overlay, link, link->lookups);
	overlay_close(shown.overlay);
}

static void test_hard_links_of_two_states_are_not_one_file(void **state)
{
	struct shown shown;
	struct node *first, *second;

	shown_open(&shown, *state);
	shown.count = 2;
	first = find(&shown, "builds/one/a");
	second = find(&shown, "builds/two/b");
	assert_ptr_not_equal(first, second);
	assert_int_not_equal(first->ino, second->ino);
	assert_ptr_equal(find(&shown, "builds/one/b"), first);
	overlay_close(shown.overlay);
}

static void test_memory_is_given_back_and_numbers_stay(void **state)
{
	struct shown shown;
	struct tree *tree;
	struct node *builds, *one, *d;
	uint64_t ino;
	size_t before;

	shown_open(&shown, *state);
	tree = overlay_tree(shown.overlay);
	builds = find(&shown, "builds");
	before = tree_node_count(tree);
	assert_int_equal(overlay_lookup(shown.overlay, builds, "one", &one), 0);
	assert_int_equal(overlay_lookup(shown.overlay, one, "d", &d), 0);
	ino = d->ino;
	assert_true(tree_node_count(tree) > before);
	overlay_forget(shown.overlay, d, 1);
	overlay_forget(shown.overlay, one, 1);
	overlay_forget(shown.overlay, builds, 1);
	assert_true(tree_node_count(tree) <= before);
	assert_int_equal(find(&shown, "builds/one/d")->ino, ino);
	overlay_close(shown.overlay);
}

static void test_a_state_that_is_gone_has_no_name(void **state)
{
	struct shown shown;

	shown_open(&shown, *state);
	shown.states[0].bytes[0] ^= 1;
	assert_absent(&shown, "builds/one");
	overlay_close(shown.overlay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_states_are_directories_of_one_tree),
		CASE(test_what_comes_and_goes_is_seen_after_a_moment),
		CASE(test_hard_links_of_two_states_are_not_one_file),
		CASE(test_memory_is_given_back_and_numbers_stay),
		CASE(test_a_state_that_is_gone_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
