/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "fs/base/bytes.h"
#include "fs/base/hash.h"
#include "fs/overlay/journal.h"
#include "tests/lib/overlay_fixture.h"

static const char LOWER[] = "d etc 0755 0:0 1\n"
			    "f etc/hosts 0644 0:0 2 lower\n"
			    "d usr 0755 0:0 4\n"
			    "d usr/lib 0755 0:0 5\n"
			    "f usr/lib/a 0644 0:0 6 a\n";

static const char LONG[] = "longer than what stands in an entry of a directory, by itself";

#define LARGE ((size_t)300 << 10)

/* A workspace that is kept, in a directory of the fixture's store. */
struct kept {
	struct view view;
	int dir_fd;
};

static void reopen(struct kept *kept)
{
	struct view *view = &kept->view;

	assert_ok(overlay_open_kept(view->f->store, view->f->lease, &view->root, kept->dir_fd,
				    "journal", &view->overlay, &view->f->err),
		  view->f->err);
}

static void kept_open(struct kept *kept, struct fixture *f)
{
	int store_fd = store_dir_fd(f->store);

	kept->view = (struct view){ .f = f, .root = stored_tree(f, LOWER) };
	assert_int_equal(dir_make(store_fd, "kept", 0700), 0);
	kept->dir_fd = openat(store_fd, "kept", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	reopen(kept);
}

static void kept_close(struct kept *kept)
{
	overlay_close(kept->view.overlay);
	close(kept->dir_fd);
}

/* What the death of the process leaves: nothing is written at the end. */
static void die(struct kept *kept)
{
	overlay_close(kept->view.overlay);
	reopen(kept);
}

static char *large_text(void)
{
	char *text = xmalloc(LARGE + 1);

	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i % 23);
	text[LARGE] = '\0';
	return text;
}

static void test_what_was_synced_is_there_again(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	cleanup_free char *large = large_text();

	kept_open(&kept, *state);
	put_file(view, "etc/hosts", "changed");
	put_file(view, "new", LONG);
	put_file(view, "large", large);
	assert_int_equal(make(view, "etc/dir", DIR_ENTRY_DIR, NULL), 0);
	assert_int_equal(make(view, "etc/link", DIR_ENTRY_SYMLINK, "hosts"), 0);
	assert_int_equal(
		overlay_setxattr(view->overlay, at(view, "new"), "user.key", "value", 5, 0), 0);
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	die(&kept);
	assert_content(view, at(view, "etc/hosts"), "changed");
	assert_content(view, at(view, "large"), large);
	assert_true(node_is_dir(at(view, "etc/dir")));
	assert_int_equal(overlay_getxattr(view->overlay, at(view, "new"), "user.key", NULL, 0), 5);
	assert_content(view, at(view, "new"), LONG);
	assert_int_equal(remove_at(view, "large"), 0);
	assert_int_equal(remove_at(view, "new"), 0);
	assert_committed(view, "d etc 0755 0:0 9\n"
			       "d etc/dir 0755 0:0 9\n"
			       "f etc/hosts 0644 0:0 9 changed\n"
			       "l etc/link 0:0 9 hosts\n"
			       "d usr 0755 0:0 4\n"
			       "d usr/lib 0755 0:0 5\n"
			       "f usr/lib/a 0644 0:0 6 a\n");
	kept_close(&kept);
}

static void test_what_was_not_written_down_is_as_before(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;

	kept_open(&kept, *state);
	put_file(view, "safe", "safe");
	assert_int_equal(overlay_sync(view->overlay, at(view, "safe")), 0);
	put_file(view, "lost", "lost");
	assert_int_equal(remove_at(view, "etc/hosts"), 0);
	die(&kept);
	assert_content(view, at(view, "safe"), "safe");
	assert_content(view, at(view, "etc/hosts"), "lower");
	assert_null(at(view, "lost"));
	kept_close(&kept);
}

static void test_names_that_move_and_go_are_followed(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	uint64_t ino;

	kept_open(&kept, *state);
	put_file(view, "x", "x");
	put_file(view, "y", "y");
	assert_int_equal(link_at(view, "x", "usr/x2"), 0);
	assert_int_equal(rename_at(view, "usr", "opt", 0), 0);
	assert_int_equal(rename_at(view, "y", "etc/hosts", 0), 0);
	assert_int_equal(overlay_note(view->overlay), 0);
	assert_int_equal(rename_at(view, "opt/lib", "x", RENAME_EXCHANGE), 0);
	assert_int_equal(remove_at(view, "opt/lib"), 0);
	put_file(view, "x/b", "b");
	ino = at(view, "x/b")->ino;
	assert_int_equal(overlay_note(view->overlay), 0);
	die(&kept);
	assert_content(view, at(view, "etc/hosts"), "y");
	assert_content(view, at(view, "opt/x2"), "x");
	assert_content(view, at(view, "x/a"), "a");
	assert_int_equal(at(view, "x/b")->ino, ino);
	assert_names(view, overlay_root(view->overlay), "etc opt x");
	assert_int_equal(at(view, "opt/x2")->link_count, 1);
	kept_close(&kept);
}

static void test_space_that_a_durable_record_refers_to_is_not_used_again(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;

	kept_open(&kept, *state);
	put_file(view, "first", LONG);
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	assert_int_equal(remove_at(view, "first"), 0);
	for (int i = 0; i < 20; i++) {
		cleanup_free char *name = xasprintf("other%d", i);

		put_file(view, name,
			 "something else that is just as long as the first one was, or so");
	}
	die(&kept);
	assert_content(view, at(view, "first"), LONG);
	kept_close(&kept);
}

