/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sys/stat.h>

#include "builder/sandbox/stat_layout.h"
#include "fs/base/bytes.h"
#include "tests/lib/unit.h"

#if defined(__x86_64__)
#	define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#	define NATIVE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#	define NATIVE AUDIT_ARCH_RISCV64
#endif

static const struct statx facts = { .stx_ino = 0x1122334455,
				    .stx_mode = S_IFREG | 0640,
				    .stx_nlink = 3,
				    .stx_uid = 1000,
				    .stx_gid = 42,
				    .stx_size = 0x100000007,
				    .stx_blksize = 4096,
				    .stx_blocks = 9,
				    .stx_atime = { 11, 12, 0 },
				    .stx_mtime = { 13, 14, 0 },
				    .stx_ctime = { 15, 16, 0 },
				    .stx_dev_minor = 0x5b };

static void test_this_machine_has_the_layout_of_its_c_library(void **state)
{
#ifdef NATIVE
	static const char *const paths[] = { "/", "/dev/null", "/proc/self/exe", "/tmp" };
	uint8_t bytes[STAT_LAYOUT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct statx wide;
		struct stat native;

		memset(&native, 0, sizeof native);
		assert_int_equal(stat(paths[i], &native), 0);
		assert_int_equal(statx(AT_FDCWD, paths[i], 0, STATX_BASIC_STATS, &wide), 0);
		assert_int_equal(stat_layout(NATIVE, false, &wide, bytes), sizeof native);
		assert_memory_equal(bytes, &native, sizeof native);
	}
#else
	(void)state;
	skip();
#endif
}

/* Offsets as the kernel's headers have them. */
static void test_32_bit_machines_have_layouts_of_their_own(void **state)
{
	uint8_t bytes[STAT_LAYOUT_MAX];

	(void)state;
	assert_int_equal(stat_layout(AUDIT_ARCH_I386, false, &facts, bytes), 96);
	assert_int_equal(get_le32(bytes + 12), 0x22334455);
	assert_int_equal(get_le32(bytes + 24), 1000);
	assert_int_equal(get_le32(bytes + 28), 42);
	assert_int_equal(get_le64(bytes + 44), 0x100000007);
	assert_int_equal(get_le32(bytes + 72), 13);
	assert_int_equal(get_le64(bytes + 88), 0x1122334455);
	assert_int_equal(stat_layout(AUDIT_ARCH_ARM, false, &facts, bytes), 104);
	assert_int_equal(get_le32(bytes + 24), 1000);
	assert_int_equal(get_le64(bytes + 48), 0x100000007);
	assert_int_equal(get_le32(bytes + 80), 13);
	assert_int_equal(get_le64(bytes + 96), 0x1122334455);
}

static void test_64_bit_machines_have_two(void **state)
{
	uint8_t bytes[STAT_LAYOUT_MAX];

	(void)state;
	assert_int_equal(stat_layout(AUDIT_ARCH_X86_64, false, &facts, bytes), 144);
	assert_int_equal(get_le32(bytes + 28), 1000);
	assert_int_equal(stat_layout(AUDIT_ARCH_AARCH64, false, &facts, bytes), 128);
	assert_int_equal(get_le32(bytes + 24), 1000);
	assert_int_equal(get_le64(bytes + 48), 0x100000007);
	assert_int_equal(stat_layout(AUDIT_ARCH_RISCV64, false, &facts, bytes), 128);
}

static void test_old_calls_take_what_fits(void **state)
{
	struct statx small = facts;
	uint8_t bytes[STAT_LAYOUT_MAX];

	(void)state;
	assert_int_equal(stat_layout(AUDIT_ARCH_I386, true, &small, bytes), -EOVERFLOW);
	small.stx_ino = 77;
	assert_int_equal(stat_layout(AUDIT_ARCH_I386, true, &small, bytes), -EOVERFLOW);
	small.stx_size = 7;
	assert_int_equal(stat_layout(AUDIT_ARCH_I386, true, &small, bytes), 64);
	assert_int_equal(get_le32(bytes + 4), 77);
	assert_int_equal(get_le16(bytes + 12), 1000);
	assert_int_equal(get_le16(bytes + 14), 42);
	assert_int_equal(get_le32(bytes + 40), 13);
}

static void test_other_machines_have_none(void **state)
{
	uint8_t bytes[STAT_LAYOUT_MAX];

	(void)state;
	assert_int_equal(stat_layout(AUDIT_ARCH_S390X, false, &facts, bytes), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_machine_has_the_layout_of_its_c_library),
		cmocka_unit_test(test_32_bit_machines_have_layouts_of_their_own),
		cmocka_unit_test(test_64_bit_machines_have_two),
		cmocka_unit_test(test_old_calls_take_what_fits),
		cmocka_unit_test(test_other_machines_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
