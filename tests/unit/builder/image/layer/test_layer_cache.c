/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "builder/image/layer/layer_cache.h"
#include "tests/lib/tree_fixture.h"

static struct layer_cache *open_cache(struct fixture *f)
{
	struct layer_cache *cache = NULL;

	assert_ok(layer_cache_open(f->store, &cache, &f->err), f->err);
	return cache;
}

/* Keep `text` under the key that `name` hashes to. */
static struct object_id keep(struct fixture *f, struct layer_cache *cache, const char *name,
			     const char *text)
{
	cleanup_with(layer_entry_free) struct layer_entry *entry = NULL;
	struct object_id key = object_id_of(name, strlen(name));
	const struct cached_layer layer = { .diff_id = object_id_of("plain", 5),
					    .size = 5,
					    .digest = object_id_of(text, strlen(text)),
					    .blob_size = strlen(text) };

	assert_ok(layer_entry_begin(cache, &entry, &f->err), f->err);
	assert_int_equal(fd_write_all(layer_entry_fd(entry), text, strlen(text)), 0);
	assert_ok(layer_entry_keep(entry, &key, &layer, &f->err), f->err);
	return key;
}

static bool is_there(struct fixture *f, struct layer_cache *cache, const struct object_id *key)
{
	struct cached_layer layer;
	int fd, r = layer_cache_find(cache, key, &layer, &fd, &f->err);

	assert_ok(r, f->err);
	if (r > 0)
		close(fd);
	return r > 0;
}

static char *file_of(struct fixture *f, const struct object_id *key, const char *ending)
{
	return xasprintf("%s/layers/%s.%s", f->dir, object_id_hex(key).text, ending);
}

static size_t count_files(struct fixture *f)
{
	cleanup_free char *find = xasprintf("find %s/layers -type f | wc -l", f->dir);
	FILE *pipe = popen(find, "r"); /* NOLINT(cert-env33-c) */
	size_t count = 0;

	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%zu", &count), 1); /* NOLINT(cert-err34-c) */
	pclose(pipe);
	return count;
}

static void test_what_was_kept_is_found(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	struct object_id key = keep(f, cache, "a", "some bytes"), other = object_id_of("b", 1);
	struct cached_layer layer;
	char bytes[10];
	int fd;

	assert_false(is_there(f, cache, &other));
	assert_int_equal(layer_cache_find(cache, &key, &layer, &fd, &f->err), 1);
	assert_int_equal(layer.size, 5);
	assert_int_equal(layer.blob_size, 10);
	assert_int_equal(pread(fd, bytes, sizeof bytes, 0), 10);
	assert_memory_equal(bytes, "some bytes", 10);
	close(fd);
}

static void test_what_was_not_kept_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	struct layer_entry *entry;

	assert_ok(layer_entry_begin(cache, &entry, &f->err), f->err);
	assert_int_equal(count_files(f), 1);
	layer_entry_free(entry);
	assert_int_equal(count_files(f), 0);
}

static void test_a_blob_of_another_length_is_not_used(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	struct object_id key = keep(f, cache, "a", "some bytes");
	cleanup_free char *path = file_of(f, &key, "blob");

	assert_int_equal(truncate(path, 5), 0);
	assert_false(is_there(f, cache, &key));
	assert_int_equal(count_files(f), 0);
}

/* Say in the entry's facts that another boot wrote it. */
static void forget_boot(struct fixture *f, const struct object_id *key)
{
	cleanup_free char *path = file_of(f, key, "json");
	cleanup_with(buf_release) struct buf text = { 0 };
	char *boot;

	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text), 0);
	boot = strstr(text.data, "\"boot\":\"");
	assert_non_null(boot);
	boot[8] = boot[8] == '0' ? '1' : '0';
	assert_int_equal(file_replace(AT_FDCWD, path, text.data, text.length, 0600, false), 0);
}

static void test_blobs_of_another_boot_are_hashed_once(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	struct object_id good = keep(f, cache, "a", "some bytes");
	struct object_id bad = keep(f, cache, "b", "some bytes");
	cleanup_free char *path = file_of(f, &bad, "blob");

	forget_boot(f, &good);
	forget_boot(f, &bad);
	assert_int_equal(file_replace(AT_FDCWD, path, "other byte", 10, 0600, false), 0);
	assert_true(is_there(f, cache, &good));
	assert_false(is_there(f, cache, &bad));
	/* trusted from now on, so that nobody looks at its bytes */
	free(path);
	path = file_of(f, &good, "blob");
	assert_int_equal(file_replace(AT_FDCWD, path, "other byte", 10, 0600, false), 0);
	assert_true(is_there(f, cache, &good));
}

static void test_facts_that_make_no_sense_are_no_entry(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	static const char *const texts[] = { "", "{", "{}", "[]",
					     "{\"boot\":\"x\",\"diffID\":\"y\"}" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct object_id key = keep(f, cache, "a", "some bytes");
		cleanup_free char *path = file_of(f, &key, "json");

		assert_int_equal(
			file_replace(AT_FDCWD, path, texts[i], strlen(texts[i]), 0600, false), 0);
		assert_false(is_there(f, cache, &key));
	}
}

/* What the blob takes of the disk: filesystems differ. */
static uint64_t space_of(struct fixture *f, const struct object_id *key)
{
	cleanup_free char *path = file_of(f, key, "blob");
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

static void set_used(struct fixture *f, const struct object_id *key, time_t when)
{
	cleanup_free char *path = file_of(f, key, "blob");
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_trimming_takes_what_was_used_least_recently(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	struct object_id old = keep(f, cache, "a", "some bytes");
	struct object_id new = keep(f, cache, "b", "some bytes");
	uint64_t space = space_of(f, &old), freed = 0;

	set_used(f, &old, 1000);
	set_used(f, &new, 2000);
	assert_ok(layer_cache_trim(cache, space, &freed, &f->err), f->err);
	assert_int_equal(freed, space);
	assert_false(is_there(f, cache, &old));
	assert_true(is_there(f, cache, &new));
	assert_ok(layer_cache_trim(cache, 0, NULL, &f->err), f->err);
	assert_int_equal(count_files(f), 0);
}

static void test_trimming_leaves_what_is_being_written(void **state)
{
	struct fixture *f = *state;
	cleanup_with(layer_cache_close) struct layer_cache *cache = open_cache(f);
	cleanup_with(layer_entry_free) struct layer_entry *entry = NULL;
	cleanup_free char *dead = xasprintf("%s/layers/tmp-1-1", f->dir);

	assert_ok(layer_entry_begin(cache, &entry, &f->err), f->err);
	assert_int_equal(file_replace(AT_FDCWD, dead, "x", 1, 0600, false), 0);
	assert_int_equal(count_files(f), 2);
	assert_ok(layer_cache_trim(cache, 0, NULL, &f->err), f->err);
	assert_int_equal(count_files(f), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_kept_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_not_kept_leaves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_blob_of_another_length_is_not_used, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_blobs_of_another_boot_are_hashed_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_facts_that_make_no_sense_are_no_entry, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_trimming_takes_what_was_used_least_recently,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trimming_leaves_what_is_being_written, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
