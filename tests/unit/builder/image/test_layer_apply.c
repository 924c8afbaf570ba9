/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/layer/recipe.h"
#include "builder/image/layer_apply.h"
#include "tests/lib/tar_fixture.h"
#include "tests/lib/tree_text.h"

/* Apply `tar` onto what `before` says (NULL: nothing); *ret_text is what comes out. */
static int apply_onto(struct fixture *f, const char *before, const struct buf *tar, bool plain,
		      char **ret_text)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree *tree = open_tree(f, NULL);
	struct tree_commit *written = NULL;
	struct memory_source source;
	struct layer_apply apply;
	struct tree_root root;
	int r;

	if (before) {
		text_make(f, tree, before);
		root = commit(f, tree);
		tree_close(tree);
		tree = open_tree(f, &root);
	}
	memory_source_init(&source, buf_string(tar), tar->length);
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	apply = (struct layer_apply){ .tree = tree, .txn = txn, .plain = plain };
	r = layer_apply(&apply, &source.base, &f->err);
	layer_apply_release(&apply);
	if (r == 0) {
		assert_ok(tree_commit_write(tree, txn, NULL, &written, &f->err), f->err);
		root = *tree_commit_root(written);
		assert_ok(store_txn_commit(txn, &f->err), f->err);
		tree_commit_apply(written);
		*ret_text = text_of_tree(f, &root);
	}
	tree_close(tree);
	return r;
}

static void check_apply(struct fixture *f, const char *before, const struct buf *tar,
			const char *after)
{
	cleanup_free char *got = NULL;

	assert_ok(apply_onto(f, before, tar, false, &got), f->err);
	assert_string_equal(got, after);
}

static void check_refused(struct fixture *f, const char *before, const struct buf *tar, int code,
			  const char *words)
{
	cleanup_free char *got = NULL;
	int r = apply_onto(f, before, tar, false, &got);

	if (r != code)
		fail_msg("%d instead of %d: %s", r, code, r < 0 ? f->err.text : got);
	if (!strstr(f->err.text, words))
		fail_msg("'%s' does not say '%s'", f->err.text, words);
}

static void dir(struct buf *tar, const char *name)
{
	tar_put(tar, (struct tar_spec){ .type = '5', .name = name, .mode = 0755 });
}

static void file(struct buf *tar, const char *name, const char *content)
{
	tar_put(tar, (struct tar_spec){ .name = name, .content = content });
}

static void test_all_types_of_entries(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, big = { 0 };

	text_fill(&big, 5000);
	tar_put(&tar, (struct tar_spec){ .type = '5', .name = "./", .mode = 0700, .mtime = "12" });
	tar_put(&tar, (struct tar_spec){ .type = '5', .name = "./d/", .mode = 01777 });
	tar_put(&tar, (struct tar_spec){ .name = "./d/f",
					 .content = "hello",
					 .mode = 04755,
					 .uid = "1750",
					 .mtime = "14524770400" });
	tar_put(&tar, (struct tar_spec){ .name = "/d/big", .content = big.data, .size = 5000 });
	tar_put(&tar, (struct tar_spec){ .type = '1',
					 .name = "d/h",
					 .link = "./d//f",
					 .mode = 04755,
					 .uid = "1750",
					 .mtime = "14524770400" });
	tar_put(&tar, (struct tar_spec){ .type = '2', .name = "l", .link = "../../etc/shadow" });
	tar_put(&tar, (struct tar_spec){ .type = '3', .name = "n", .major = "1", .minor = "3" });
	tar_put(&tar, (struct tar_spec){ .type = '4', .name = "b", .major = "10", .minor = "0" });
	tar_put(&tar, (struct tar_spec){ .type = '6', .name = "p" });
	file(&tar, "empty", NULL);
	tar_end(&tar);
	check_apply(*state, NULL, &tar,
		    "d . 0700 0:0 10\n"
		    "b b 0644 0:0 0 8:0\n"
		    "d d 1777 0:0 0\n"
		    "f d/big 0644 0:0 0 *5000\n"
		    "f d/f 4755 1000:0 1700000000 hello\n"
		    "h d/h d/f\n"
		    "f empty 0644 0:0 0\n"
		    "l l 0:0 0 ../../etc/shadow\n"
		    "c n 0644 0:0 0 1:3\n"
		    "p p 0644 0:0 0\n");
}

