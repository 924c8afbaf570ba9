/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/posix/posix.h"

static int rename_with(const char *from, const char *to, unsigned flags)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void noreplace_replaces_nothing(void)
{
	write_text("a", "a");
	write_text("b", "b");
	CHECK(mkdir("d", 0755) == 0);
	CHECK_ERROR(EEXIST, rename_with("a", "b", RENAME_NOREPLACE));
	CHECK_ERROR(EEXIST, rename_with("a", "d", RENAME_NOREPLACE));
	CHECK_ERROR(EEXIST, rename_with("a", "a", RENAME_NOREPLACE));
	CHECK(rename_with("a", "d/c", RENAME_NOREPLACE) == 0);
	CHECK(!exists("a") && holds_text("d/c", "a") && holds_text("b", "b"));
	CHECK_ERROR(EINVAL, rename_with("b", "x", RENAME_NOREPLACE | RENAME_EXCHANGE));
	CHECK_ERROR(EINVAL, rename_with("b", "x", 1u << 10));
}

static void exchange_swaps_whatever_it_is(void)
{
	write_text("a", "a");
	CHECK(mkdir("d", 0755) == 0 && mkdir("d/sub", 0755) == 0 && mkdir("e", 0755) == 0);
	write_text("e/b", "b");
	CHECK(rename_with("a", "e/b", RENAME_EXCHANGE) == 0);
	CHECK(holds_text("a", "b") && holds_text("e/b", "a"));
	CHECK(rename_with("a", "d/sub", RENAME_EXCHANGE) == 0);
	CHECK(S_ISDIR(stat_of("a").st_mode) && holds_text("d/sub", "b"));
	CHECK(stat_of("d").st_nlink == 2);
	CHECK_ERROR(ENOENT, rename_with("a", "nothing", RENAME_EXCHANGE));
	CHECK(exists("a") && !exists("nothing"));
	CHECK(mkdir("d/deep", 0755) == 0 && mkdir("d/deep/er", 0755) == 0);
	CHECK_ERROR(EINVAL, rename_with("d", "d/deep/er", RENAME_EXCHANGE));
	CHECK_ERROR(EINVAL, rename_with("d/deep/er", "d", RENAME_EXCHANGE));
	CHECK(rename_with("d/deep", "d/deep", RENAME_EXCHANGE) == 0);
	CHECK(symlink("x", "l") == 0 && rename_with("l", "e/b", RENAME_EXCHANGE) == 0);
	CHECK(S_ISLNK(stat_of("e/b").st_mode) && holds_text("l", "a"));
}

static void replacing_follows_the_rules(void)
{
	CHECK(mkdir("d", 0755) == 0 && mkdir("empty", 0755) == 0 && mkdir("full", 0755) == 0);
	write_text("full/f", "x");
	write_text("f", "f");
	write_text("g", "g");
	CHECK_ERROR(ENOTEMPTY, rename("d", "full"));
	CHECK_ERROR(ENOTDIR, rename("d", "f"));
	CHECK_ERROR(EISDIR, rename("f", "d"));
	CHECK_ERROR(EINVAL, rename("full", "full/in"));
	CHECK_ERROR(ENOENT, rename("nothing", "x"));
	CHECK_ERROR(ENOENT, rename("f", "nowhere/x"));
	CHECK(rename("full", "empty") == 0 && !exists("full") && holds_text("empty/f", "x"));
	CHECK(rename("f", "g") == 0 && !exists("f") && holds_text("g", "f"));
	CHECK(rename("g", "g") == 0 && holds_text("g", "f"));
	CHECK(link("g", "h") == 0 && rename("g", "h") == 0);
	CHECK(exists("g") && exists("h") && stat_of("h").st_nlink == 2);
	CHECK(symlink("d", "l") == 0 && rename("g", "l") == 0 && S_ISREG(stat_of("l").st_mode));
}

static void what_is_replaced_lives_while_it_is_open(void)
{
	char text[8];
	struct stat st;
	int fd;

	write_text("old", "old");
	write_text("new", "new");
	fd = open_file("old", O_RDWR);
	CHECK(rename("new", "old") == 0 && holds_text("old", "new"));
	CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0);
	CHECK(pread(fd, text, sizeof text, 0) == 3 && memcmp(text, "old", 3) == 0);
	CHECK(pwrite(fd, "OLD", 3, 0) == 3 && holds_text("old", "new"));
}

static void rename_keeps_the_file_and_stamps_the_rest(void)
{
	struct stat file, dir, before;

	CHECK(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0);
	write_text("a/f", "x");
	before = stat_of("a/f");
	dir = stat_of("a");
	let_time_pass();
	CHECK(rename("a/f", "b/g") == 0);
	file = stat_of("b/g");
	CHECK(file.st_ino == before.st_ino && same_time(&file.st_mtim, &before.st_mtim));
	CHECK(later(&file.st_ctim, &before.st_ctim));
	CHECK(mtime_later("a", &dir));
	CHECK(mtime_later("b", &dir));
	CHECK(ctime_later("b", &dir));
}

static void a_directory_takes_along_what_is_in_it(void)
{
	int fd;

	CHECK(mkdir("a", 0755) == 0 && mkdir("a/b", 0755) == 0 && mkdir("c", 0755) == 0);
	write_text("a/b/f", "x");
	CHECK(link("a/b/f", "outside") == 0);
	fd = open_file("a/b", O_RDONLY | O_DIRECTORY);
	CHECK(rename("a", "c/a2") == 0);
	CHECK(holds_text("c/a2/b/f", "x") && stat_of("c/a2/b/f").st_nlink == 2);
	CHECK(openat(fd, "f", O_RDONLY) >= 0);
	CHECK(openat(fd, "../../../outside", O_RDONLY) >= 0);
	CHECK(stat_of("c").st_nlink == 3);
	CHECK(unlinkat(fd, "f", 0) == 0 && stat_of("outside").st_nlink == 1);
}

const struct posix_test tests_of_renames[] = {
	{ "noreplace", noreplace_replaces_nothing },
	{ "exchange", exchange_swaps_whatever_it_is },
	{ "replace", replacing_follows_the_rules },
	{ "open", what_is_replaced_lives_while_it_is_open },
	{ "stamps", rename_keeps_the_file_and_stamps_the_rest },
	{ "directory", a_directory_takes_along_what_is_in_it },
	{ 0 },
};