static void test_a_large_file_that_goes_lives_as_long_as_a_record_of_it(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	cleanup_free char *large = large_text();

	kept_open(&kept, *state);
	put_file(view, "large", large);
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	assert_int_equal(remove_at(view, "large"), 0);
	die(&kept);
	assert_content(view, at(view, "large"), large);
	assert_int_equal(remove_at(view, "large"), 0);
	assert_int_equal(faccessat(kept.dir_fd, "1", F_OK, 0), 0);
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	assert_int_equal(faccessat(kept.dir_fd, "1", F_OK, 0), -1);
	kept_close(&kept);
}

static void test_parts_of_a_large_stored_file_are_kept(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	cleanup_free char *large = large_text();
	struct stat st;

	kept_open(&kept, *state);
	put_file(view, "large", large);
	view_commit(view);
	overlay_close(view->overlay);
	assert_int_equal(unlinkat(kept.dir_fd, "journal", 0), 0);
	reopen(&kept);
	assert_int_equal(write_to(view, at(view, "large"), "CHANGED", 100000), 0);
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	die(&kept);
	memcpy(large + 100000, "CHANGED", 7);
	assert_content(view, at(view, "large"), large);
	assert_int_equal(fstatat(kept.dir_fd, "1", &st, 0), 0);
	assert_in_range(st.st_blocks, 1, 32);
	kept_close(&kept);
}

static uint64_t journal_size(struct kept *kept)
{
	struct stat st;

	assert_int_equal(fstatat(kept->dir_fd, "journal", &st, 0), 0);
	return (uint64_t)st.st_size;
}

/* Take the boot that the journal speaks of for another one, as after a power cut. */
static void forge_boot(struct kept *kept)
{
	cleanup_fd int fd = openat(kept->dir_fd, "journal", O_RDWR | O_CLOEXEC);
	uint8_t frame[256];
	uint32_t size;

	assert_int_equal(fd_pread_exactly(fd, frame, 8, JOURNAL_HEADER), 0);
	size = get_le32(frame);
	assert_in_range(size, 12, 200);
	assert_int_equal(fd_pread_exactly(fd, frame + 8, size, JOURNAL_HEADER + 8), 0);
	frame[20] ^= 1;
	put_le32(frame + 4, crc32c(0, frame + 8, size));
	assert_int_equal(fd_pwrite_all(fd, frame, 8 + size, JOURNAL_HEADER), 0);
}

static void test_after_a_power_cut_only_what_was_synced_counts(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;

	kept_open(&kept, *state);
	put_file(view, "safe", "safe");
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	put_file(view, "noted", "noted");
	assert_int_equal(overlay_note(view->overlay), 0);
	overlay_close(view->overlay);
	forge_boot(&kept);
	reopen(&kept);
	assert_content(view, at(view, "safe"), "safe");
	assert_null(at(view, "noted"));
	kept_close(&kept);
}

static void test_a_torn_end_is_cut_off(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	uint64_t size;

	kept_open(&kept, *state);
	put_file(view, "one", "one");
	assert_int_equal(overlay_sync(view->overlay, NULL), 0);
	size = journal_size(&kept);
	put_file(view, "two", "two");
	assert_int_equal(overlay_note(view->overlay), 0);
	overlay_close(view->overlay);
	{
		cleanup_fd int fd = openat(kept.dir_fd, "journal", O_RDWR | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, (off_t)size + 20), 0);
	}
	reopen(&kept);
	assert_content(view, at(view, "one"), "one");
	assert_null(at(view, "two"));
	put_file(view, "three", "three");
	assert_int_equal(overlay_note(view->overlay), 0);
	die(&kept);
	assert_content(view, at(view, "three"), "three");
	kept_close(&kept);
}

static void test_a_journal_of_another_state_is_refused(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	struct overlay *overlay = NULL;

	kept_open(&kept, *state);
	assert_int_equal(overlay_open_kept(view->f->store, view->f->lease, NULL, kept.dir_fd,
					   "journal", &overlay, &view->f->err),
			 -EBADMSG);
	assert_non_null(strstr(view->f->err.text, "another state"));
	kept_close(&kept);
}

static void test_without_a_lease_it_is_only_looked_at(void **state)
{
	struct kept kept;
	struct view *view = &kept.view;
	struct overlay *writer;
	uint64_t size;

	kept_open(&kept, *state);
	put_file(view, "one", "one");
	assert_int_equal(overlay_note(view->overlay), 0);
	size = journal_size(&kept);
	writer = view->overlay;
	assert_ok(overlay_open_kept(view->f->store, NULL, &view->root, kept.dir_fd, "journal",
				    &view->overlay, &view->f->err),
		  view->f->err);
	assert_content(view, at(view, "one"), "one");
	assert_int_equal(make(view, "two", DIR_ENTRY_FILE, NULL), -EROFS);
	overlay_close(view->overlay);
	assert_int_equal(journal_size(&kept), size);
	view->overlay = writer;
	kept_close(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_what_was_synced_is_there_again),
		CASE(test_what_was_not_written_down_is_as_before),
		CASE(test_names_that_move_and_go_are_followed),
		CASE(test_space_that_a_durable_record_refers_to_is_not_used_again),
		CASE(test_a_large_file_that_goes_lives_as_long_as_a_record_of_it),
		CASE(test_parts_of_a_large_stored_file_are_kept),
		CASE(test_after_a_power_cut_only_what_was_synced_counts),
		CASE(test_a_torn_end_is_cut_off),
		CASE(test_a_journal_of_another_state_is_refused),
		CASE(test_without_a_lease_it_is_only_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