static void test_parents_that_are_missing_are_made(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	tar_put(&tar, (struct tar_spec){ .name = "a/b/c", .content = "x", .mtime = "5" });
	check_apply(*state, NULL, &tar, "d a 0755 0:0 5\nd a/b 0755 0:0 5\nf a/b/c 0644 0:0 5 x\n");
}

static void test_parents_that_are_symlinks_are_followed_inside(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "lib/x", "1");
	file(&tar, "abs/y", "2");
	file(&tar, "up/z", "3");
	file(&tar, "dangling/w", "4");
	check_apply(*state,
		    "d usr 0755 0:0 0\nd usr/lib 0755 0:0 0\nl lib 0:0 0 usr/lib\n"
		    "l abs 0:0 0 /usr\nl up 0:0 0 ../../../usr/lib\nl dangling 0:0 0 new/dir\n",
		    &tar,
		    "l abs 0:0 0 /usr\nl dangling 0:0 0 new/dir\nl lib 0:0 0 usr/lib\n"
		    "d new 0755 0:0 0\nd new/dir 0755 0:0 0\nf new/dir/w 0644 0:0 0 4\n"
		    "l up 0:0 0 ../../../usr/lib\nd usr 0755 0:0 0\nd usr/lib 0755 0:0 0\n"
		    "f usr/lib/x 0644 0:0 0 1\nf usr/lib/z 0644 0:0 0 3\nf usr/y 0644 0:0 0 2\n");
}

static void test_symlinks_that_lead_in_circles_or_to_files_are_refused(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "a/x", "1");
	check_refused(*state, "l a 0:0 0 b\nl b 0:0 0 a\n", &tar, -ELOOP, "entry \"a/x\"");
	check_refused(*state, "l a 0:0 0 b\nf b 0644 0:0 0 x\n", &tar, -ENOTDIR, "entry \"a/x\"");
}

static void test_types_replace_each_other(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "was-dir", "file");
	dir(&tar, "was-file");
	file(&tar, "was-file/in", "it");
	dir(&tar, "was-link");
	file(&tar, "in-the-way/x", "1");
	check_apply(*state,
		    "d was-dir 0755 0:0 0\nf was-dir/x 0644 0:0 0 x\nf was-file 0644 0:0 0 x\n"
		    "d to 0755 0:0 0\nl was-link 0:0 0 to\nf in-the-way 0644 0:0 0 x\n",
		    &tar,
		    "d in-the-way 0755 0:0 0\nf in-the-way/x 0644 0:0 0 1\nd to 0755 0:0 0\n"
		    "f was-dir 0644 0:0 0 file\nd was-file 0755 0:0 0\n"
		    "f was-file/in 0644 0:0 0 it\nd was-link 0755 0:0 0\n");
}

static void test_a_directory_keeps_what_is_in_it(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	tar_put(&tar, (struct tar_spec){ .type = '5', .name = "d", .mode = 0700, .mtime = "7" });
	check_apply(*state, "d d 0755 5:6 1\nf d/x 0644 0:0 0 x\nx d user.old=1\n", &tar,
		    "d d 0700 0:0 7\nf d/x 0644 0:0 0 x\n");
}

static void test_the_last_of_several_entries_holds(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "x", "first");
	file(&tar, "x", "second");
	dir(&tar, "y");
	file(&tar, "y/in", "1");
	file(&tar, "y", "third");
	check_apply(*state, NULL, &tar, "f x 0644 0:0 0 second\nf y 0644 0:0 0 third\n");
}

static void test_a_file_of_the_same_layer_is_no_directory(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "x", "first");
	file(&tar, "x/y", "second");
	check_refused(*state, NULL, &tar, -ENOTDIR, "entry \"x/y\": 'x'");
}

