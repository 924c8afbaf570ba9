/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "builder/sandbox/group_hierarchy.h"
#include "builder/sandbox/group_place.h"
#include "fs/base/alloc.h"
#include "tests/lib/unit.h"

#define UNIFIED "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define LEGACY                                                                        \
	"32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" \
	"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"           \
	"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"

struct fixture {
	char *path;
	int fd;
	struct buf why, mend;
	struct group_places places;
};

static void put(struct fixture *f, const char *path, const char *text)
{
	cleanup_free char *directory = xasprintf("%s/%s", f->path, path);

	*strrchr(directory, '/') = '\0';
	assert_int_equal(dir_make_all(directory, 0777), 0);
	assert_int_equal(file_replace(f->fd, path, text, strlen(text), 0666, false), 0);
}

/* A group of the unified hierarchy, below sys/fs/cgroup. */
static void put_group(struct fixture *f, const char *name, const char *procs, const char *has,
		      const char *gives)
{
	const char *const files[][2] = { { "cgroup.procs", procs },
					 { "cgroup.controllers", has },
					 { "cgroup.subtree_control", gives } };

	for (size_t i = 0; i < 3; i++) {
		cleanup_free char *path = xasprintf("sys/fs/cgroup%s/%s", name, files[i][0]);

		put(f, path, files[i][1]);
	}
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	/* Whoever root is for a moment may write, too. */
	umask(0);
	f->path = test_directory();
	assert_int_equal(chmod(f->path, 0777), 0);
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	group_places_release(&f->places);
	buf_release(&f->why);
	buf_release(&f->mend);
	test_directory_remove(f->path);
	free(f);
	return 0;
}

static unsigned find(struct fixture *f, unsigned controllers)
{
	group_places_release(&f->places);
	buf_clear(&f->why);
	buf_clear(&f->mend);
	return group_places_find(f->fd, controllers, true, &f->places, &f->why, &f->mend);
}

static void assert_place(const struct fixture *f, size_t i, unsigned controllers,
			 const char *directory)
{
	assert_true(i < f->places.count);
	assert_int_equal(f->places.items[i].controllers, controllers);
	assert_string_equal(f->places.items[i].directory, directory);
}

static void test_each_controller_of_version_1_has_its_hierarchy(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/self/cgroup", "4:memory:/a/b\n1:cpu,cpuacct:/\n0::/\n");
	put(f, "proc/self/mountinfo", LEGACY);
	put(f, "sys/fs/cgroup/memory/a/b/cgroup.procs", "");
	put(f, "sys/fs/cgroup/cpu,cpuacct/cgroup.procs", "");
	assert_int_equal(find(f, GROUP_MEMORY | GROUP_CPU), 0);
	assert_int_equal(f->places.count, 2);
	assert_place(f, 0, GROUP_MEMORY, "sys/fs/cgroup/memory/a/b");
	assert_place(f, 1, GROUP_CPU, "sys/fs/cgroup/cpu,cpuacct");
	assert_false(f->places.items[0].unified);
	assert_int_equal(find(f, GROUP_CPUSET), GROUP_CPUSET);
	assert_non_null(strstr(buf_string(&f->why), "cpuset"));
}

