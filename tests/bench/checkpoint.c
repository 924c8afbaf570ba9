/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint [FILES [IN A DIRECTORY]]: what it costs to commit a mounted workspace again and again
 * when one file has changed in it; once with a tree that nobody has looked at, once with all of it
 * known to the kernel and the server. Prints JSON, times in microseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "tests/lib/live_workspace.h"

#define COMMITS 20

static unsigned files = 100000, in_a_directory = 100;

static struct tree *make_tree(struct live *live)
{
	struct tree *tree = tree_open(live->store, NULL);
	struct node *dir = NULL;
	char name[32];

	for (unsigned i = 0; i < files; i++) {
		if (i % in_a_directory == 0) {
			snprintf(name, sizeof name, "d%u", i / in_a_directory);
			dir = live_add_dir(tree, tree_root_node(tree), name);
		}
		snprintf(name, sizeof name, "f%u", i % in_a_directory);
		live_add_file(live, tree, dir, name, 20);
	}
	return tree;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static uint64_t change_and_commit(struct live *live, unsigned number)
{
	unsigned file = number * 7919 % files;
	cleanup_free char *path =
		xasprintf("%s/d%u/f%u", live->at, file / in_a_directory, file % in_a_directory);
	struct snapshot_result result;
	uint64_t begin;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	LIVE_CHECK(fd >= 0 && pwrite(fd, &number, sizeof number, 3) == sizeof number);
	LIVE_CHECK(close(fd) == 0);
	begin = clock_monotonic_ns();
	result = live_commit(live);
	begin = clock_monotonic_ns() - begin;
	LIVE_CHECK(result.files == 1 && result.dirs >= 1);
	return begin;
}

static void measure(struct live *live, const char *what, unsigned from)
{
	uint64_t times[COMMITS];

	for (unsigned i = 0; i < COMMITS; i++)
		times[i] = change_and_commit(live, from + i);
	qsort(times, COMMITS, sizeof *times, compare);
	printf("{\"name\":\"commit, %s\",\"files\":%u,\"in_a_directory\":%u,\"min_us\":%.0f,"
	       "\"median_us\":%.0f,\"max_us\":%.0f}\n",
	       what, files, in_a_directory, (double)times[0] / 1e3,
	       (double)times[COMMITS / 2] / 1e3, (double)times[COMMITS - 1] / 1e3);
}

static int look(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)type;
	(void)ftw;
	return 0;
}

int main(int argc, char **argv)
{
	struct live live;

	live_main(argc, argv);
	if (argc > 1)
		files = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		in_a_directory = (unsigned)strtoul(argv[2], NULL, 10);
	if (!files || !in_a_directory)
		return 1;
	live_enter();
	live_open(&live);
	live_start(&live, make_tree(&live));
	measure(&live, "nothing looked at", 0);
	LIVE_CHECK(nftw(live.at, look, 64, FTW_PHYS) == 0);
	measure(&live, "all looked at", COMMITS);
	live_close(&live);
	return 0;
}
