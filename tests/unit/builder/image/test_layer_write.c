/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/link_plan.h"
#include "builder/image/layer_write.h"
#include "builder/image/tar/tar_read.h"
#include "tests/lib/snapshot_fixture.h"

static const struct object_id none;

static void write_layer(struct fixture *f, const struct object_id *before,
			const struct object_id *after, struct buf *ret)
{
	struct layer_write write = { .store = f->store, .before = tree_root_empty() };
	struct snapshot_record record;
	struct buf_sink sink;

	if (!object_id_is_zero(before)) {
		assert_ok(snapshot_read(f->store, before, &record, &f->err), f->err);
		write.before = record.root;
	}
	assert_ok(snapshot_read(f->store, after, &record, &f->err), f->err);
	write.after = record.root;
	buf_sink_init(&sink, ret);
	assert_ok(layer_write(&write, &sink.base, &f->err), f->err);
}

/* Types and names of the entries, one a line. */
static char *entries_of(const struct buf *tar)
{
	struct error err = { 0 };
	struct memory_source source;
	struct tar_reader *reader;
	const struct tar_entry *entry;
	struct buf text = { 0 };
	int r;

	memory_source_init(&source, tar->data, tar->length);
	reader = tar_reader_new(&source.base);
	while ((r = tar_reader_next(reader, &entry, &err)) > 0) {
		buf_add_format(&text, "%c %s", (int)entry->type, entry->name);
		if (*entry->link)
			buf_add_format(&text, " %s", entry->link);
		buf_add_char(&text, '\n');
	}
	assert_ok(r, err);
	tar_reader_free(reader);
	return buf_take(&text);
}

/*
 * The layer from `before` to `before` with `changes`: its entries are as listed, and unpacked onto
 * `before` they give the same tree.
 */
static void check_layer(struct fixture *f, const char *before, const char *changes,
			const char *entries)
{
	cleanup_with(buf_release) struct buf base = { 0 }, tar = { 0 };
	cleanup_free char *got = NULL, *want_text = NULL, *got_text = NULL;
	struct object_id lower = snapshot_on(f, &none, before);
	struct object_id upper = snapshot_on(f, &lower, changes);
	struct imported_layer below, above;

	write_layer(f, &lower, &upper, &tar);
	got = entries_of(&tar);
	assert_string_equal(got, entries);
	write_layer(f, &none, &lower, &base);
	assert_ok(import_tar(f, NULL, base.data, base.length, &below), f->err);
	assert_ok(import_tar(f, &below, tar.data, tar.length, &above), f->err);
	want_text = text_of_snapshot(f, &upper);
	got_text = text_of_snapshot(f, &above.snapshot);
	assert_string_equal(got_text, want_text);
}

static void test_a_whole_tree_is_a_layer_on_nothing(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, again = { 0 };
	cleanup_free char *got = NULL, *text = NULL, *want = NULL;
	struct fixture *f = *state;
	struct imported_layer layer;
	struct object_id id = snapshot_on(f, &none,
					  "d . 0750 1:2 3.000000004\n"
					  "d d 1777 0:0 7\n"
					  "f d/f 4755 1000:2097152 1700000000.123456789 hello\n"
					  "x d/f user.k=v\n"
					  "f d/big 0644 0:0 -5 *200000\n"
					  "l l 3:4 9 target\n"
					  "c c 0600 0:0 0 1:3\n"
					  "b b 0600 0:0 0 8:0\n"
					  "p p 0600 0:0 0\n"
					  "s s 0600 0:0 0\n"
					  "f e 0600 0:0 0\n"
					  "h hard d/f");

	write_layer(f, &none, &id, &tar);
	got = entries_of(&tar);
	assert_string_equal(got, "5 ./\n4 b\n3 c\n5 d/\n0 d/big\n0 d/f\n0 e\n1 hard d/f\n"
				 "2 l target\n6 p\n");
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	text = text_of_snapshot(f, &layer.snapshot);
	want = text_of_snapshot(f, &id);
	*strstr(want, "s s 0600") = '#'; /* but for the socket */
	*strstr(want, "# s 0600") = '\0';
	assert_string_equal(text, want);
	write_layer(f, &none, &id, &again);
	assert_memory_equal(tar.data, again.data, tar.length);
}