static void test_a_group_below_what_is_mounted_is_found_there(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/self/cgroup", "4:memory:/docker/x/in\n");
	put(f, "proc/self/mountinfo",
	    "35 31 0:32 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
	put(f, "sys/fs/cgroup/memory/in/cgroup.procs", "");
	assert_int_equal(find(f, GROUP_MEMORY), 0);
	assert_place(f, 0, GROUP_MEMORY, "sys/fs/cgroup/memory/in");
	put(f, "proc/self/cgroup", "4:memory:/docker/other\n");
	assert_int_equal(find(f, GROUP_MEMORY), GROUP_MEMORY);
	put(f, "proc/self/cgroup", "4:memory:/../other\n");
	assert_int_equal(find(f, GROUP_MEMORY), GROUP_MEMORY);
	put(f, "proc/self/cgroup", "odd\n\n:::\n4:memory\n");
	assert_int_equal(find(f, GROUP_MEMORY), GROUP_MEMORY);
}

static void test_the_nearest_group_that_gives_controllers_is_taken(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/self/cgroup", "0::/user/app/scope\n");
	put(f, "proc/self/mountinfo", UNIFIED);
	put_group(f, "", "", "cpuset cpu io memory pids", "cpu memory pids");
	put_group(f, "/user", "", "cpu memory pids", "memory pids");
	put_group(f, "/user/app", "", "memory pids", "memory pids");
	put_group(f, "/user/app/scope", "1\n2\n", "memory pids", "memory");
	assert_int_equal(find(f, GROUP_MEMORY), 0);
	assert_place(f, 0, GROUP_MEMORY, "sys/fs/cgroup/user/app/scope");
	assert_true(f->places.items[0].unified);
	/* What is not given yet is asked for. */
	put_group(f, "/user/app/scope", "1\n2\n", "memory pids", "");
	assert_int_equal(find(f, GROUP_MEMORY), 0);
	assert_int_equal(find(f, GROUP_MEMORY | GROUP_CPU), 0);
	assert_place(f, 0, GROUP_MEMORY | GROUP_CPU, "sys/fs/cgroup/user");
}

static void test_what_is_not_ours_is_left_alone(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *path = xasprintf("%s/sys/fs/cgroup/a", f->path);

	uid_t self = geteuid();

	put(f, "proc/self/cgroup", "0::/a/b\n");
	put(f, "proc/self/mountinfo", UNIFIED);
	put_group(f, "", "", "cpu memory", "cpu memory");
	put_group(f, "/a", "", "memory", "memory");
	put_group(f, "/a/b", "1\n", "memory", "memory");
	assert_int_equal(chmod(path, 0555), 0);
	/* Root may write everywhere. */
	assert_int_equal(seteuid(self ? self : 65534), 0);
	assert_int_equal(find(f, GROUP_MEMORY), 0);
	assert_int_equal(find(f, GROUP_CPU), GROUP_CPU);
	assert_non_null(strstr(buf_string(&f->why), "has no controller for cpu"));
	assert_non_null(strstr(buf_string(&f->mend), "Delegate=cpu cpuset"));
	assert_int_equal(seteuid(self), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

static void test_a_controller_that_the_kernel_lacks_is_told(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/self/cgroup", "0::/\n");
	put(f, "proc/self/mountinfo", UNIFIED);
	put_group(f, "", "", "cpu io", "cpu");
	assert_int_equal(find(f, GROUP_ALL), GROUP_MEMORY | GROUP_CPUSET);
	assert_place(f, 0, GROUP_CPU, "sys/fs/cgroup");
	assert_string_equal(buf_string(&f->why), "the kernel has no control group for memory; "
						 "the kernel has no control group for cpuset");
	assert_non_null(strstr(buf_string(&f->mend), "cgroup_enable=memory"));
}

static void test_without_groups_there_is_no_place(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, GROUP_ALL), GROUP_ALL);
	assert_int_equal(f->places.count, 0);
	assert_true(f->why.length > 0);
}

static void test_words_of_a_list_are_whole_words(void **state)
{
	(void)state;
	assert_true(group_list_has("cpu,cpuacct", ",", "cpu"));
	assert_true(group_list_has("cpuset memory\n", " \n", "memory"));
	assert_false(group_list_has("cpuset memory\n", " \n", "cpu"));
	assert_false(group_list_has("", ",", "cpu"));
	assert_false(group_list_has(",,", ",", "cpu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_controller_of_version_1_has_its_hierarchy,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_group_below_what_is_mounted_is_found_there,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_the_nearest_group_that_gives_controllers_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_not_ours_is_left_alone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_controller_that_the_kernel_lacks_is_told,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_without_groups_there_is_no_place, set_up,
						tear_down),
		cmocka_unit_test(test_words_of_a_list_are_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