static void test_whiteouts_take_away_what_lower_layers_have(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, ".wh.file", NULL);
	file(&tar, "d/.wh.dir", NULL);
	file(&tar, "d/.wh.absent", NULL);
	file(&tar, "nowhere/.wh.x", NULL);
	file(&tar, "lib/.wh.gone", NULL);
	check_apply(*state,
		    "f file 0644 0:0 0 x\nd d 0755 0:0 0\nd d/dir 0755 0:0 0\n"
		    "f d/dir/deep 0644 0:0 0 x\nf d/stays 0644 0:0 0 x\n"
		    "d usr 0755 0:0 0\nf usr/gone 0644 0:0 0 x\nl lib 0:0 0 usr\n",
		    &tar,
		    "d d 0755 0:0 0\nf d/stays 0644 0:0 0 x\nl lib 0:0 0 usr\n"
		    "d usr 0755 0:0 0\n");
}

static void test_whiteouts_do_not_hide_the_same_layer(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "x", "new");
	file(&tar, ".wh.x", NULL);
	dir(&tar, "d");
	file(&tar, "d/new", "1");
	file(&tar, ".wh.d", NULL);
	check_apply(*state, "f x 0644 0:0 0 old\nd d 0755 0:0 0\nf d/old 0644 0:0 0 x\n", &tar,
		    "d d 0755 0:0 0\nf d/new 0644 0:0 0 1\nf x 0644 0:0 0 new\n");
}

static void test_an_opaque_directory_has_only_what_is_new(void **state)
{
	const char *before = "d d 0700 0:0 0\nf d/old 0644 0:0 0 x\nd d/sub 0711 0:0 9\n"
			     "f d/sub/old 0644 0:0 0 x\nf d/both 0644 0:0 0 x\n"
			     "d d/gone 0755 0:0 0\nf d/gone/x 0644 0:0 0 x\n";
	const char *after = "d d 0755 0:0 0\nf d/both 0644 0:0 0 new\nd d/sub 0711 0:0 9\n"
			    "f d/sub/new 0644 0:0 0 1\n";

	/* wherever the mark stands */
	for (int at = 0; at < 4; at++) {
		cleanup_with(buf_release) struct buf tar = { 0 };

		if (at == 0)
			file(&tar, "d/.wh..wh..opq", NULL);
		dir(&tar, "d");
		if (at == 1)
			file(&tar, "d/.wh..wh..opq", NULL);
		if (at < 2) /* it hides the sub-directory's attributes as well */
			tar_put(&tar, (struct tar_spec){ .type = '5',
							 .name = "d/sub",
							 .mode = 0711,
							 .mtime = "11" });
		file(&tar, "d/sub/new", "1");
		if (at == 2)
			file(&tar, "d/.wh..wh..opq", NULL);
		file(&tar, "d/both", "new");
		if (at == 3)
			file(&tar, "./d/.wh..wh..opq", NULL);
		check_apply(*state, before, &tar, after);
	}
}

static void test_bad_whiteouts_are_refused(void **state)
{
	const char *bad[] = { ".wh.", "d/.wh..", "d/.wh...", "d/.wh.x/y" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf tar = { 0 };

		file(&tar, bad[i], NULL);
		check_refused(*state, NULL, &tar, -EINVAL, "deletion");
	}
}

static void test_notes_of_aufs_are_passed_over(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, ".wh..wh.aufs", NULL);
	dir(&tar, ".wh..wh.plnk/");
	file(&tar, ".wh..wh.plnk/1.2", "x");
	check_apply(*state, NULL, &tar, "");
}

static void test_a_plain_archive_has_no_whiteouts(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };
	cleanup_free char *got = NULL;

	file(&tar, ".wh.x", "1");
	file(&tar, "d/.wh..wh..opq", "2");
	assert_ok(apply_onto(*state, "f x 0644 0:0 0 x\n", &tar, true, &got),
		  ((struct fixture *)*state)->err);
	assert_string_equal(got, "f .wh.x 0644 0:0 0 1\nd d 0755 0:0 0\n"
				 "f d/.wh..wh..opq 0644 0:0 0 2\nf x 0644 0:0 0 x\n");
}

