/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/overlay_fixture.h"

static const char LOWER[] = "d etc 0755 0:0 1\n"
			    "f etc/hosts 0644 0:0 2 lower\n"
			    "l run 0:0 3 var/run\n"
			    "d var 0755 0:0 4\n"
			    "d var/run 0755 0:0 5\n";

/* Paths of the directories that were told of a new or vanished name. */
struct recorder {
	struct overlay_watcher watcher;
	struct buf seen;
};

static void record(struct overlay_watcher *watcher, struct node *dir, const char *name)
{
	struct recorder *recorder = (struct recorder *)watcher;
	cleanup_free char *path = node_path(dir);

	buf_add_format(&recorder->seen, "%s/%s ", path, name);
}

static void mount_at(struct view *view, const char *path, bool directory, const char *expected)
{
	cleanup_free char *where = NULL;

	assert_ok(overlay_make_mountpoint(view->overlay, path, directory, NULL, &where,
					  &view->f->err),
		  view->f->err);
	assert_string_equal(where, expected);
}

static void test_missing_mount_points_are_shown_but_not_committed(void **state)
{
	struct recorder recorder = { .watcher.made = record };
	struct view view;
	char *where = NULL;

	view_open(&view, *state, LOWER);
	assert_ok(overlay_make_mountpoint(view.overlay, "/etc/a/b", true, &recorder.watcher, &where,
					  &view.f->err),
		  view.f->err);
	assert_string_equal(where, "/etc/a/b");
	free(where);
	assert_string_equal(buf_string(&recorder.seen), "etc/a etc/a/b ");
	buf_release(&recorder.seen);
	mount_at(&view, "/etc/resolv.conf", false, "/etc/resolv.conf");
	assert_non_null(at(&view, "etc/a/b"));
	assert_true(node_is_file(at(&view, "etc/resolv.conf")));
	assert_false(overlay_changed(view.overlay));
	assert_committed(&view, LOWER);
	put_file(&view, "etc/hosts", "upper");
	assert_committed(&view, "d etc 0755 0:0 1\n"
				"f etc/hosts 0644 0:0 9 upper\n"
				"l run 0:0 3 var/run\n"
				"d var 0755 0:0 4\n"
				"d var/run 0755 0:0 5\n");
	view_close(&view);
}

static void test_what_is_there_is_used_as_it_is(void **state)
{
	struct view view;
	char *where = NULL;

	view_open(&view, *state, LOWER);
	mount_at(&view, "/etc", true, "/etc");
	mount_at(&view, "/run", true, "/var/run");
	mount_at(&view, "/etc/hosts", false, "/etc/hosts");
	assert_int_equal(overlay_make_mountpoint(view.overlay, "/etc/hosts", true, NULL, &where,
						 &view.f->err),
			 -ENOTDIR);
	assert_int_equal(
		overlay_make_mountpoint(view.overlay, "/etc", false, NULL, &where, &view.f->err),
		-EISDIR);
	/* Through a link, to where nothing is yet. */
	mount_at(&view, "/run/docker.sock", false, "/var/run/docker.sock");
	assert_committed(&view, LOWER);
	view_close(&view);
}

static void test_something_made_in_a_ghost_makes_it_real(void **state)
{
	struct recorder recorder = { .watcher.made = record };
	struct view view;

	view_open(&view, *state, LOWER);
	mount_at(&view, "/cache/deep/er", true, "/cache/deep/er");
	put_file(&view, "cache/deep/file", "real");
	assert_int_equal(overlay_drop_ghosts(view.overlay, &recorder.watcher), 0);
	assert_string_equal(buf_string(&recorder.seen), "cache/deep/er ");
	buf_release(&recorder.seen);
	assert_null(at(&view, "cache/deep/er"));
	assert_committed(&view, "d cache 0755 0:0 9\n"
				"d cache/deep 0755 0:0 9\n"
				"f cache/deep/file 0755 0:0 9 real\n"
				"d etc 0755 0:0 1\n"
				"f etc/hosts 0644 0:0 2 lower\n"
				"l run 0:0 3 var/run\n"
				"d var 0755 0:0 4\n"
				"d var/run 0755 0:0 5\n");
	view_close(&view);
}

