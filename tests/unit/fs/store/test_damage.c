/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that flip, files that are cut short or vanish: an error that names the object, never another content. */
#include "fs/store/store_internal.h"
#include "tests/unit/fs/store/fixture.h"

#define SMALL_COUNT 30

/* A store with small and large objects, under a ref and as the result of a step. */
struct content {
	struct object_id ids[SMALL_COUNT + 1]; /* noise of seed 1000 + its index */
	size_t sizes[SMALL_COUNT + 1];         /* the last is large */
	struct object_id state;
};

static size_t size_of(size_t i)
{
	return i == SMALL_COUNT ? STORE_LOOSE_MIN + 77 : 200 + i * 100;
}

static void make_content(struct fixture *f, struct content *ret)
{
	struct store_txn *txn = fixture_begin(f);
	struct step_record step = { .created_s = 1 };
	struct object_id dir;

	for (size_t i = 0; i <= SMALL_COUNT; i++) {
		ret->sizes[i] = size_of(i);
		ret->ids[i] = fixture_put_noise(f, txn, 1000 + (uint32_t)i, ret->sizes[i]);
	}
	dir = fixture_put_dir(f, txn, ret->ids, SMALL_COUNT + 1);
	ret->state = fixture_put_snapshot(f, txn, &dir, NULL);
	fixture_set_ref(f, txn, "cache/c/1", &ret->state);
	step.key = ret->ids[0];
	step.snapshot = ret->state;
	store_txn_add_step(txn, &step);
	fixture_commit(f, txn);
}

/* The path of the only file in a sub-directory of the store; of the largest, when there are more. */
static char *find_file(struct fixture *f, const char *directory)
{
	cleanup_with(strings_release) struct strings names = { 0 };
	char *found = NULL;
	off_t largest = -1;

	assert_int_equal(dir_list(f->store->dir_fd, directory, &names), 0);
	for (size_t i = 0; i < names.count; i++) {
		char *path = xasprintf("%s/%s", directory, names.items[i]);
		struct stat st;

		assert_int_equal(fstatat(f->store->dir_fd, path, &st, 0), 0);
		if (st.st_size > largest) {
			free(found);
			found = path;
			largest = st.st_size;
		} else {
			free(path);
		}
	}
	assert_non_null(found);
	return found;
}

static char *path_of_loose(const struct object_id *id)
{
	char path[LOOSE_PATH_SIZE];

	loose_path(id, path);
	return xasprintf("objects/%s", path);
}

static void read_whole(struct fixture *f, const char *path, struct buf *ret)
{
	assert_int_equal(file_read(f->store->dir_fd, path, 1 << 24, ret), 0);
}

/* Under a new inode, as after a crash; nothing that is mapped changes. */
static void write_whole(struct fixture *f, const char *path, const void *data, size_t size)
{
	assert_int_equal(file_replace(f->store->dir_fd, path, data, size, 0444, false), 0);
}

/* Every object is what it was, or damaged, or gone; the number of those that are not right. */
static size_t count_wrong(struct fixture *f, const struct content *content)
{
	size_t wrong = 0;

	for (size_t i = 0; i <= SMALL_COUNT; i++) {
		cleanup_with(buf_release) struct buf got = { 0 };
		cleanup_free char *expected = noise(1000 + (uint32_t)i, content->sizes[i]);
		struct error err = { 0 };
		int r = store_read(f->store, &content->ids[i], OBJECT_BLOB, 1 << 20, &got, &err);

		if (r == 0) {
			/* A loose file is not hashed when it is read; its size tells. */
			assert_int_equal(got.length, content->sizes[i]);
			if (i < SMALL_COUNT)
				assert_memory_equal(got.data, expected, got.length);
			continue;
		}
		assert_true(r == -EBADMSG || r == -ENOENT);
		if (!strstr(err.text, object_id_hex(&content->ids[i]).text))
			fail_msg("no name in: %s", err.text);
		wrong++;
	}
	return wrong;
}

static size_t problems_of(struct fixture *f, bool fast, bool repair)
{
	struct fsck_options options = { .fast = fast, .repair = repair };
	struct fsck_report report = { 0 };
	size_t count;

	assert_ok(store_fsck(f->store, &options, &report, &f->err), f->err);
	count = report.problems.count;
	fsck_report_release(&report);
	return count;
}

/* fsck says a line that contains both. */
static void assert_fsck_names(struct fixture *f, const char *one, const char *two)
{
	struct fsck_options options = { 0 };
	struct fsck_report report = { 0 };
	bool found = false;

	assert_ok(store_fsck(f->store, &options, &report, &f->err), f->err);
	for (size_t i = 0; i < report.problems.count; i++)
		found |= strstr(report.problems.items[i], one) &&
			 strstr(report.problems.items[i], two);
	for (size_t i = 0; i < report.problems.count && !found; i++)
		fprintf(stderr, "# %s\n", report.problems.items[i]);
	if (!found)
		fail_msg("nothing said of '%s' and '%s'", one, two);
	fsck_report_release(&report);
}

