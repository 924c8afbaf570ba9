/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <limits.h>

#include "tests/lib/posix/posix.h"

static void unlinked_file_lives_while_it_is_open(void)
{
	char data[8192], back[8192];
	struct stat st;
	int fd, again;

	fill_pattern(data, sizeof data, 0);
	fd = open_file("f", O_RDWR | O_CREAT);
	CHECK(write(fd, data, sizeof data) == sizeof data);
	CHECK(unlink("f") == 0 && !exists("f"));
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == sizeof data);
	CHECK(pwrite(fd, data, 10, 200000) == 10);
	CHECK(pread(fd, back, sizeof back, 0) == sizeof back && is_pattern(back, sizeof back, 0));
	CHECK(ftruncate(fd, 5) == 0 && fchmod(fd, 0600) == 0);
	again = open_file("f", O_RDWR | O_CREAT | O_EXCL);
	CHECK(fstat(again, &st) == 0 && st.st_size == 0 && st.st_nlink == 1);
	CHECK(pread(fd, back, sizeof back, 0) == 5);
	close(again);
	close(fd);
}

static void unlinked_file_gets_no_name_again(void)
{
	char path[64];
	int fd = open_file("f", O_RDWR | O_CREAT);

	CHECK(unlink("f") == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK_ERROR(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
}

static void removed_directory_is_empty_and_takes_nothing(void)
{
	struct stat st;
	DIR *dir;
	int fd;

	CHECK(mkdir("d", 0755) == 0);
	fd = open_file("d", O_RDONLY | O_DIRECTORY);
	CHECK(rmdir("d") == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0);
	CHECK_ERROR(ENOENT, openat(fd, "f", O_CREAT | O_WRONLY, 0644));
	CHECK_ERROR(ENOENT, mkdirat(fd, "e", 0755));
	CHECK_ERROR(ENOENT, symlinkat("x", fd, "l"));
	dir = fdopendir(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		CHECK(entry->d_name[0] == '.');
	closedir(dir);
}

static void unnamed_file_can_be_given_a_name(void)
{
	char path[64];
	struct stat st;
	int fd = open(".", O_TMPFILE | O_RDWR, 0640);

	CHECK(fd >= 0);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && (st.st_mode & 07777) == 0640);
	CHECK(write(fd, "text", 4) == 4);
	CHECK(fchmod(fd, 0604) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 1 && st.st_ino == stat_of("f").st_ino);
	CHECK(holds_text("f", "text") && (stat_of("f").st_mode & 07777) == 0604);
	CHECK(write(fd, " and", 4) == 4 && holds_text("f", "text and"));
	CHECK_ERROR(EEXIST, linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	CHECK(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW) == 0);
	CHECK(stat_of("f").st_nlink == 2);
	close(fd);
	CHECK(holds_text("g", "text and"));
}

static void unnamed_file_for_oneself_stays_without_a_name(void)
{
	char path[64];
	int fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);

	CHECK(fd >= 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	CHECK_ERROR(ENOENT, linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	CHECK_ERROR(EINVAL, open(".", O_TMPFILE | O_RDONLY, 0600));
}

static void hard_links_are_one_file(void)
{
	write_text("a", "one");
	CHECK(link("a", "b") == 0);
	CHECK(stat_of("a").st_nlink == 2 && stat_of("a").st_ino == stat_of("b").st_ino);
	write_text("b", "two");
	CHECK(holds_text("a", "two"));
	CHECK(chmod("a", 0600) == 0 && (stat_of("b").st_mode & 07777) == 0600);
	CHECK_ERROR(EEXIST, link("a", "b"));
	CHECK(mkdir("d", 0755) == 0 && link("a", "d/c") == 0 && stat_of("b").st_nlink == 3);
	CHECK_ERROR(EPERM, link("d", "e"));
	CHECK_ERROR(ENOENT, link("nothing", "e"));
	CHECK(unlink("a") == 0 && stat_of("b").st_nlink == 2 && holds_text("d/c", "two"));
	CHECK(unlink("b") == 0 && stat_of("d/c").st_nlink == 1);
	CHECK(symlink("nowhere", "l") == 0 && link("l", "m") == 0);
	CHECK(stat_of("l").st_nlink == 2 && S_ISLNK(stat_of("m").st_mode));
}

static void links_are_limited_as_on_ext4(void)
{
	char name[32];
	int made = 1;

	write_text("f", "x");
	CHECK(mkdir("links", 0755) == 0);
	for (; made < 65000; made++) {
		snprintf(name, sizeof name, "links/%d", made);
		CHECK(link("f", name) == 0);
	}
	CHECK(stat_of("f").st_nlink == 65000);
	CHECK_ERROR(EMLINK, link("f", "one-more"));
	CHECK(!exists("one-more"));
	for (int i = 1; i < made; i++) {
		snprintf(name, sizeof name, "links/%d", i);
		CHECK(unlink(name) == 0);
	}
	CHECK(stat_of("f").st_nlink == 1);
}

static void symlinks_hold_what_they_are_given(void)
{
	char target[4097], found[8192];
	struct stat st;

	memset(target, 'x', sizeof target);
	target[4095] = '\0';
	CHECK(symlink(target, "long") == 0);
	CHECK(readlink("long", found, sizeof found) == 4095 && memcmp(found, target, 4095) == 0);
	CHECK(readlink("long", found, 10) == 10);
	st = stat_of("long");
	CHECK(S_ISLNK(st.st_mode) && st.st_size == 4095 && (st.st_mode & 07777) == 0777);
	target[4095] = 'x';
	target[4096] = '\0';
	CHECK_ERROR(ENAMETOOLONG, symlink(target, "longer"));
	CHECK_ERROR(ENOENT, symlink("", "empty"));
	CHECK_ERROR(EEXIST, symlink("x", "long"));
	CHECK(symlink("loop2", "loop1") == 0 && symlink("loop1", "loop2") == 0);
	CHECK_ERROR(ELOOP, open("loop1", O_RDONLY));
	CHECK(symlink("nowhere", "dangling") == 0);
	CHECK_ERROR(ENOENT, open("dangling", O_RDONLY));
	CHECK_ERROR(EEXIST, open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644));
	CHECK_ERROR(ELOOP, open("dangling", O_RDONLY | O_NOFOLLOW));
	write_text("dangling", "made");
	CHECK(holds_text("nowhere", "made"));
	CHECK_ERROR(EINVAL, readlink("nowhere", found, sizeof found));
	CHECK(mkdir("d", 0755) == 0 && symlink("d", "to-d") == 0 && mkdir("to-d/e", 0755) == 0);
	CHECK(exists("d/e"));
	CHECK_ERROR(ENOTDIR, rmdir("to-d"));
}

static void names_may_have_255_bytes(void)
{
	char name[257];

	memset(name, 'n', sizeof name);
	name[255] = '\0';
	write_text(name, "x");
	CHECK(holds_text(name, "x") && unlink(name) == 0);
	CHECK(mkdir(name, 0755) == 0 && rmdir(name) == 0);
	CHECK(symlink("x", name) == 0 && rename(name, "l") == 0 && rename("l", name) == 0);
	CHECK(unlink(name) == 0);
	write_text("f", "x");
	name[255] = 'n';
	name[256] = '\0';
	CHECK_ERROR(ENAMETOOLONG, open(name, O_RDONLY));
	CHECK_ERROR(ENAMETOOLONG, open(name, O_CREAT | O_WRONLY, 0644));
	CHECK_ERROR(ENAMETOOLONG, mkdir(name, 0755));
	CHECK_ERROR(ENAMETOOLONG, symlink("x", name));
	CHECK_ERROR(ENAMETOOLONG, link("f", name));
	CHECK_ERROR(ENAMETOOLONG, rename("f", name));
	CHECK_ERROR(ENAMETOOLONG, mkfifo(name, 0644));
	CHECK_ERROR(ENAMETOOLONG, unlink(name));
	CHECK_ERROR(ENAMETOOLONG, access(name, F_OK));
}

static void names_may_have_any_bytes(void)
{
	char name[4] = "xyz";

	for (int byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		name[1] = (char)byte;
		write_text(name, name);
	}
	for (int byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		name[1] = (char)byte;
		CHECK(holds_text(name, name) && unlink(name) == 0);
	}
	CHECK(mkdir("with\nnew line", 0755) == 0 && rmdir("with\nnew line") == 0);
}

static void paths_go_as_deep_as_one_likes(void)
{
	char name[201], path[PATH_MAX + 1];
	int depth = 0;

	memset(name, 'd', 200);
	name[200] = '\0';
	for (; depth < 60; depth++)
		CHECK(mkdir(name, 0755) == 0 && chdir(name) == 0);
	write_text("bottom", "deep");
	CHECK(holds_text("bottom", "deep"));
	memset(path, '/', sizeof path - 1);
	path[PATH_MAX] = '\0';
	CHECK_ERROR(ENAMETOOLONG, open(path, O_RDONLY));
	CHECK(unlink("bottom") == 0);
	for (; depth > 0; depth--)
		CHECK(chdir("..") == 0 && rmdir(name) == 0);
}

static void directories_refuse_what_they_must(void)
{
	CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0);
	write_text("f", "x");
	CHECK_ERROR(EEXIST, mkdir("d", 0755));
	CHECK_ERROR(EEXIST, mkdir("f", 0755));
	CHECK_ERROR(EEXIST, mkdir(".", 0755));
	CHECK_ERROR(ENOTEMPTY, rmdir("d"));
	CHECK_ERROR(ENOTEMPTY, rmdir("d/e/.."));
	CHECK_ERROR(EINVAL, rmdir("d/e/."));
	CHECK_ERROR(ENOTDIR, rmdir("f"));
	CHECK_ERROR(EISDIR, unlink("d"));
	CHECK_ERROR(ENOENT, rmdir("nothing"));
	CHECK_ERROR(ENOTDIR, mkdir("f/x", 0755));
	CHECK_ERROR(ENOTDIR, open("f/", O_RDONLY));
	CHECK_ERROR(EISDIR, open("d", O_WRONLY));
	CHECK_ERROR(EISDIR, open("d", O_RDONLY | O_CREAT, 0644));
	CHECK_ERROR(ENOTDIR, open("f", O_RDONLY | O_DIRECTORY));
	CHECK_ERROR(EEXIST, open("f", O_WRONLY | O_CREAT | O_EXCL, 0644));
	CHECK_ERROR(EISDIR, truncate("d", 0));
	CHECK(mkdir("g/", 0755) == 0 && rename("g/", "h/") == 0 && rmdir("h/") == 0);
}

static void link_counts_of_directories_count_directories(void)
{
	CHECK(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0);
	CHECK(stat_of("a").st_nlink == 2);
	CHECK(mkdir("a/c", 0755) == 0 && mkdir("a/d", 0755) == 0);
	write_text("a/f", "x");
	CHECK(stat_of("a").st_nlink == 4);
	CHECK(rename("a/c", "b/c") == 0);
	CHECK(stat_of("a").st_nlink == 3 && stat_of("b").st_nlink == 3);
	CHECK(rename("b/c", "a/d") == 0);
	CHECK(stat_of("a").st_nlink == 3 && stat_of("b").st_nlink == 2);
	CHECK(rmdir("a/d") == 0 && stat_of("a").st_nlink == 2);
}

const struct posix_test tests_of_names[] = {
	{ "unlinked-open", unlinked_file_lives_while_it_is_open },
	{ "unlinked-stays-so", unlinked_file_gets_no_name_again },
	{ "removed-directory", removed_directory_is_empty_and_takes_nothing },
	{ "tmpfile", unnamed_file_can_be_given_a_name },
	{ "tmpfile-excl", unnamed_file_for_oneself_stays_without_a_name },
	{ "hard-links", hard_links_are_one_file },
	{ "link-limit", links_are_limited_as_on_ext4 },
	{ "symlinks", symlinks_hold_what_they_are_given },
	{ "length", names_may_have_255_bytes },
	{ "bytes", names_may_have_any_bytes },
	{ "depth", paths_go_as_deep_as_one_likes },
	{ "directories", directories_refuse_what_they_must },
	{ "directory-links", link_counts_of_directories_count_directories },
	{ 0 },
};
