/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/statvfs.h>
#include <time.h>

#include "tests/lib/posix/posix.h"

#define MODE(path) (stat_of(path).st_mode & 07777)

static int append_byte(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	return fd < 0 ? -1 : (int)write(fd, "x", 1);
}

static int cut(const char *path)
{
	return truncate(path, 1);
}

static int open_cut(const char *path)
{
	return open(path, O_WRONLY | O_TRUNC) < 0 ? -1 : 0;
}

static int allocate(const char *path)
{
	int fd = open(path, O_WRONLY);

	return fd < 0 ? -1 : fallocate(fd, 0, 0, 10000);
}

static int copy_within(const char *path)
{
	int fd = open(path, O_RDWR);
	off_t from = 0, to = 2;

	return fd < 0 ? -1 : (int)copy_file_range(fd, &from, fd, &to, 1, 0);
}

static int remove_it(const char *path)
{
	return unlink(path);
}

static int set_now(const char *path)
{
	return utimensat(AT_FDCWD, path, NULL, 0);
}

static int set_times(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 2 } };

	return utimensat(AT_FDCWD, path, times, 0);
}

static int change_mode(const char *path)
{
	return chmod(path, 02777);
}

static int read_it(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 ? -1 : 0;
}

static int give_away(const char *path)
{
	return chown(path, 0, (gid_t)-1);
}

static void every_bit_of_a_mode_is_kept(void)
{
	write_text("f", "x");
	CHECK(mkdir("d", 0755) == 0);
	for (mode_t mode = 0; mode <= 07777; mode += 0333) {
		CHECK(chmod("f", mode) == 0 && MODE("f") == mode);
		CHECK(chmod("d", mode) == 0 && MODE("d") == mode);
	}
	umask(027);
	close(open("g", O_CREAT | O_WRONLY, 0666));
	CHECK(MODE("g") == 0640 && mkdir("e", 0777) == 0 && MODE("e") == 0750);
	CHECK(mkfifo("p", 0666) == 0 && MODE("p") == 0640);
}

static void permissions_are_checked(void)
{
	need_users();
	write_text("secret", "x");
	CHECK(chmod("secret", 0600) == 0 && mkdir("closed", 0700) == 0);
	write_text("closed/f", "x");
	write_text("mine", "x");
	CHECK(chmod("mine", 0644) == 0);
	CHECK_ERROR(EACCES, as_user(1000, 1000, read_it, "secret"));
	CHECK_ERROR(EACCES, as_user(1000, 1000, read_it, "closed/f"));
	CHECK_ERROR(EACCES, as_user(1000, 1000, append_byte, "mine"));
	CHECK(as_user(1000, 1000, read_it, "mine") == 0);
	CHECK_ERROR(EPERM, as_user(1000, 1000, change_mode, "mine"));
	CHECK_ERROR(EACCES, as_user(1000, 1000, remove_it, "mine"));
	CHECK(chown("mine", 1000, 1000) == 0);
	CHECK_ERROR(EPERM, as_user(1000, 1000, give_away, "mine"));
	CHECK(chown("secret", 5, 1000) == 0 && chmod("secret", 0640) == 0);
	CHECK(as_user(1000, 1000, read_it, "secret") == 0);
	CHECK_ERROR(EACCES, as_user(1001, 1001, read_it, "secret"));
}

/* What stat(1) asks for when it prints nothing else: the kernel may know it from before. */
static mode_t mode_alone(const char *path)
{
	struct statx facts;

	return statx(AT_FDCWD, path, 0, STATX_MODE, &facts) < 0 ? 0 : facts.stx_mode & 07777;
}

/* The file is suid before each way of changing it. */
static void changing_a_file_takes_its_set_id_bits(void)
{
	static int (*const ways[])(const char *) = { append_byte, cut, open_cut, allocate,
						     copy_within };

	need_users();
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		write_text("f", "text");
		CHECK(chmod("f", 06777) == 0);
		CHECK(as_user(1000, 1000, ways[i], "f") >= 0);
		errno = 0;
		CHECK(mode_alone("f") == 0777);
		if (MODE("f") != 0777)
			printf("  way %zu\n", i);
		CHECK(MODE("f") == 0777);
		if (!is_host_root())
			continue;
		CHECK(chmod("f", 06777) == 0 && ways[i]("f") >= 0);
		CHECK(MODE("f") == 06777);
	}
	CHECK(chmod("f", 06777) == 0 && chown("f", 0, 0) == 0 && MODE("f") == 0777);
	CHECK(chmod("f", 02767) == 0 && chown("f", 5, 5) == 0 && MODE("f") == 02767);
	CHECK(mkdir("d", 0755) == 0 && chmod("d", 06755) == 0 && chown("d", 5, 5) == 0);
	CHECK(MODE("d") == 06755);
	CHECK(chmod("f", 0777) == 0 && chown("f", 1000, 7) == 0);
	CHECK(as_user(1000, 1000, change_mode, "f") == 0 && MODE("f") == 0777);
}

