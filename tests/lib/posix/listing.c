/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/lib/posix/posix.h"

#define COUNT 5000

static void make_files(int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "f%d", i);
		close(open_file(name, O_WRONLY | O_CREAT));
	}
}

static bool is_dot(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
}

/* The next name that is no dot; its number, or -1 at the end. */
static int next_number(DIR *dir)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (!is_dot(entry))
			return (int)strtol(entry->d_name + 1, NULL, 10);
	}
	return -1;
}

static void every_name_is_listed_once(void)
{
	static unsigned char seen[COUNT];
	DIR *dir;
	int i;

	make_files(COUNT);
	dir = opendir(".");
	while ((i = next_number(dir)) >= 0)
		CHECK(seen[i]++ == 0);
	CHECK(memchr(seen, 0, COUNT) == NULL);
	rewinddir(dir);
	close(open_file("f999999", O_WRONLY | O_CREAT));
	for (i = 0; next_number(dir) >= 0; i++)
		;
	CHECK(i == COUNT + 1);
	closedir(dir);
}

static void positions_stand_still(void)
{
	static struct {
		long position;
		int number;
	} marks[COUNT];
	DIR *dir;
	int count = 0;

	make_files(COUNT);
	dir = opendir(".");
	do {
		marks[count].position = telldir(dir);
		marks[count].number = next_number(dir);
	} while (marks[count++].number >= 0 && count < COUNT);
	for (int i = count - 1; i >= 0; i -= 37) {
		seekdir(dir, marks[i].position);
		CHECK(next_number(dir) == marks[i].number);
	}
	for (int i = 0; i < count; i += 3) {
		char name[32];

		snprintf(name, sizeof name, "f%d", marks[i].number);
		CHECK(unlink(name) == 0);
	}
	for (int i = 1; i < count; i += 41 * 3) {
		seekdir(dir, marks[i].position);
		CHECK(next_number(dir) == marks[i].number);
	}
	closedir(dir);
}

static void deleting_while_listing_finds_all(void)
{
	int i, count = 0;
	DIR *dir;

	make_files(COUNT);
	dir = opendir(".");
	while ((i = next_number(dir)) >= 0) {
		char name[32];

		snprintf(name, sizeof name, "f%d", i);
		CHECK(unlink(name) == 0);
		count++;
	}
	closedir(dir);
	CHECK(count == COUNT);
}

static void changing_while_listing_comes_to_an_end(void)
{
	int i, count = 0;
	DIR *dir;

	make_files(COUNT);
	dir = opendir(".");
	while ((i = next_number(dir)) >= 0 && count < 4 * COUNT) {
		char from[32], to[32];

		snprintf(from, sizeof from, "f%d", i);
		snprintf(to, sizeof to, "f%d", i + 1000000);
		CHECK(i >= 1000000 || rename(from, to) == 0);
		count++;
	}
	closedir(dir);
	CHECK(count < 4 * COUNT);
	dir = opendir(".");
	for (count = 0; (i = next_number(dir)) >= 0; count++)
		CHECK(i >= 1000000);
	closedir(dir);
	CHECK(count == COUNT);
}

static void entries_say_what_they_are(void)
{
	static const struct {
		const char *name;
		unsigned char type;
	} table[] = {
		{ "file", DT_REG }, { "dir", DT_DIR }, { "link", DT_LNK }, { "pipe", DT_FIFO }
	};
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	write_text("file", "x");
	CHECK(mkdir("dir", 0755) == 0 && symlink("x", "link") == 0 && mkfifo("pipe", 0644) == 0);
	dir = opendir(".");
	while ((entry = readdir(dir))) {
		CHECK(entry->d_ino == stat_of(entry->d_name).st_ino);
		CHECK(!is_dot(entry) || entry->d_type == DT_DIR);
		found += is_dot(entry);
		for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
			if (strcmp(entry->d_name, table[i].name) != 0)
				continue;
			CHECK(entry->d_type == table[i].type);
			found++;
		}
	}
	closedir(dir);
	CHECK(found == 6);
}

static void small_buffers_are_enough(void)
{
	char buffer[64];
	int fd, count = 0;
	long n;

	make_files(50);
	fd = open_file(".", O_RDONLY | O_DIRECTORY);
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			count++;
			at += entry->d_reclen;
		}
	}
	CHECK(n == 0 && count == 52);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	CHECK_ERROR(EINVAL, (int)syscall(SYS_getdents64, fd, buffer, 1));
}

const struct posix_test tests_of_listing[] = {
	{ "once", every_name_is_listed_once },
	{ "positions", positions_stand_still },
	{ "delete", deleting_while_listing_finds_all },
	{ "rename", changing_while_listing_comes_to_an_end },
	{ "types", entries_say_what_they_are },
	{ "small-buffers", small_buffers_are_enough },
	{ 0 },
};
