/* SPDX-License-Identifier: Apache-2.0 */
/* One of everything, made in one step and looked at in a later one. */
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "tests/lib/posix/posix.h"

#define MIB  (1 << 20)
#define FAR  ((off_t)1 << 28)
#define SIZE (3 * MIB)

static const struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
static const uint32_t acl[] = { 2,          7 << 16 | 1, UINT32_MAX, 6 << 16 | 2,
				1000,       5 << 16 | 4, UINT32_MAX, 4 << 16 | 16,
				UINT32_MAX, 32,          UINT32_MAX };
static char data[SIZE], back[SIZE];

static void write_pattern(const char *path, off_t at, size_t size)
{
	int fd = open_file(path, O_WRONLY | O_CREAT);

	fill_pattern(data, size, (uint64_t)at);
	CHECK(pwrite(fd, data, size, at) == (ssize_t)size && close(fd) == 0);
}

static void check_pattern(const char *path, off_t at, size_t size)
{
	int fd = open_file(path, O_RDONLY);

	CHECK(pread(fd, back, size, at) == (ssize_t)size && is_pattern(back, size, (uint64_t)at));
	close(fd);
}

static void make_by_map(void)
{
	int fd = open_file("mapped", O_RDWR | O_CREAT);
	char *at;

	CHECK(ftruncate(fd, MIB) == 0);
	at = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(at != MAP_FAILED);
	fill_pattern(at, MIB, 0);
	/* Neither synced nor unmapped: the step just ends. */
}

static void make_holes(void)
{
	int fd;

	write_pattern("sparse", FAR, MIB);
	write_pattern("sparse", 0, 10);
	CHECK(truncate("sparse", 2 * FAR) == 0);
	write_pattern("punched", 0, SIZE);
	fd = open_file("punched", O_RDWR);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB, MIB) == 0);
	close(fd);
}

void kept_make(void)
{
	char path[64];
	int fd;

	write_text("empty", "");
	write_text("inline", "few bytes");
	write_pattern("packed", 0, 50000);
	write_pattern("large", 0, SIZE);
	make_holes();
	make_by_map();
	CHECK(symlink("inline", "symlink") == 0 && mkfifo("pipe", 0604) == 0);
	CHECK(mkdir("dir", 0755) == 0 && link("packed", "dir/other") == 0);
	CHECK(link("symlink", "dir/symlink2") == 0);
	CHECK(chmod("inline", 04751) == 0 && chmod("dir", 03775) == 0);
	CHECK(lsetxattr("inline", "user.key", "value", 5, 0) == 0);
	if (lsetxattr("large", "system.posix_acl_access", acl, sizeof acl, 0) < 0)
		CHECK(errno == EINVAL || errno == EOPNOTSUPP); /* where there is no user 1000 */
	if (mknod("device", S_IFCHR | 0600, makedev(260, 70000)) < 0)
		CHECK(errno == EPERM);
	fd = open(".", O_TMPFILE | O_WRONLY, 0600);
	CHECK(write(fd, "named late", 10) == 10);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "late", AT_SYMLINK_FOLLOW) == 0);
	CHECK(utimensat(AT_FDCWD, "inline", times, 0) == 0);
	CHECK(utimensat(AT_FDCWD, "symlink", times, AT_SYMLINK_NOFOLLOW) == 0);
	CHECK(utimensat(AT_FDCWD, "dir", times, 0) == 0);
}

static void verify_holes(void)
{
	int fd = open_file("sparse", O_RDONLY);
	struct stat st;

	CHECK(fstat(fd, &st) == 0 && st.st_size == 2 * FAR && st.st_blocks * 512 < 4 * MIB);
	CHECK(lseek(fd, 65536, SEEK_DATA) == FAR && lseek(fd, FAR, SEEK_HOLE) == FAR + MIB);
	CHECK_ERROR(ENXIO, lseek(fd, FAR + MIB, SEEK_DATA));
	CHECK(pread(fd, back, MIB, FAR / 2) == MIB && is_zero(back, MIB));
	check_pattern("sparse", FAR, MIB);
	check_pattern("sparse", 0, 10);
	close(fd);
	fd = open_file("punched", O_RDONLY);
	CHECK(lseek(fd, 0, SEEK_HOLE) == MIB && lseek(fd, MIB, SEEK_DATA) == 2 * MIB);
	CHECK(fstat(fd, &st) == 0 && st.st_blocks * 512 <= 2 * MIB + MIB / 2);
	check_pattern("punched", 0, MIB);
	check_pattern("punched", 2 * MIB, MIB);
	CHECK(pread(fd, back, MIB, MIB) == MIB && is_zero(back, MIB));
	close(fd);
}

void kept_verify(void)
{
	struct stat st = stat_of("inline");
	uint32_t found[16];
	char text[16];
	ssize_t n;

	CHECK((st.st_mode & 07777) == 04751 && same_time(&st.st_mtim, &times[1]));
	CHECK(holds_text("empty", "") && holds_text("inline", "few bytes"));
	check_pattern("packed", 0, 50000);
	check_pattern("large", 0, SIZE);
	check_pattern("mapped", 0, MIB);
	verify_holes();
	CHECK(holds_text("late", "named late") && holds_text("symlink", "few bytes"));
	st = stat_of("symlink");
	CHECK(same_time(&st.st_mtim, &times[1]) && st.st_nlink == 2);
	CHECK(S_ISFIFO(stat_of("pipe").st_mode) && (stat_of("pipe").st_mode & 07777) == 0604);
	st = stat_of("dir");
	CHECK((st.st_mode & 07777) == 03775 && same_time(&st.st_mtim, &times[1]));
	CHECK(stat_of("packed").st_nlink == 2);
	CHECK(stat_of("packed").st_ino == stat_of("dir/other").st_ino);
	CHECK(lgetxattr("inline", "user.key", text, sizeof text) == 5 &&
	      memcmp(text, "value", 5) == 0);
	n = lgetxattr("large", "system.posix_acl_access", found, sizeof found);
	CHECK(n == -1 || (n == sizeof acl && memcmp(found, acl, sizeof acl) == 0));
	CHECK(!exists("device") || stat_of("device").st_rdev == makedev(260, 70000));
}