static void test_ghosts_that_a_step_removed_are_no_trouble(void **state)
{
	struct view view;
	struct stat attr = { .st_mode = 0700 };

	view_open(&view, *state, LOWER);
	mount_at(&view, "/a/b", true, "/a/b");
	mount_at(&view, "/etc/mtab", false, "/etc/mtab");
	assert_int_equal(overlay_setattr(view.overlay, at(&view, "a/b"), &attr, OVERLAY_SET_MODE),
			 0);
	assert_int_equal(remove_at(&view, "a/b"), 0);
	assert_int_equal(remove_at(&view, "a"), 0);
	assert_int_equal(rename_at(&view, "etc/mtab", "etc/moved", 0), 0);
	assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
	assert_null(at(&view, "etc/moved"));
	assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
	view_close(&view);
}

static void test_the_directory_of_a_ghost_can_be_removed_when_it_has_gone(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	mount_at(&view, "/var/run/lock", true, "/var/run/lock");
	assert_int_equal(remove_at(&view, "var/run"), -ENOTEMPTY);
	assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
	assert_int_equal(remove_at(&view, "var/run"), 0);
	view_close(&view);
}

/* A step replaces a ghost by a file of its own, by the way of a temporary one. */
static void test_a_file_renamed_onto_a_ghost_is_real(void **state)
{
	struct view view;

	view_open(&view, *state, "d etc 0755 0:0 1\n");
	mount_at(&view, "/etc/resolv.conf", false, "/etc/resolv.conf");
	put_file(&view, "etc/new", "mine");
	assert_int_equal(rename_at(&view, "etc/new", "etc/resolv.conf", 0), 0);
	assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
	assert_committed(&view, "d etc 0755 0:0 9\nf etc/resolv.conf 0755 0:0 9 mine\n");
	view_close(&view);
}

static void test_a_ghost_renamed_onto_a_file_takes_the_file_away(void **state)
{
	struct view view;

	view_open(&view, *state, "d etc 0755 0:0 1\nf etc/hosts 0644 0:0 1 h\n");
	mount_at(&view, "/etc/ghost", false, "/etc/ghost");
	assert_int_equal(rename_at(&view, "etc/ghost", "etc/hosts", 0), 0);
	assert_committed(&view, "d etc 0755 0:0 9\n");
	assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
	assert_names(&view, at(&view, "etc"), "");
	view_close(&view);
}

static void test_a_ghost_exchanged_with_a_file_stays_one(void **state)
{
	struct view view;
	struct stat attr;

	view_open(&view, *state, "d a 0755 0:0 1\nf a/file 0644 0:0 1 x\nd b 0755 0:0 1\n");
	mount_at(&view, "/b/ghost", true, "/b/ghost");
	assert_int_equal(rename_at(&view, "a/file", "b/ghost", RENAME_EXCHANGE), 0);
	assert_committed(&view, "d a 0755 0:0 9\nd b 0755 0:0 9\nf b/ghost 0644 0:0 1 x\n");
	overlay_stat(view.overlay, at(&view, "a"), &attr);
	assert_int_equal(attr.st_nlink, 2);
	assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
	assert_names(&view, at(&view, "a"), "");
	view_close(&view);
}

static void test_ghosts_of_the_next_step_come_after_those_of_this_one(void **state)
{
	struct view view;

	view_open(&view, *state, LOWER);
	for (int step = 0; step < 3; step++) {
		mount_at(&view, "/proc", true, "/proc");
		mount_at(&view, "/sys/fs", true, "/sys/fs");
		assert_committed(&view, LOWER);
		assert_int_equal(overlay_drop_ghosts(view.overlay, NULL), 0);
		assert_null(at(&view, "proc"));
		assert_null(at(&view, "sys"));
	}
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_missing_mount_points_are_shown_but_not_committed),
		CASE(test_what_is_there_is_used_as_it_is),
		CASE(test_something_made_in_a_ghost_makes_it_real),
		CASE(test_ghosts_that_a_step_removed_are_no_trouble),
		CASE(test_the_directory_of_a_ghost_can_be_removed_when_it_has_gone),
		CASE(test_a_file_renamed_onto_a_ghost_is_real),
		CASE(test_a_ghost_renamed_onto_a_file_takes_the_file_away),
		CASE(test_a_ghost_exchanged_with_a_file_stays_one),
		CASE(test_ghosts_of_the_next_step_come_after_those_of_this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
