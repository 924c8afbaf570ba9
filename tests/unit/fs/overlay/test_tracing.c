/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/trace.h"
#include "tests/lib/trace_fixture.h"

static const char BEFORE[] = "d inc 0755 0:0 1\n"
			     "f inc/a.h 0644 0:0 2 one\n"
			     "f inc/b.h 0644 0:0 2 two\n"
			     "f readme 0644 0:0 2 text\n"
			     "d src 0755 0:0 1\n"
			     "d src/deep 0755 0:0 1\n"
			     "f src/deep/x 0644 0:0 2 x\n"
			     "f src/main.c 0644 0:0 2 main\n"
			     "l to 0:0 2 src\n";

/* A line of BEFORE, and what stands in its place; NULL: one more. */
struct edit {
	const char *line, *instead;
};

static struct tree_root edited(struct fixture *f, const struct edit *edit)
{
	cleanup_with(buf_release) struct buf text = { 0 };
	const char *at = edit->line ? strstr(BEFORE, edit->line) : BEFORE + strlen(BEFORE);

	assert_non_null(at);
	buf_append(&text, BEFORE, (size_t)(at - BEFORE));
	buf_add_string(&text, edit->instead);
	buf_add_string(&text, at + (edit->line ? strlen(edit->line) : 0));
	return stored_tree(f, buf_string(&text));
}

typedef void (*look_fn)(struct view *view);

static void assert_after(struct fixture *f, look_fn look_at, const char *line, const char *instead,
			 const char *expected)
{
	cleanup_with(trace_release) struct trace trace = { 0 };
	struct tree_root root = stored_tree(f, BEFORE), other;
	struct edit edit = { line, instead };
	cleanup_free char *got = NULL;
	struct view view;

	traced_open(&view, f, &root);
	look_at(&view);
	assert_true(take_trace(&view, &trace));
	view_close(&view);
	other = edited(f, &edit);
	got = hold_against(f, &trace, &other);
	assert_string_equal(got, expected);
}

static void look_up_main(struct view *view)
{
	assert_non_null(see(view, "src/main.c"));
}

static void test_what_was_not_looked_at_does_not_count(void **state)
{
	assert_after(*state, look_up_main, "f readme 0644 0:0 2 text\n",
		     "f readme 0600 3:4 9 other\n", "same");
	assert_after(*state, look_up_main, "f src/deep/x 0644 0:0 2 x\n", "", "same");
	assert_after(*state, look_up_main, "f inc/a.h 0644 0:0 2 one\n", "", "same");
}

static void test_everything_about_what_was_looked_at_counts_but_times(void **state)
{
	const char *line = "f src/main.c 0644 0:0 2 main\n";

	assert_after(*state, look_up_main, line, "f src/main.c 0644 0:0 7 main\n", "same");
	assert_after(*state, look_up_main, line, "f src/main.c 0644 0:0 2 Main\n",
		     "src/main.c: other content");
	assert_after(*state, look_up_main, line, "f src/main.c 0644 0:0 2 longer\n",
		     "src/main.c: other content");
	assert_after(*state, look_up_main, line, "f src/main.c 0755 0:0 2 main\n",
		     "src/main.c: other mode, owner or extended attributes");
	assert_after(*state, look_up_main, line, "f src/main.c 0644 0:1 2 main\n",
		     "src/main.c: other mode, owner or extended attributes");
	assert_after(*state, look_up_main, line,
		     "f src/main.c 0644 0:0 2 main\nx src/main.c user.a=b\n",
		     "src/main.c: other mode, owner or extended attributes");
	assert_after(*state, look_up_main, line, "", "src/main.c: is gone");
	assert_after(*state, look_up_main, "d src 0755 0:0 1\n", "d src 0700 0:0 1\n",
		     "src: other mode, owner or extended attributes");
	assert_after(*state, look_up_main, line,
		     "f src/main.c 0644 0:0 2 main\nh src/other.c src/main.c\n",
		     "src/main.c: other hard links");
	assert_after(*state, look_up_main, line,
		     "f src/main.c 0644 0:0 2 main\nh other.c src/main.c\n",
		     "src/main.c: other hard links");
}