static void test_directories_on_the_way_are_there(void **state)
{
	check_layer(*state,
		    "d a 0700 1:1 5\nd a/b 0711 2:2 6\nf a/b/c 0644 0:0 0 1\nd a/x 0755 0:0 0\n"
		    "f a/x/y 0644 0:0 0 2",
		    "f a/b/c 0644 0:0 0 changed", "5 a/\n5 a/b/\n0 a/b/c\n");
}

static void test_every_kind_of_change(void **state)
{
	check_layer(*state,
		    "f gone 0644 0:0 0 x\nd gone-dir 0755 0:0 0\nf gone-dir/x 0644 0:0 0 x\n"
		    "f mode 0644 0:0 0 x\nf time 0644 0:0 0 x\nd keep 0755 0:0 0\n"
		    "f keep/x 0644 0:0 0 x\nf keep/y 0644 0:0 0 x\nf to-dir 0644 0:0 0 x\n"
		    "d to-file 0755 0:0 0\nf to-file/x 0644 0:0 0 x\nl to-socket 0:0 0 x",
		    "- gone\n- gone-dir\nf mode 0600 0:0 0 x\nf time 0644 0:0 1 x\n- keep/x\n"
		    "f new 0644 0:0 0 x\n- to-dir\nd to-dir 0755 0:0 0\nf to-dir/in 0644 0:0 0 x\n"
		    "- to-file\nf to-file 0644 0:0 0 x\n- to-socket",
		    "0 .wh.gone\n0 .wh.gone-dir\n5 keep/\n0 keep/.wh.x\n0 mode\n0 new\n0 time\n"
		    "5 to-dir/\n0 to-dir/in\n0 to-file\n0 .wh.to-socket\n");
}

static void test_a_directory_with_nothing_left_is_opaque(void **state)
{
	check_layer(*state,
		    "d d 0755 0:0 0\nf d/a 0644 0:0 0 x\nd d/b 0755 0:0 0\nf d/b/c 0644 0:0 0 x\n"
		    "d one 0755 0:0 0\nf one/x 0644 0:0 0 x\nd some 0755 0:0 0\n"
		    "f some/x 0644 0:0 0 x\nf some/y 0644 0:0 0 x\nf some/z 0644 0:0 0 x",
		    "- d/a\n- d/b\nf d/new 0644 0:0 0 x\n- one/x\n- some/x\n- some/y",
		    "5 d/\n0 d/.wh..wh..opq\n0 d/new\n5 one/\n0 one/.wh.x\n5 some/\n"
		    "0 some/.wh.x\n0 some/.wh.y\n");
}

static void test_an_opaque_mark_speaks_for_its_own_directory_only(void **state)
{
	check_layer(*state,
		    "d d 0755 0:0 0\nf d/a 0644 0:0 0 x\nf d/b 0644 0:0 0 x\nd e 0755 0:0 0\n"
		    "f e/a 0644 0:0 0 x\nf e/b 0644 0:0 0 x\nf e/c 0644 0:0 0 x\nf da 0644 0:0 0 x",
		    "- d/a\n- d/b\n- e/a\n- da",
		    "5 d/\n0 d/.wh..wh..opq\n0 .wh.da\n5 e/\n0 e/.wh.a\n");
}

static void test_nothing_changed_is_an_empty_archive(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	struct fixture *f = *state;
	struct object_id id = snapshot_on(f, &none, "f a 0644 0:0 0 x");

	write_layer(f, &id, &id, &tar);
	assert_int_equal(tar.length, 1024);
}

