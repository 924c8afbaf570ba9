/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "builder/step/memory.h"
#include "tests/lib/unit.h"

#define MEMINFO "MemTotal:        4000 kB\nMemFree:  1 kB\nMemAvailable:    3000 kB\n"

struct fixture {
	char *path;
	int fd;
};

static void make_dir(struct fixture *f, const char *path)
{
	assert_int_equal(mkdirat(f->fd, path, 0755), 0);
}

static void put(struct fixture *f, const char *path, const char *text)
{
	assert_int_equal(file_replace(f->fd, path, text, strlen(text), 0644, false), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->path = test_directory();
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_dir(f, "proc");
	make_dir(f, "proc/self");
	make_dir(f, "sys");
	make_dir(f, "sys/fs");
	make_dir(f, "sys/fs/cgroup");
	make_dir(f, "sys/fs/cgroup/a");
	make_dir(f, "sys/fs/cgroup/a/b");
	put(f, "proc/meminfo", MEMINFO);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	test_directory_remove(f->path);
	free(f);
	return 0;
}

static void assert_memory(const struct fixture *f, uint64_t total, uint64_t available)
{
	struct memory memory;

	assert_int_equal(memory_read(f->fd, &memory), 0);
	assert_int_equal(memory.total, total);
	assert_int_equal(memory.available, available);
}

static void test_without_groups_the_machine_counts(void **state)
{
	struct fixture *f = *state;

	assert_memory(f, 4000 << 10, 3000 << 10);
	put(f, "proc/self/cgroup", "4:memory:/a/b\n");
	assert_memory(f, 4000 << 10, 3000 << 10);
	put(f, "proc/self/cgroup", "1:name=x:/\n0::/a/b\n");
	assert_memory(f, 4000 << 10, 3000 << 10);
}

static void test_the_tightest_group_counts(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/self/cgroup", "0::/a/b\n");
	put(f, "sys/fs/cgroup/a/b/memory.max", "max\n");
	put(f, "sys/fs/cgroup/a/b/memory.current", "100\n");
	assert_memory(f, 4000 << 10, 3000 << 10);
	put(f, "sys/fs/cgroup/a/memory.max", "1000000\n");
	put(f, "sys/fs/cgroup/a/memory.current", "900000\n");
	assert_memory(f, 1000000, 100000);
	put(f, "sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 300000\n");
	assert_memory(f, 1000000, 400000);
	put(f, "sys/fs/cgroup/memory.max", "500000\n");
	put(f, "sys/fs/cgroup/memory.current", "600000\n");
	assert_memory(f, 500000, 0);
}

static void test_the_root_of_a_namespace_is_a_group(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/self/cgroup", "0::/\n");
	put(f, "sys/fs/cgroup/memory.max", "1000000\n");
	put(f, "sys/fs/cgroup/memory.current", "1\n");
	assert_memory(f, 1000000, 999999);
}

static void test_what_cannot_be_told_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct memory memory;

	put(f, "proc/meminfo", "MemTotal: 1 kB\n");
	assert_int_equal(memory_read(f->fd, &memory), -ENODATA);
	put(f, "proc/meminfo", "MemTotal: 1 kB\nMemAvailable: much\n");
	assert_int_equal(memory_read(f->fd, &memory), -EPROTO);
	assert_int_equal(unlinkat(f->fd, "proc/meminfo", 0), 0);
	assert_int_equal(memory_read(f->fd, &memory), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_groups_the_machine_counts, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_the_tightest_group_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_root_of_a_namespace_is_a_group, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_told_is_an_error, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
