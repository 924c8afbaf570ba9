/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowded [NAMES]: a directory with 200,000 of them, or so many, made, committed, moved in and out
 * of, listed by small buffers while most of what was listed goes, and looked at after a remount.
 * Says how long each of it takes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/parse.h"
#include "tests/lib/live_workspace.h"

#define BUFFER 700 /* bytes for a part of the listing */
#define EVERY  10  /* so many of those that are listed stay */
#define MOVES  500

static struct live live;
static unsigned names = 200000;
static int crowd_fd, other_fd; /* directories */

/* How often each was listed: those that were there at first, and those that came meanwhile. */
static unsigned char *seen, *seen_new;

static uint64_t began;

static void begin(void)
{
	began = clock_monotonic_ns();
}

static uint64_t took(const char *what)
{
	uint64_t ns = clock_monotonic_ns() - began;

	printf("%s: %.1f ms\n", what, (double)ns / 1e6);
	return ns;
}

static const char *name_of(char letter, unsigned number)
{
	static char name[16];

	snprintf(name, sizeof name, "%c%06u", letter, number);
	return name;
}

static void open_both(void)
{
	cleanup_free char *crowd = live_path(&live, "crowd"), *other = live_path(&live, "other");

	crowd_fd = open(crowd, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	other_fd = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	LIVE_CHECK(crowd_fd >= 0 && other_fd >= 0);
}

static void close_both(void)
{
	LIVE_CHECK(close(crowd_fd) == 0 && close(other_fd) == 0);
}

static void make_one(char letter, unsigned number)
{
	LIVE_CHECK(mknodat(crowd_fd, name_of(letter, number), S_IFREG | 0644, 0) == 0);
}

/* A commit after few changes does not do what the first one had to. */
static void commit_costs_what_has_changed(void)
{
	struct snapshot_result result;
	uint64_t all, one, all_bytes;

	begin();
	for (unsigned i = 0; i < names; i++)
		make_one('f', i);
	(void)took("made");
	begin();
	result = live_commit(&live);
	all = took("committed");
	all_bytes = result.bytes;
	LIVE_CHECK(unlinkat(crowd_fd, name_of('f', names / 2), 0) == 0);
	make_one('f', names / 2);
	make_one('g', 0);
	begin();
	result = live_commit(&live);
	one = took("committed with a name more");
	printf("%llu bytes, %llu at first\n", (unsigned long long)result.bytes,
	       (unsigned long long)all_bytes);
	LIVE_CHECK(result.dirs <= 2 && result.bytes < names && all_bytes > 4 * result.bytes);
	LIVE_CHECK(one < all / 4);
	LIVE_CHECK(unlinkat(crowd_fd, name_of('g', 0), 0) == 0);
}

static void names_move_out_and_in(void)
{
	struct snapshot_result result;
	char from[16];

	begin();
	for (unsigned i = 0; i < MOVES; i++) {
		unsigned number = i * (names / MOVES);

		LIVE_CHECK(renameat(crowd_fd, name_of('f', number), other_fd, "moving") == 0);
		LIVE_CHECK(faccessat(crowd_fd, name_of('f', number), F_OK, 0) < 0);
		/* Half of them as they were called, half in the place of what is there. */
		LIVE_CHECK(renameat(other_fd, "moving", crowd_fd, name_of('f', number + i % 2)) ==
			   0);
		if (i % 2) {
			memcpy(from, name_of('f', number + 1), sizeof from);
			LIVE_CHECK(linkat(crowd_fd, from, crowd_fd, name_of('f', number), 0) == 0);
		}
	}
	(void)took("moved out and in again");
	result = live_commit(&live);
	printf("%llu bytes\n", (unsigned long long)result.bytes);
	LIVE_CHECK(faccessat(crowd_fd, name_of('f', names / MOVES), F_OK, 0) == 0);
}

static void note_listed(const char *name)
{
	uint64_t number = 0;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	LIVE_CHECK(strlen(name) == 7);
	/* Decimal, whatever zeros it begins with. */
	for (const char *at = name + 1; *at; at++)
		number = number * 10 + (uint64_t)(*at - '0');
	LIVE_CHECK(number < names);
	if (*name == 'n') {
		LIVE_CHECK(seen_new[number]++ == 0);
		return;
	}
	LIVE_CHECK(*name == 'f' && seen[number]++ == 0);
	if (number % EVERY == 0)
		return;
	if (number % EVERY == 1) {
		LIVE_CHECK(renameat(crowd_fd, name, other_fd, name) == 0);
		if (number % 7 == 0)
			LIVE_CHECK(renameat(other_fd, name, crowd_fd,
					    name_of('n', (unsigned)number)) == 0);
		return;
	}
	LIVE_CHECK(unlinkat(crowd_fd, name, 0) == 0);
	if (number % EVERY == 2)
		make_one('n', (unsigned)number);
}

/* Each name once; with each part of the listing what it says is done. */
static void list(int fd, void (*note)(const char *name))
{
	char buffer[BUFFER];
	long n;

	LIVE_CHECK(lseek(fd, 0, SEEK_SET) == 0);
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
		for (long at = 0; at < n;) {
			const char *entry = buffer + at;
			uint16_t length;

			memcpy(&length, entry + offsetof(struct dirent64, d_reclen), sizeof length);
			note(entry + offsetof(struct dirent64, d_name));
			at += length;
		}
	}
	LIVE_CHECK(n == 0);
}

