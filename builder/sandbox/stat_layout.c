/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/sandbox/stat_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fs/base/bytes.h"

enum field {
	FIELD_DEV,
	FIELD_INO,
	FIELD_SHORT_INO, /* beside a wide one: cut off */
	FIELD_MODE,
	FIELD_NLINK,
	FIELD_UID,
	FIELD_GID,
	FIELD_RDEV,
	FIELD_SIZE,
	FIELD_BLKSIZE,
	FIELD_BLOCKS,
	FIELD_ATIME,
	FIELD_ATIME_NS,
	FIELD_MTIME,
	FIELD_MTIME_NS,
	FIELD_CTIME,
	FIELD_CTIME_NS,
	FIELDS,
};

/* Offset and width of each field; a width of 0: it has none. */
struct layout {
	uint8_t size;
	struct {
		uint8_t at, width;
	} fields[FIELDS];
};

static const struct layout x86_64 = {
	144,
	{ { 0, 8 },
	  { 8, 8 },
	  { 0, 0 },
	  { 24, 4 },
	  { 16, 8 },
	  { 28, 4 },
	  { 32, 4 },
	  { 40, 8 },
	  { 48, 8 },
	  { 56, 8 },
	  { 64, 8 },
	  { 72, 8 },
	  { 80, 8 },
	  { 88, 8 },
	  { 96, 8 },
	  { 104, 8 },
	  { 112, 8 } },
};
/* Newer 64-bit architectures. */
static const struct layout generic = {
	128,
	{ { 0, 8 },
	  { 8, 8 },
	  { 0, 0 },
	  { 16, 4 },
	  { 20, 4 },
	  { 24, 4 },
	  { 28, 4 },
	  { 32, 8 },
	  { 48, 8 },
	  { 56, 4 },
	  { 64, 8 },
	  { 72, 8 },
	  { 80, 8 },
	  { 88, 8 },
	  { 96, 8 },
	  { 104, 8 },
	  { 112, 8 } },
};
static const struct layout i386 = {
	96,
	{ { 0, 8 },
	  { 88, 8 },
	  { 12, 4 },
	  { 16, 4 },
	  { 20, 4 },
	  { 24, 4 },
	  { 28, 4 },
	  { 32, 8 },
	  { 44, 8 },
	  { 52, 4 },
	  { 56, 8 },
	  { 64, 4 },
	  { 68, 4 },
	  { 72, 4 },
	  { 76, 4 },
	  { 80, 4 },
	  { 84, 4 } },
};
/* The same with 64-bit fields at multiples of eight. */
static const struct layout arm = {
	104,
	{ { 0, 8 },
	  { 96, 8 },
	  { 12, 4 },
	  { 16, 4 },
	  { 20, 4 },
	  { 24, 4 },
	  { 28, 4 },
	  { 32, 8 },
	  { 48, 8 },
	  { 56, 4 },
	  { 64, 8 },
	  { 72, 4 },
	  { 76, 4 },
	  { 80, 4 },
	  { 84, 4 },
	  { 88, 4 },
	  { 92, 4 } },
};
static const struct layout old_32 = {
	64,
	{ { 0, 4 },
	  { 4, 4 },
	  { 0, 0 },
	  { 8, 2 },
	  { 10, 2 },
	  { 12, 2 },
	  { 14, 2 },
	  { 16, 4 },
	  { 20, 4 },
	  { 24, 4 },
	  { 28, 4 },
	  { 32, 4 },
	  { 36, 4 },
	  { 40, 4 },
	  { 44, 4 },
	  { 48, 4 },
	  { 52, 4 } },
};

static const struct layout *layout_of(uint32_t arch, bool old)
{
	switch (arch) {
	case AUDIT_ARCH_X86_64:
		return &x86_64;
	case AUDIT_ARCH_AARCH64:
	case AUDIT_ARCH_RISCV64:
		return &generic;
	case AUDIT_ARCH_I386:
		return old ? &old_32 : &i386;
	case AUDIT_ARCH_ARM:
		return old ? &old_32 : &arm;
	default:
		return NULL;
	}
}

static uint64_t device(uint32_t major_number, uint32_t minor_number)
{
	return makedev(major_number, minor_number);
}

static void get_values(const struct statx *facts, uint64_t ret[static FIELDS])
{
	ret[FIELD_DEV] = device(facts->stx_dev_major, facts->stx_dev_minor);
	ret[FIELD_INO] = facts->stx_ino;
	ret[FIELD_SHORT_INO] = (uint32_t)facts->stx_ino;
	ret[FIELD_MODE] = facts->stx_mode;
	ret[FIELD_NLINK] = facts->stx_nlink;
	ret[FIELD_UID] = facts->stx_uid;
	ret[FIELD_GID] = facts->stx_gid;
	ret[FIELD_RDEV] = device(facts->stx_rdev_major, facts->stx_rdev_minor);
	ret[FIELD_SIZE] = facts->stx_size;
	ret[FIELD_BLKSIZE] = facts->stx_blksize;
	ret[FIELD_BLOCKS] = facts->stx_blocks;
	ret[FIELD_ATIME] = (uint64_t)facts->stx_atime.tv_sec;
	ret[FIELD_ATIME_NS] = facts->stx_atime.tv_nsec;
	ret[FIELD_MTIME] = (uint64_t)facts->stx_mtime.tv_sec;
	ret[FIELD_MTIME_NS] = facts->stx_mtime.tv_nsec;
	ret[FIELD_CTIME] = (uint64_t)facts->stx_ctime.tv_sec;
	ret[FIELD_CTIME_NS] = facts->stx_ctime.tv_nsec;
}

/* What the kernel cuts off without a word: times on 32-bit machines, and ids that are too wide. */
static bool may_be_cut(enum field field)
{
	return field >= FIELD_ATIME || field == FIELD_UID || field == FIELD_GID;
}

int stat_layout(uint32_t arch, bool old, const struct statx *facts,
		uint8_t ret[static STAT_LAYOUT_MAX])
{
	const struct layout *layout = layout_of(arch, old);
	uint64_t values[FIELDS];

	if (!layout)
		return -ENOSYS;
	get_values(facts, values);
	memset(ret, 0, STAT_LAYOUT_MAX);
	for (enum field i = 0; i < FIELDS; i++) {
		const unsigned width = layout->fields[i].width;
		uint8_t *at = ret + layout->fields[i].at;

		if (width < 8 && width > 0 && values[i] >> (8 * width) && !may_be_cut(i))
			return -EOVERFLOW;
		if (width == 8)
			put_le64(at, values[i]);
		else if (width == 4)
			put_le32(at, (uint32_t)values[i]);
		else if (width == 2)
			put_le16(at, (uint16_t)values[i]);
	}
	/* A length that would look negative. */
	if (layout == &old_32 && facts->stx_size > INT32_MAX)
		return -EOVERFLOW;
	return layout->size;
}