static void test_a_flipped_byte_of_a_pack_is_an_error_and_never_another_content(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;

	make_content(f, &content);
	path = find_file(f, "packs");
	read_whole(f, path, &sound);
	for (size_t at = 0; at<sound.length; at += at> sound.length - 200 ? 7 : 131) {
		sound.data[at] ^= 0x10;
		write_whole(f, path, sound.data, sound.length);
		sound.data[at] ^= 0x10;
		fixture_reopen(f);
		(void)count_wrong(f, &content);
		if (problems_of(f, false, false) == 0)
			fail_msg("fsck does not see byte %zu of %zu", at, sound.length);
		write_whole(f, path, sound.data, sound.length);
	}
	fixture_reopen(f);
	assert_int_equal(count_wrong(f, &content), 0);
	assert_clean(f->store);
}

static void test_a_pack_cut_short_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;

	make_content(f, &content);
	path = find_file(f, "packs");
	read_whole(f, path, &sound);
	for (size_t size = 0; size < sound.length; size += sound.length / 23) {
		write_whole(f, path, sound.data, size);
		fixture_reopen(f);
		assert_int_equal(count_wrong(f, &content), SMALL_COUNT);
		assert_true(problems_of(f, true, false) > 0);
	}
	write_whole(f, path, sound.data, sound.length);
	fixture_reopen(f);
	assert_int_equal(count_wrong(f, &content), 0);
}

/* What was committed beside the damage, before and after it, is not lost with it. */
static void test_mending_a_pack_cut_short_keeps_what_is_sound(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;
	struct object_id other, found;
	struct store_txn *txn;

	make_content(f, &content);
	path = find_file(f, "packs");
	read_whole(f, path, &sound);
	write_whole(f, path, sound.data, sound.length / 2);
	fixture_reopen(f);
	txn = fixture_begin(f);
	other = fixture_put_state(f, txn, 7, 10);
	fixture_set_ref(f, txn, "cache/other/1", &other);
	fixture_commit(f, txn);

	assert_true(problems_of(f, false, true) > 0);
	assert_clean(f->store);
	assert_int_equal(store_ref_get(f->store, "cache/other/1", &found, NULL, &f->err), 1);
	assert_int_equal(store_ref_get(f->store, "cache/c/1", &found, NULL, &f->err), 0);
	/* And what was lost can be made again. */
	make_content(f, &content);
	assert_int_equal(count_wrong(f, &content), 0);
	assert_clean(f->store);
}

static void test_fsck_names_a_damaged_object_and_who_needs_it(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;
	struct id_hex hex;

	make_content(f, &content);
	path = path_of_loose(&content.ids[SMALL_COUNT]);
	hex = object_id_hex(&content.ids[SMALL_COUNT]);
	read_whole(f, path, &sound);
	sound.data[5000] ^= 1;
	write_whole(f, path, sound.data, sound.length);
	assert_fsck_names(f, path, "other bytes");
	assert_fsck_names(f, hex.text, "cache/c/1");
	/* Check sums cannot tell for a file without one. */
	assert_int_equal(problems_of(f, true, false), 0);
	assert_true(problems_of(f, false, true) > 0);
	assert_clean(f->store);
	assert_false(fixture_has(f, &content.ids[SMALL_COUNT]));
}

static void test_a_large_blob_cut_short_or_gone_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;
	struct id_hex hex;

	make_content(f, &content);
	path = path_of_loose(&content.ids[SMALL_COUNT]);
	hex = object_id_hex(&content.ids[SMALL_COUNT]);
	read_whole(f, path, &sound);
	write_whole(f, path, sound.data, 1000);
	fixture_reopen(f);
	assert_int_equal(count_wrong(f, &content), 1);
	assert_fsck_names(f, path, "lost bytes");
	assert_int_equal(unlinkat(f->store->dir_fd, path, 0), 0);
	fixture_reopen(f);
	assert_int_equal(count_wrong(f, &content), 1);
	assert_fsck_names(f, hex.text, "cache/c/1");
	/* It is stored again as if it had never been there. */
	make_content(f, &content);
	assert_int_equal(count_wrong(f, &content), 0);
	assert_clean(f->store);
}

static void test_storing_a_large_blob_again_mends_one_cut_short(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;

	make_content(f, &content);
	path = path_of_loose(&content.ids[SMALL_COUNT]);
	read_whole(f, path, &sound);
	for (size_t cut = 50; cut < sound.length; cut += sound.length - 100) {
		write_whole(f, path, sound.data, sound.length - cut);
		fixture_reopen(f);
		if (cut > 77)
			assert_int_equal(count_wrong(f, &content), 1);
		make_content(f, &content);
		assert_int_equal(count_wrong(f, &content), 0);
		assert_clean(f->store);
	}
}