static void nothing_is_missed_while_names_go(void)
{
	begin();
	list(crowd_fd, note_listed);
	(void)took("listed, and most of it deleted");
	for (unsigned i = 0; i < names; i++)
		LIVE_CHECK(seen[i] == 1);
}

/* ---- what stays ---- */

static void note_left(const char *name)
{
	unsigned number;

	if (*name == '.')
		return;
	number = (unsigned)strtoul(name + 1, NULL, 10);
	LIVE_CHECK(number < names);
	LIVE_CHECK((*name == 'n' ? seen_new : seen)[number]++ == 0);
}

static void check_left(void)
{
	memset(seen, 0, names);
	memset(seen_new, 0, names);
	list(crowd_fd, note_left);
	for (unsigned i = 0; i < names; i++) {
		bool back = i % EVERY == 2 || (i % EVERY == 1 && i % 7 == 0);

		LIVE_CHECK(seen[i] == (i % EVERY == 0) && seen_new[i] == back);
	}
	memset(seen, 0, names);
	list(other_fd, note_left);
	for (unsigned i = 0; i < names; i++)
		LIVE_CHECK(seen[i] == (i % EVERY == 1 && i % 7 != 0));
}

static void a_remount_shows_what_was_left(void)
{
	struct snapshot_result result;

	check_left();
	begin();
	result = live_commit(&live);
	(void)took("committed what was left");
	check_left();
	close_both();
	begin();
	live_remount(&live, &result.id);
	open_both();
	LIVE_CHECK(faccessat(crowd_fd, name_of('f', names / EVERY / 2 * EVERY), F_OK, 0) == 0);
	(void)took("mounted again, and a name looked up");
	check_left();
	close_both();
}

int main(int argc, char **argv)
{
	struct tree *tree;
	uint32_t given = 0;

	live_main(argc, argv);
	if (argc > 1 && parse_u32(argv[1], &given) == 0)
		names = given;
	LIVE_CHECK(names >= 2 * MOVES && names < 1000000);
	live_enter();
	live_open(&live);
	tree = tree_open(live.store, NULL);
	live_add_dir(tree, tree_root_node(tree), "crowd");
	live_add_dir(tree, tree_root_node(tree), "other");
	live_start(&live, tree);
	seen = xcalloc(names, 1);
	seen_new = xcalloc(names, 1);
	open_both();
	commit_costs_what_has_changed();
	names_move_out_and_in();
	nothing_is_missed_while_names_go();
	a_remount_shows_what_was_left();
	free(seen);
	free(seen_new);
	live_close(&live);
	return 0;
}