static void test_all_names_of_a_file_come_together(void **state)
{
	/* one more name */
	check_layer(*state, "f b 0644 0:0 0 x\nd d 0755 0:0 0\nh d/c b\nf z 0644 0:0 0 x", "h a b",
		    "0 a\n1 b a\n5 d/\n1 d/c a\n");
	/* a name moves, while the others stay as they are: their directories come along */
	check_layer(*state,
		    "f a 0644 0:0 0 x\nd d 0711 0:0 5\nd d/e 0755 0:0 6\nh d/e/f a\n"
		    "d m 0755 0:0 0\nh m/old a\nf z 0644 0:0 0 x",
		    "- m/old\nh m/new a",
		    "0 a\n5 d/\n5 d/e/\n1 d/e/f a\n5 m/\n1 m/new a\n"
		    "0 m/.wh.old\n");
	/* content through one of them */
	check_layer(*state, "f a 0644 0:0 0 x\nh b a\nh c a", "f a 0644 0:0 0 y\nh b a\nh c a",
		    "0 a\n1 b a\n1 c a\n");
	/* down to one */
	check_layer(*state, "f a 0644 0:0 0 x\nh b a", "- a", "0 .wh.a\n0 b\n");
}

static void test_links_to_symlinks_are_kept(void **state)
{
	check_layer(*state, "l a 0:0 0 some/target\nf x 0644 0:0 0 x", "h b a",
		    "2 a some/target\n1 b a\n");
}

static void test_names_that_mean_deletions_are_refused(void **state)
{
	struct fixture *f = *state;
	const char *bad[] = { "f .wh.x 0644 0:0 0 x", "d d 0755 0:0 0\nd d/.wh..wh..opq 0755 0:0 0",
			      "c null 0600 0:0 0 0:0" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct object_id id = snapshot_on(f, &none, bad[i]);
		struct layer_write write = { .store = f->store, .before = tree_root_empty() };
		cleanup_with(buf_release) struct buf tar = { 0 };
		struct snapshot_record record;
		struct buf_sink sink;

		assert_ok(snapshot_read(f->store, &id, &record, &f->err), f->err);
		write.after = record.root;
		buf_sink_init(&sink, &tar);
		assert_int_equal(layer_write(&write, &sink.base, &f->err), -EINVAL);
		assert_non_null(strstr(f->err.text, "cannot be in a layer"));
		write.plain = true;
		assert_ok(layer_write(&write, &sink.base, &f->err), f->err);
	}
}

static void test_marks_of_overlays_are_left_out(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	cleanup_free char *text = NULL;
	struct fixture *f = *state;
	struct imported_layer layer;
	struct object_id id = snapshot_on(f, &none,
					  "d d 0755 0:0 0\nx d trusted.overlay.opaque=y\n"
					  "x d user.overlay.opaque=y\nx d user.mine=1\n"
					  "d e 0755 0:0 0\nx e trusted.overlay.opaque=y");

	write_layer(f, &none, &id, &tar);
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	text = text_of_snapshot(f, &layer.snapshot);
	assert_string_equal(text, "d d 0755 0:0 0\nx d user.mine=1\nd e 0755 0:0 0\n");
}

static void test_no_entry_is_younger_than_the_epoch(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	cleanup_free char *text = NULL;
	struct fixture *f = *state;
	struct object_id id = snapshot_on(f, &none,
					  "f a 0644 0:0 99.500000000 x\nf b 0644 0:0 100 x\n"
					  "f c 0644 0:0 100.000000001 x\nd d 0755 0:0 101");
	struct layer_write write = {
		.store = f->store, .before = tree_root_empty(), .has_epoch = true, .epoch_s = 100
	};
	struct imported_layer layer;
	struct snapshot_record record;
	struct buf_sink sink;

	assert_ok(snapshot_read(f->store, &id, &record, &f->err), f->err);
	write.after = record.root;
	buf_sink_init(&sink, &tar);
	assert_ok(layer_write(&write, &sink.base, &f->err), f->err);
	assert_ok(import_tar(f, NULL, tar.data, tar.length, &layer), f->err);
	text = text_of_snapshot(f, &layer.snapshot);
	assert_string_equal(text, "f a 0644 0:0 99.500000000 x\nf b 0644 0:0 100 x\n"
				  "f c 0644 0:0 100 x\nd d 0755 0:0 100\n");
}

static void test_paths_are_ordered_as_a_walk_meets_them(void **state)
{
	const char *sorted[] = { "a", "a/b", "a/b/c", "a/c", "a-b", "a.b", "ab", "b" };

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		for (size_t j = 0; j < 8; j++) {
			int order = walk_order(sorted[i], sorted[j]);

			assert_int_equal(order < 0, i < j);
			assert_int_equal(order == 0, i == j);
		}
	}
}