/* A large blob with a piece of another in it, named by its list, under a ref. */
static void put_composed(struct fixture *f, struct object_id *ret_large, struct object_id *ret)
{
	struct store_txn *txn = fixture_begin(f);
	cleanup_with(extents_release) struct extents extents = { 0 };
	struct object_id small = fixture_put_noise(f, txn, 2, 5000), dir, state;

	*ret_large = fixture_put_noise(f, txn, 1, STORE_LOOSE_MIN + 77);
	extents_add(&extents, ret_large, 0, STORE_LOOSE_MIN);
	extents_add(&extents, &small, 10, 4096);
	assert_ok(store_txn_put_composed(txn, &extents, ret, &f->err), f->err);
	dir = fixture_put_dir(f, txn, ret, 1);
	state = fixture_put_snapshot(f, txn, &dir, NULL);
	fixture_set_ref(f, txn, "cache/c/1", &state);
	fixture_commit(f, txn);
}

static bool composed_is_right(struct fixture *f, const struct object_id *id)
{
	cleanup_free char *large = noise(1, STORE_LOOSE_MIN + 77), *small = noise(2, 5000);
	cleanup_with(buf_release) struct buf got = { 0 };

	return store_read(f->store, id, OBJECT_BLOB, 1 << 20, &got, NULL) == 0 &&
	       got.length == STORE_LOOSE_MIN + 4096 &&
	       memcmp(got.data, large, STORE_LOOSE_MIN) == 0 &&
	       memcmp(got.data + STORE_LOOSE_MIN, small + 10, 4096) == 0;
}

static void test_a_blob_named_by_its_pieces_is_checked_and_collected_as_others(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;
	struct object_id large, id;

	put_composed(f, &large, &id);
	assert_clean(f->store);
	(void)fixture_gc(f);
	fixture_reopen(f);
	assert_true(composed_is_right(f, &id));
	/* What it is taken from is damaged: who needs it is named. */
	path = path_of_loose(&large);
	read_whole(f, path, &sound);
	sound.data[5] ^= 1;
	write_whole(f, path, sound.data, sound.length);
	assert_fsck_names(f, object_id_hex(&large).text, "cache/c/1");
}

static void test_a_list_in_a_pack_that_lost_its_index_is_saved(void **state)
{
	struct fixture *f = *state;
	cleanup_with(buf_release) struct buf sound = { 0 };
	cleanup_free char *path = NULL;
	struct object_id large, id;

	put_composed(f, &large, &id);
	path = find_file(f, "packs");
	read_whole(f, path, &sound);
	write_whole(f, path, sound.data, sound.length - 8);
	fixture_reopen(f);
	assert_true(problems_of(f, false, true) > 0);
	assert_clean(f->store);
	fixture_reopen(f);
	assert_true(composed_is_right(f, &id));
}

static void test_a_vanished_pack_makes_misses(void **state)
{
	struct fixture *f = *state;
	struct content content;
	cleanup_free char *path = NULL;

	make_content(f, &content);
	path = find_file(f, "packs");
	assert_int_equal(unlinkat(f->store->dir_fd, path, 0), 0);
	fixture_reopen(f);
	assert_int_equal(count_wrong(f, &content), SMALL_COUNT);
	assert_fsck_names(f, object_id_hex(&content.state).text, "cache/c/1");
	assert_true(problems_of(f, false, true) > 0);
	assert_clean(f->store);
}

/* Names are text files and a log: one that cannot be read is dropped, the rest stays. */
static void test_damaged_names_are_said_and_dropped(void **state)
{
	struct fixture *f = *state;
	struct content content;
	struct object_id found;
	struct step_record step;
	struct store_txn *txn;
	cleanup_with(buf_release) struct buf log = { 0 };

	make_content(f, &content);
	txn = fixture_begin(f);
	fixture_set_ref(f, txn, "cache/d/1", &content.state);
	fixture_commit(f, txn);
	write_whole(f, "refs/cache/c%2F1", "nonsense", 8);
	assert_fsck_names(f, "cache/c", "");
	read_whole(f, "steps.log", &log);
	log.data[50] ^= 1;
	write_whole(f, "steps.log", log.data, log.length);
	fixture_reopen(f);
	assert_int_equal(store_step_find(f->store, &content.ids[0], &step, &f->err), 0);
	(void)problems_of(f, false, true);
	assert_clean(f->store);
	assert_int_equal(store_ref_get(f->store, "cache/d/1", &found, NULL, &f->err), 1);
	assert_int_equal(count_wrong(f, &content), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_flipped_byte_of_a_pack_is_an_error_and_never_another_content),
		CASE(test_a_pack_cut_short_is_an_error),
		CASE(test_mending_a_pack_cut_short_keeps_what_is_sound),
		CASE(test_fsck_names_a_damaged_object_and_who_needs_it),
		CASE(test_a_large_blob_cut_short_or_gone_is_an_error),
		CASE(test_storing_a_large_blob_again_mends_one_cut_short),
		CASE(test_a_blob_named_by_its_pieces_is_checked_and_collected_as_others),
		CASE(test_a_list_in_a_pack_that_lost_its_index_is_saved),
		CASE(test_a_vanished_pack_makes_misses),
		CASE(test_damaged_names_are_said_and_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