static void look_in_vain(struct view *view)
{
	assert_null(see(view, "inc/c.h"));
	assert_null(see(view, "none/c.h"));
}

static void test_what_was_looked_for_in_vain_may_not_appear(void **state)
{
	/* The directory has the same time, so that it counts by itself. */
	assert_after(*state, look_in_vain, NULL, "f inc/c.h 0644 0:0 2 three\n",
		     "inc/c.h: was not there");
	assert_after(*state, look_in_vain, NULL, "d none 0755 0:0 2\n", ": other names in it");
	assert_after(*state, look_in_vain, NULL, "f none 0644 0:0 2\n", "none: was not there");
	assert_after(*state, look_in_vain, NULL, "f inc/d.h 0644 0:0 2 four\n", "same");
}

static void list_inc(struct view *view)
{
	assert_names(view, see(view, "inc"), "a.h b.h");
}

static void test_of_a_listing_names_and_types_count(void **state)
{
	assert_after(*state, list_inc, NULL, "f inc/c.h 0644 0:0 2 three\n",
		     "inc: other names in it");
	assert_after(*state, list_inc, "f inc/b.h 0644 0:0 2 two\n", "", "inc: other names in it");
	assert_after(*state, list_inc, "f inc/b.h 0644 0:0 2 two\n", "l inc/b.h 0:0 2 two\n",
		     "inc: other names in it");
	assert_after(*state, list_inc, "f inc/b.h 0644 0:0 2 two\n", "f inc/b.h 0600 5:5 2 two 2\n",
		     "same");
}

static void look_at_inc(struct view *view)
{
	assert_non_null(see(view, "inc"));
}

/* Whoever compares the times of a directory and a file sees whether a name came or went. */
static void test_names_stand_for_the_time_of_a_directory(void **state)
{
	assert_after(*state, look_at_inc, "d inc 0755 0:0 1\n",
		     "d inc 0755 0:0 5\nf inc/c.h 0644 0:0 2 three\n", "inc: other names in it");
	assert_after(*state, look_at_inc, "d inc 0755 0:0 1\n",
		     "d inc 0755 0:0 1\nf inc/c.h 0644 0:0 2 three\n", "same");
	assert_after(*state, look_at_inc, "d inc 0755 0:0 1\n",
		     "d inc 0755 0:0 1\nd inc/more 0755 0:0 2\n", "inc: other names in it");
	assert_after(*state, look_at_inc, "d inc 0755 0:0 1\n", "d inc 0755 0:0 5\n", "same");
}

static void walk_link(struct view *view)
{
	assert_non_null(see(view, "to"));
}

static void test_where_a_symlink_leads_counts(void **state)
{
	assert_after(*state, walk_link, "l to 0:0 2 src\n", "l to 0:0 2 inc\n",
		     "to: other content");
	assert_after(*state, walk_link, "l to 0:0 2 src\n", "f to 0644 0:0 2 src\n",
		     "to: other type");
}

static void rename_src(struct view *view)
{
	assert_non_null(see(view, "inc"));
	assert_non_null(see(view, "src"));
	assert_int_equal(rename_at(view, "src", "inc/src", 0), 0);
	assert_non_null(see(view, "inc/src/main.c"));
}

static void test_of_a_directory_that_is_moved_everything_counts(void **state)
{
	assert_after(*state, rename_src, "f src/deep/x 0644 0:0 2 x\n",
		     "f src/deep/x 0644 0:0 2 y\n", "src: something in it, which was moved");
	assert_after(*state, rename_src, "f src/deep/x 0644 0:0 2 x\n",
		     "f src/deep/x 0644 0:0 8 x\n", "same");
	assert_after(*state, rename_src, "f readme 0644 0:0 2 text\n", "f readme 0644 0:0 2 t\n",
		     "same");
}