static int make_in_it(const char *path)
{
	char name[64];

	snprintf(name, sizeof name, "%s/file", path);
	umask(0);
	if (close(open(name, O_CREAT | O_WRONLY, 02777)) < 0)
		return -1;
	snprintf(name, sizeof name, "%s/dir", path);
	return mkdir(name, 0777);
}

static void set_group_id_directories_hand_on_their_group(void)
{
	CHECK(mkdir("d", 0755) == 0 && chown("d", 0, 7) == 0 && chmod("d", 02777) == 0);
	CHECK(as_user(1000, 1000, make_in_it, "d") == 0);
	CHECK(stat_of("d/file").st_gid == 7 && stat_of("d/file").st_uid == 1000);
	/* Elsewhere the kernel takes the maker for root, who may set it. */
	CHECK(MODE("d/file") == (has_users() ? 0777 : 02777));
	CHECK(stat_of("d/dir").st_gid == 7 && MODE("d/dir") == 02777);
	CHECK(symlink("x", "d/link") == 0 && stat_of("d/link").st_gid == 7);
}

static int rename_it(const char *path)
{
	return rename(path, "sticky/other");
}

static void sticky_directories_protect_what_is_others(void)
{
	need_users();
	CHECK(mkdir("sticky", 0755) == 0 && chmod("sticky", 01777) == 0);
	write_text("sticky/theirs", "x");
	write_text("sticky/mine", "x");
	CHECK(chown("sticky/theirs", 1001, 1001) == 0 && chown("sticky/mine", 1000, 1000) == 0);
	CHECK_ERROR(EPERM, as_user(1000, 1000, remove_it, "sticky/theirs"));
	CHECK_ERROR(EPERM, as_user(1000, 1000, rename_it, "sticky/theirs"));
	CHECK(as_user(1000, 1000, rename_it, "sticky/mine") == 0);
	CHECK(as_user(1000, 1000, remove_it, "sticky/other") == 0);
}

static void times_can_be_set_to_the_nanosecond(void)
{
	static const struct timespec values[][2] = {
		{ { 1, 2 }, { 3, 999999999 } },
		{ { -1000, 5 }, { -1, 1 } },
		{ { (time_t)1 << 33, 123456789 }, { ((time_t)1 << 33) + 5, 1 } },
		{ { 0, 0 }, { 0, 0 } },
	};
	struct timespec times[2];
	struct stat st;

	write_text("f", "x");
	CHECK(mkdir("d", 0755) == 0 && symlink("f", "l") == 0);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		const char *const paths[] = { "f", "d", "l" };

		for (size_t j = 0; j < 3; j++) {
			CHECK(utimensat(AT_FDCWD, paths[j], values[i], AT_SYMLINK_NOFOLLOW) == 0);
			st = stat_of(paths[j]);
			CHECK(same_time(&st.st_atim, &values[i][0]));
			CHECK(same_time(&st.st_mtim, &values[i][1]));
		}
	}
	times[0] = (struct timespec){ 0, UTIME_OMIT };
	times[1] = (struct timespec){ 77, 7 };
	CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0);
	st = stat_of("f");
	CHECK(st.st_atim.tv_sec == 0 && same_time(&st.st_mtim, &times[1]));
	times[1] = (struct timespec){ 0, UTIME_NOW };
	CHECK(utimensat(AT_FDCWD, "f", times, 0) == 0);
	CHECK(stat_of("f").st_atim.tv_sec == 0 && stat_of("f").st_mtim.tv_sec > 1000000);
}

static void times_are_set_by_those_who_may(void)
{
	need_users();
	write_text("f", "x");
	CHECK(chmod("f", 0666) == 0);
	CHECK(as_user(1000, 1000, set_now, "f") == 0);
	CHECK_ERROR(EPERM, as_user(1000, 1000, set_times, "f"));
	CHECK(chmod("f", 0644) == 0);
	CHECK_ERROR(EACCES, as_user(1000, 1000, set_now, "f"));
	CHECK(chown("f", 1000, 1000) == 0 && as_user(1000, 1000, set_times, "f") == 0);
	CHECK(stat_of("f").st_mtim.tv_sec == 2);
}