static void test_hard_links_across_layers(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	tar_put(&tar, (struct tar_spec){ .type = '1', .name = "d/new", .link = "old" });
	tar_put(&tar, (struct tar_spec){ .type = '1', .name = "s2", .link = "s" });
	tar_put(&tar, (struct tar_spec){ .type = '1', .name = "via", .link = "lib/f" });
	tar_put(&tar, (struct tar_spec){ .type = '1', .name = "old", .link = "old" });
	check_apply(*state,
		    "f old 0644 0:0 0 x\nl s 0:0 0 t\nd usr 0755 0:0 0\nf usr/f 0644 0:0 0 y\n"
		    "l lib 0:0 0 usr\n",
		    &tar,
		    "d d 0755 0:0 0\nf d/new 0644 0:0 0 x\nl lib 0:0 0 usr\nh old d/new\n"
		    "l s 0:0 0 t\nh s2 s\nd usr 0755 0:0 0\nf usr/f 0644 0:0 0 y\nh via usr/f\n");
}

static void test_bad_hard_links_are_refused(void **state)
{
	const struct {
		const char *name, *link;
		int code;
	} bad[] = {
		{ "x", "absent", -ENOENT }, { "x", "d", -EPERM },    { "x", "", -EINVAL },
		{ "x", "../d/f", -EINVAL }, { "d", "d/f", -ENOENT }, { "x", "d/f/g", -ENOTDIR },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf tar = { 0 };

		tar_put(&tar,
			(struct tar_spec){ .type = '1', .name = bad[i].name, .link = bad[i].link });
		check_refused(*state, "d d 0755 0:0 0\nf d/f 0644 0:0 0 x\n", &tar, bad[i].code,
			      "entry");
	}
}

static void test_hostile_names_are_refused(void **state)
{
	char name[300], *deep = xmalloc(10000);
	const struct {
		const char *name;
		int code;
	} bad[] = { { "", -EINVAL },          { "..", -EINVAL },    { "../x", -EINVAL },
		    { "a/../../x", -EINVAL }, { "/../x", -EINVAL }, { name, -ENAMETOOLONG },
		    { deep, -ENAMETOOLONG } };

	memset(name, 'n', 256);
	name[256] = '\0';
	for (size_t i = 0; i < 5000; i++)
		memcpy(deep + 2 * i, "a/", 2);
	deep[9999] = '\0';
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf tar = { 0 };

		if (*bad[i].name)
			tar_put(&tar, (struct tar_spec){
					      .type = 'L', .name = "L", .content = bad[i].name });
		file(&tar, "", "x");
		check_refused(*state, NULL, &tar, bad[i].code, "name");
	}
	free(deep);
}

static void test_names_are_cleaned(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	dir(&tar, "a/./b//");
	file(&tar, "//a/b/../c", "1");
	file(&tar, "a/\x01\xff", "2");
	check_apply(*state, NULL, &tar,
		    "d a 0755 0:0 0\nf a/\x01\xff 0644 0:0 0 2\nd a/b 0755 0:0 0\n"
		    "f a/c 0644 0:0 0 1\n");
}

static void test_what_no_kernel_could_have_is_refused(void **state)
{
	const struct tar_spec bad[] = {
		{ .type = '3', .name = "x", .major = "10000", .minor = "0" },
		{ .type = '4', .name = "x", .major = "1", .minor = "4000000" },
		{ .type = '2', .name = "x", .link = "" },
		{ .type = '2', .name = "/", .link = "x" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_with(buf_release) struct buf tar = { 0 };

		tar_put(&tar, bad[i]);
		check_refused(*state, NULL, &tar, -EINVAL, "entry \"");
	}
}

static void test_attributes_of_hosts_are_dropped(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 };

	tar_record(&records, "SCHILY.xattr.user.a", "1", 1);
	tar_record(&records, "SCHILY.xattr.trusted.b", "2", 1);
	tar_record(&records, "SCHILY.xattr.security.capability", "3", 1);
	tar_record(&records, "SCHILY.xattr.security.selinux", "4", 1);
	tar_record(&records, "SCHILY.xattr.security.ima", "5", 1);
	tar_record(&records, "SCHILY.xattr.system.posix_acl_access", "6", 1);
	tar_record(&records, "SCHILY.xattr.system.nfs4_acl", "7", 1);
	tar_record(&records, "SCHILY.xattr.com.apple.quarantine", "8", 1);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	file(&tar, "f", "x");
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	tar_put(&tar, (struct tar_spec){ .type = '2', .name = "l", .link = "f" });
	check_apply(*state, NULL, &tar,
		    "f f 0644 0:0 0 x\nx f security.capability=3\n"
		    "x f system.posix_acl_access=6\nx f trusted.b=2\nx f user.a=1\n"
		    "l l 0:0 0 f\nx l security.capability=3\nx l system.posix_acl_access=6\n"
		    "x l trusted.b=2\n");
}

