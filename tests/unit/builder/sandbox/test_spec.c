/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/sandbox/spec.h"
#include "fs/base/alloc.h"
#include "fs/base/wire.h"
#include "tests/lib/unit.h"

static void fill(struct spec *spec)
{
	struct spec_mount *mount;

	spec->root = xstrdup("root-1");
	spec->root_read_only = true;
	strings_add(&spec->argv, "/bin/sh");
	strings_add(&spec->argv, "");
	strings_add(&spec->env, "PATH=/bin");
	spec->cwd = xstrdup("/srv");
	spec->uid = 1000;
	spec->gid = 65535;
	spec->groups = xcalloc(2, sizeof *spec->groups);
	spec->groups[1] = 7;
	spec->group_count = 2;
	spec->hostname = xstrdup("host");
	strings_add(&spec->extra_hosts, "1.2.3.4 there");
	spec->network = SPEC_NETWORK_HOST;
	spec->insecure = true;
	spec->shm_size = UINT64_C(1) << 40;
	spec->ulimits = xcalloc(1, sizeof *spec->ulimits);
	spec->ulimits[0] = (struct spec_ulimit){ 7, { 1, RLIM_INFINITY } };
	spec->ulimit_count = 1;
	mount = spec_add_mount(spec, SPEC_MOUNT_FUSE, "/a");
	mount->filesystem = xstrdup("cache-2");
	mount->source = xstrdup("/x");
	mount->read_only = true;
	mount = spec_add_mount(spec, SPEC_MOUNT_FILE, "/b");
	mount->mode = 0400;
	buf_append(&mount->bytes, "a\0b", 3);
	mount = spec_add_mount(spec, SPEC_MOUNT_TMPFS, "/c");
	mount->tmpfs_size = 4096;
}

static int decode(const struct buf *bytes, size_t size, struct spec *ret)
{
	struct wire wire = wire_of(bytes->data, size);
	int r = spec_decode(&wire, ret);

	return r < 0 ? r : wire_end(&wire);
}

static void test_everything_comes_through(void **state)
{
	struct spec spec = { 0 }, copy = { 0 };
	struct buf bytes = { 0 }, again = { 0 };

	(void)state;
	fill(&spec);
	spec_encode(&spec, &bytes);
	assert_int_equal(decode(&bytes, bytes.length, &copy), 0);
	assert_string_equal(copy.root, "root-1");
	assert_int_equal(copy.argv.count, 2);
	assert_string_equal(copy.argv.items[1], "");
	assert_int_equal(copy.groups[1], 7);
	assert_true(copy.ulimits[0].limit.rlim_max == RLIM_INFINITY);
	assert_int_equal(copy.mount_count, 3);
	assert_string_equal(copy.mounts[0].filesystem, "cache-2");
	assert_int_equal(copy.mounts[1].bytes.length, 3);
	assert_memory_equal(copy.mounts[1].bytes.data, "a\0b", 3);
	assert_null(copy.mounts[2].source);
	spec_encode(&copy, &again);
	assert_int_equal(bytes.length, again.length);
	assert_memory_equal(bytes.data, again.data, bytes.length);
	buf_release(&bytes);
	buf_release(&again);
	spec_release(&spec);
	spec_release(&copy);
}

static void test_a_part_of_one_is_refused(void **state)
{
	struct spec spec = { 0 };
	struct buf bytes = { 0 };

	(void)state;
	fill(&spec);
	spec_encode(&spec, &bytes);
	for (size_t size = 0; size < bytes.length; size++) {
		struct spec copy = { 0 };

		assert_int_equal(decode(&bytes, size, &copy), -EPROTO);
		spec_release(&copy);
	}
	buf_release(&bytes);
	spec_release(&spec);
}

static void assert_refused(const struct spec *spec)
{
	struct spec copy = { 0 };
	struct buf bytes = { 0 };

	spec_encode(spec, &bytes);
	assert_int_equal(decode(&bytes, bytes.length, &copy), -EPROTO);
	buf_release(&bytes);
	spec_release(&copy);
}

static void test_what_makes_no_step_is_refused(void **state)
{
	struct spec spec = { 0 };

	(void)state;
	assert_refused(&spec); /* no root */
	spec.root = xstrdup("root");
	assert_refused(&spec); /* no command */
	strings_add(&spec.argv, "sh");
	spec_add_mount(&spec, SPEC_MOUNT_TMPFS, "relative");
	assert_refused(&spec);
	free(spec.mounts[0].target);
	spec.mounts[0].target = xstrdup("/absolute");
	spec.mounts[0].type = SPEC_MOUNT_FUSE; /* of nothing */
	assert_refused(&spec);
	spec_release(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_comes_through),
		cmocka_unit_test(test_a_part_of_one_is_refused),
		cmocka_unit_test(test_what_makes_no_step_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