/* What has changed of a file, or of the directory ".", since `before`: 'm', 'c', in this order. */
static const char *changed(const char *path, const struct stat *before)
{
	struct stat now = stat_of(path);
	bool m = later(&now.st_mtim, &before->st_mtim), c = later(&now.st_ctim, &before->st_ctim);

	return m && c ? "mc" : m ? "m" : c ? "c" : "";
}

static int chmod_f(void)
{
	return chmod("f", 0600);
}
static int chown_f(void)
{
	return chown("f", 0, 0);
}
static int write_f(void)
{
	int fd = open("f", O_WRONLY);

	return write(fd, "y", 1) == 1 ? close(fd) : -1;
}
static int cut_f(void)
{
	return truncate("f", 0);
}
static int grow_f(void)
{
	return truncate("f", 4000);
}
static int link_f(void)
{
	return link("f", "g");
}
static int unlink_g(void)
{
	return unlink("g");
}
static int rename_f(void)
{
	return rename("f", "h") == 0 ? rename("h", "f") : -1;
}
static int mkdir_d(void)
{
	return mkdir("d", 0755);
}
static int rmdir_d(void)
{
	return rmdir("d");
}
static int symlink_l(void)
{
	return symlink("f", "l");
}
static int touch_f(void)
{
	return utimensat(AT_FDCWD, "f", NULL, 0);
}
static int read_f(void)
{
	char byte;
	int fd = open("f", O_RDONLY);

	return read(fd, &byte, 1) >= 0 ? close(fd) : -1;
}

static void every_change_stamps_what_it_must(void)
{
	static const struct {
		int (*run)(void);
		const char *file, *directory;
	} table[] = {
		{ chmod_f, "c", "" },    { chown_f, "c", "" },    { write_f, "mc", "" },
		{ cut_f, "mc", "" },     { grow_f, "mc", "" },    { link_f, "c", "mc" },
		{ unlink_g, "c", "mc" }, { rename_f, "c", "mc" }, { mkdir_d, "", "mc" },
		{ rmdir_d, "", "mc" },   { symlink_l, "", "mc" }, { touch_f, "mc", "" },
		{ read_f, "", "" },
	};

	write_text("f", "x");
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct stat file = stat_of("f"), directory = stat_of(".");

		let_time_pass();
		CHECK(table[i].run() == 0);
		bool right = strcmp(changed("f", &file), table[i].file) == 0 &&
			     strcmp(changed(".", &directory), table[i].directory) == 0;

		if (!right)
			printf("  row %zu: file '%s', directory '%s'\n", i, changed("f", &file),
			       changed(".", &directory));
		CHECK(right);
	}
}

static void the_filesystem_tells_its_numbers(void)
{
	struct statvfs st;

	CHECK(statvfs(".", &st) == 0);
	CHECK(st.f_namemax == 255 && st.f_bsize >= 512 && st.f_frsize >= 512);
	CHECK(st.f_blocks > 0 && st.f_bfree <= st.f_blocks && st.f_bavail <= st.f_bfree);
	CHECK(st.f_files >= st.f_ffree && !(st.f_flag & ST_RDONLY));
	write_text("f", "x");
	CHECK(stat_of("f").st_blksize >= 512 && stat_of("f").st_ino > 0);
	CHECK(stat_of(".").st_dev == stat_of("f").st_dev);
}

static void inode_numbers_are_ones_own(void)
{
	struct stat a, b;

	write_text("a", "x");
	a = stat_of("a");
	CHECK(unlink("a") == 0);
	write_text("b", "x");
	write_text("c", "x");
	b = stat_of("b");
	CHECK(b.st_ino != stat_of("c").st_ino);
	CHECK(rename("b", "d") == 0 && stat_of("d").st_ino == b.st_ino);
	CHECK(chmod("d", 0600) == 0 && stat_of("d").st_ino == b.st_ino);
	CHECK(a.st_ino > 0);
}

const struct posix_test tests_of_attributes[] = {
	{ "modes", every_bit_of_a_mode_is_kept },
	{ "permissions", permissions_are_checked },
	{ "set-id", changing_a_file_takes_its_set_id_bits },
	{ "set-gid-directory", set_group_id_directories_hand_on_their_group },
	{ "sticky", sticky_directories_protect_what_is_others },
	{ "nanoseconds", times_can_be_set_to_the_nanosecond },
	{ "who-sets-times", times_are_set_by_those_who_may },
	{ "stamps", every_change_stamps_what_it_must },
	{ "statfs", the_filesystem_tells_its_numbers },
	{ "numbers", inode_numbers_are_ones_own },
	{ 0 },
};
