/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "fs/base/alloc.h"
#include "fs/store/loose.h"
#include "tests/lib/unit.h"

struct fixture {
	char *path;
	int fd, objects_fd;
	struct error err;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);

	f->path = test_directory();
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->fd, "objects", 0700), 0);
	f->objects_fd = openat(f->fd, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	close(f->objects_fd);
	test_directory_remove(f->path);
	free(f);
	return 0;
}

static void publish(struct fixture *f, const char *text)
{
	struct object_id id = object_id_of(text, strlen(text));

	assert_int_equal(file_replace(f->fd, "new", text, strlen(text), 0444, false), 0);
	assert_ok(loose_publish(f->objects_fd, &id, f->fd, "new", &f->err), f->err);
	assert_int_equal(faccessat(f->fd, "new", F_OK, 0), -1);
}

static void test_names_lead_there_and_back(void **state)
{
	struct object_id id = object_id_of("x", 1), again;
	char path[LOOSE_PATH_SIZE];

	(void)state;
	loose_path(&id, path);
	assert_int_equal(path[2], '/');
	path[2] = '\0';
	assert_true(loose_parse(path, path + 3, &again));
	assert_true(object_id_equal(&id, &again));
	assert_false(loose_parse(path, path + 4, &again));
	assert_false(loose_parse("zz", path + 3, &again));
	assert_false(loose_parse("abc", path + 3, &again));
}

static void test_publishing_twice_keeps_the_first_file(void **state)
{
	struct fixture *f = *state;
	struct object_id id = object_id_of("hello", 5);
	char path[LOOSE_PATH_SIZE];
	struct stat before, after;

	publish(f, "hello");
	loose_path(&id, path);
	assert_int_equal(fstatat(f->objects_fd, path, &before, 0), 0);
	publish(f, "hello");
	assert_int_equal(fstatat(f->objects_fd, path, &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void test_what_is_not_there_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct object_id id = object_id_of("hello", 5);
	struct loose_blob *blob;
	uint64_t size;

	assert_int_equal(loose_find(f->objects_fd, &id, &size, &f->err), 0);
	assert_int_equal(loose_open(f->objects_fd, &id, &blob, &f->err), 0);
	publish(f, "hello");
	assert_int_equal(loose_find(f->objects_fd, &id, &size, &f->err), 1);
	assert_int_equal(size, 5);
}

static void test_a_blob_can_be_mapped(void **state)
{
	struct fixture *f = *state;
	struct object_id id = object_id_of("hello", 5), empty = object_id_of("", 0);
	struct loose_blob *blob;
	const uint8_t *map, *again;

	publish(f, "hello");
	publish(f, "");
	assert_int_equal(loose_open(f->objects_fd, &id, &blob, &f->err), 1);
	assert_ok(loose_map(blob, &map, &f->err), f->err);
	assert_memory_equal(map, "hello", 5);
	assert_ok(loose_map(blob, &again, &f->err), f->err);
	assert_ptr_equal(map, again);
	loose_free(blob);
	assert_int_equal(loose_open(f->objects_fd, &empty, &blob, &f->err), 1);
	assert_ok(loose_map(blob, &map, &f->err), f->err);
	assert_null(map);
	loose_free(blob);
}

static void test_a_directory_in_the_place_of_a_blob_is_damage(void **state)
{
	struct fixture *f = *state;
	struct object_id id = object_id_of("hello", 5);
	char path[LOOSE_PATH_SIZE];
	struct loose_blob *blob;
	uint64_t size;

	publish(f, "hello");
	loose_path(&id, path);
	assert_int_equal(unlinkat(f->objects_fd, path, 0), 0);
	assert_int_equal(mkdirat(f->objects_fd, path, 0700), 0);
	assert_int_equal(loose_find(f->objects_fd, &id, &size, &f->err), -EBADMSG);
	assert_int_equal(loose_open(f->objects_fd, &id, &blob, &f->err), -EBADMSG);
}

static void test_walking_finds_all_and_tells_strays(void **state)
{
	struct fixture *f = *state;
	struct loose_walk walk;
	struct object_id id;
	struct stat st;
	const char *stray;
	size_t found = 0, strays = 0;
	int r;

	for (char c = 'a'; c < 'z'; c++)
		publish(f, (char[]){ c, '\0' });
	assert_int_equal(mkdirat(f->objects_fd, "ff", 0700) == 0 || errno == EEXIST, 1);
	assert_int_equal(file_replace(f->objects_fd, "ff/notes.txt", "x", 1, 0600, false), 0);
	loose_walk_init(&walk, f->objects_fd);
	while ((r = loose_walk_next(&walk, &id, &st, &stray, &f->err)) > 0) {
		found += !stray;
		strays += stray != NULL;
	}
	loose_walk_release(&walk);
	assert_int_equal(r, 0);
	assert_int_equal(found, 25);
	assert_int_equal(strays, 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_lead_there_and_back),
		test(test_publishing_twice_keeps_the_first_file),
		test(test_what_is_not_there_is_not_found),
		test(test_a_blob_can_be_mapped),
		test(test_a_directory_in_the_place_of_a_blob_is_damage),
		test(test_walking_finds_all_and_tells_strays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