/* Random trees, one made from the other: the layer between them always leads there. */
static void test_any_change_survives_the_way_through_a_layer(void **state)
{
	struct fixture *f = *state;
	struct object_id last = snapshot_on(f, &none, "d d0 0755 0:0 0");
	struct imported_layer below;
	unsigned seed = 11;

	{
		cleanup_with(buf_release) struct buf tar = { 0 };

		write_layer(f, &none, &last, &tar);
		assert_ok(import_tar(f, NULL, tar.data, tar.length, &below), f->err);
	}
	for (int round = 0; round < 40; round++) {
		cleanup_with(buf_release) struct buf tar = { 0 };
		cleanup_free char *want = NULL, *got = NULL;
		struct snapshot_record record = { .parent = last };
		struct tree *tree;
		struct object_id next;

		assert_ok(snapshot_read(f->store, &last, &record, &f->err), f->err);
		tree = open_tree(f, &record.root);
		for (int i = 0; i < 12; i++) {
			cleanup_with(tree_place_release) struct tree_place place = { 0 };
			cleanup_free char *path = NULL;
			struct node *dir;
			char line[100];

			seed = seed * 1103515245 + 12345;
			snprintf(line, sizeof line, "/d%u/e%u", seed >> 9 & 1, seed >> 13 & 3);
			/* a file may be in the way */
			(void)tree_make_dirs(tree, line, &(struct tree_attr){ .mode = 0755 }, &dir,
					     &f->err);
			path = xasprintf("%s/f%u", line, seed >> 17 & 3);
			if (tree_resolve(tree, NULL, path, TREE_NOFOLLOW, &place, &f->err) < 0)
				continue;
			if (place.dentry && seed >> 20 & 1) {
				assert_ok(tree_remove(tree, place.dentry, &f->err), f->err);
			} else if (place.dentry && place.node->type != DIR_ENTRY_DIR) {
				cleanup_free char *other =
					xasprintf("/d%u/e%u", seed >> 22 & 1, seed >> 24 & 3);
				struct node *target = place.node, *to;
				char name[8];

				if (tree_lookup(tree, other, TREE_NOFOLLOW, &to, &f->err) > 0 &&
				    node_is_dir(to) && target->link_count < 5) {
					snprintf(name, sizeof name, "h%u", seed >> 26 & 3);
					assert_ok(tree_put_link(tree, to, name, strlen(name),
								target, &f->err),
						  f->err);
				}
			} else if (!place.dentry) {
				snprintf(line, sizeof line, "%c %s 0%o 0:0 %u %u",
					 seed >> 28 & 1 ? 'f' : 'p', path + 1,
					 0600 | (seed >> 21 & 077), seed >> 19 & 3, seed);
				text_make(f, tree, line);
			}
		}
		record = (struct snapshot_record){ .parent = last, .root = commit(f, tree) };
		tree_close(tree);
		next = put_snapshot(f, &record, NULL);
		write_layer(f, &last, &next, &tar);
		assert_ok(import_tar(f, &below, tar.data, tar.length, &below), f->err);
		want = text_of_snapshot(f, &next);
		got = text_of_snapshot(f, &below.snapshot);
		assert_string_equal(got, want);
		last = next;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_whole_tree_is_a_layer_on_nothing),
		CASE(test_directories_on_the_way_are_there),
		CASE(test_every_kind_of_change),
		CASE(test_a_directory_with_nothing_left_is_opaque),
		CASE(test_an_opaque_mark_speaks_for_its_own_directory_only),
		CASE(test_nothing_changed_is_an_empty_archive),
		CASE(test_all_names_of_a_file_come_together),
		CASE(test_links_to_symlinks_are_kept),
		CASE(test_names_that_mean_deletions_are_refused),
		CASE(test_marks_of_overlays_are_left_out),
		CASE(test_no_entry_is_younger_than_the_epoch),
		CASE(test_paths_are_ordered_as_a_walk_meets_them),
		CASE(test_any_change_survives_the_way_through_a_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