static void write_and_look(struct view *view)
{
	struct overlay_make what = { .type = DIR_ENTRY_FILE, .mode = 0644 };
	struct node *inc = see(view, "inc"), *node;

	assert_int_equal(overlay_make(view->overlay, inc, "c.h", &what, &caller, &node), 0);
	assert_int_equal(write_to(view, node, "content", 0), 0);
	assert_non_null(see(view, "inc/c.h"));
	assert_int_equal(overlay_unlink(view->overlay, inc, "a.h"), 0);
	assert_null(see(view, "inc/a.h"));
	assert_int_equal(overlay_make(view->overlay, inc, "a.h", &what, &caller, &node), 0);
	what.type = DIR_ENTRY_DIR;
	assert_int_equal(overlay_make(view->overlay, inc, "d", &what, &caller, &node), 0);
	assert_null(see(view, "inc/d/e"));
}

static void test_what_was_made_meanwhile_does_not_count(void **state)
{
	assert_after(*state, write_and_look, "f readme 0644 0:0 2 text\n", "", "same");
	assert_after(*state, write_and_look, "f inc/a.h 0644 0:0 2 one\n",
		     "f inc/a.h 0644 0:0 2 two\n", "inc/a.h: other content");
	assert_after(*state, write_and_look, NULL, "f inc/c.h 0644 0:0 2 three\n",
		     "inc/c.h: was not there");
}

static void remove_in_vain(struct view *view)
{
	struct node *root = overlay_root(view->overlay);

	assert_int_equal(overlay_rmdir(view->overlay, root, "inc"), -ENOTEMPTY);
}

static void test_that_a_directory_is_not_empty_counts_as_a_listing(void **state)
{
	assert_after(*state, remove_in_vain, NULL, "f inc/c.h 0644 0:0 2 three\n",
		     "inc: other names in it");
}

static void test_a_second_name_shows_what_the_first_has_changed(void **state)
{
	static const char linked[] = "d a 0755 0:0 1\nf a/one 0644 0:0 2 same\nh two a/one\n";
	cleanup_with(trace_release) struct trace trace = { 0 };
	struct tree_root root = stored_tree(*state, linked), other;
	struct view view;
	char *got;

	traced_open(&view, *state, &root);
	assert_int_equal(write_to(&view, see(&view, "a/one"), "more than it was", 0), 0);
	assert_non_null(see(&view, "two"));
	assert_true(take_trace(&view, &trace));
	view_close(&view);
	got = hold_against(*state, &trace, &root);
	assert_string_equal(got, "same");
	free(got);
	other = stored_tree(*state,
			    "d a 0755 0:0 1\nf a/one 0644 0:0 2 same\nf two 0644 0:0 2 same\n");
	got = hold_against(*state, &trace, &other);
	assert_string_equal(got, "a/one: other hard links");
	free(got);
}

static void test_too_many_names_are_no_trace(void **state)
{
	struct tree_root root = stored_tree(*state, BEFORE);
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct error err = { 0 };
	struct node *node;
	struct view view;
	char name[16];

	traced_open(&view, *state, &root);
	for (unsigned i = 0; i < TRACE_MAX_ENTRIES; i++) {
		snprintf(name, sizeof name, "%u", i);
		assert_int_equal(
			overlay_lookup(view.overlay, overlay_root(view.overlay), name, &node),
			-ENOENT);
	}
	assert_int_equal(overlay_trace(view.overlay, &bytes, &err), -E2BIG);
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_was_not_looked_at_does_not_count),
		CASE(test_everything_about_what_was_looked_at_counts_but_times),
		CASE(test_what_was_looked_for_in_vain_may_not_appear),
		CASE(test_of_a_listing_names_and_types_count),
		CASE(test_names_stand_for_the_time_of_a_directory),
		CASE(test_where_a_symlink_leads_counts),
		CASE(test_of_a_directory_that_is_moved_everything_counts),
		CASE(test_what_was_made_meanwhile_does_not_count),
		CASE(test_that_a_directory_is_not_empty_counts_as_a_listing),
		CASE(test_a_second_name_shows_what_the_first_has_changed),
		CASE(test_too_many_names_are_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