static void test_a_large_sparse_file_costs_what_it_holds(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 }, records = { 0 };
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct fixture *f = *state;
	struct tree *tree = open_tree(f, NULL);
	struct tree_commit *written = NULL;
	struct memory_source source;
	struct layer_apply apply = { .tree = tree };
	struct node *node;
	char bytes[4096], zeros[4096] = "";

	tar_record(&records, "GNU.sparse.size", "100000000", 9);
	tar_record(&records, "GNU.sparse.map", "0,60,50000000,60", 16);
	tar_put(&tar, (struct tar_spec){ .type = 'x',
					 .name = "p",
					 .content = records.data,
					 .size = records.length });
	memset(bytes, 'a', 60);
	memset(bytes + 60, 'b', 60);
	tar_put(&tar, (struct tar_spec){ .name = "s", .content = bytes, .size = 120 });
	memory_source_init(&source, tar.data, tar.length);
	assert_ok(store_txn_begin(f->store, f->lease, &txn, &f->err), f->err);
	apply.txn = txn;
	assert_ok(layer_apply(&apply, &source.base, &f->err), f->err);
	assert_ok(tree_commit_write(tree, txn, NULL, &written, &f->err), f->err);
	assert_true(store_txn_bytes(txn) < 100000);
	assert_ok(store_txn_commit(txn, &f->err), f->err);
	tree_commit_apply(written);
	node = look(f, tree, "s");
	assert_int_equal(node->size, 100000000);
	assert_true(store_pread(f->store, &node->blob, bytes, 1, 59, &f->err) == 1);
	assert_int_equal(bytes[0], 'a');
	assert_true(store_pread(f->store, &node->blob, bytes, 4096, 60, &f->err) > 0);
	assert_memory_equal(bytes, zeros, 4096);
	assert_int_equal(store_pread(f->store, &node->blob, bytes, 60, 50000000, &f->err), 60);
	assert_int_equal(bytes[59], 'b');
	tree_close(tree);
}

static void test_a_layer_that_is_cut_short_is_refused(void **state)
{
	cleanup_with(buf_release) struct buf tar = { 0 };

	file(&tar, "x", "0123456789");
	buf_truncate(&tar, 515);
	check_refused(*state, NULL, &tar, -EINVAL, "entry \"x\": the archive is cut short");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all_types_of_entries),
		CASE(test_parents_that_are_missing_are_made),
		CASE(test_parents_that_are_symlinks_are_followed_inside),
		CASE(test_symlinks_that_lead_in_circles_or_to_files_are_refused),
		CASE(test_types_replace_each_other),
		CASE(test_a_directory_keeps_what_is_in_it),
		CASE(test_the_last_of_several_entries_holds),
		CASE(test_a_file_of_the_same_layer_is_no_directory),
		CASE(test_whiteouts_take_away_what_lower_layers_have),
		CASE(test_whiteouts_do_not_hide_the_same_layer),
		CASE(test_an_opaque_directory_has_only_what_is_new),
		CASE(test_bad_whiteouts_are_refused),
		CASE(test_notes_of_aufs_are_passed_over),
		CASE(test_a_plain_archive_has_no_whiteouts),
		CASE(test_hard_links_across_layers),
		CASE(test_bad_hard_links_are_refused),
		CASE(test_hostile_names_are_refused),
		CASE(test_names_are_cleaned),
		CASE(test_what_no_kernel_could_have_is_refused),
		CASE(test_attributes_of_hosts_are_dropped),
		CASE(test_a_large_sparse_file_costs_what_it_holds),
		CASE(test_a_layer_that_is_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
