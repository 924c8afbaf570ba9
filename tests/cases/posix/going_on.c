/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workspace that is committed while its mount goes on, as between two RUNs of a stage: what the
 * kernel has read it does not ask for again, and nothing is missing of what was written before,
 * by calls or through maps that stay.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/buf.h"
#include "fs/base/bytes.h"
#include "fs/base/fd.h"
#include "fs/base/parse.h"
#include "fs/base/strings.h"
#include "fs/overlay/overlay.h"
#include "tests/lib/live_workspace.h"

#define PAGE   4096u
#define SMALL  20u
#define MIDDLE 6000u
#define LARGE  300000u
#define NAMES  40
#define ROUNDS 12
#define SETTLE 3 /* the kernel may need room, and forget */

static struct live live;

/* ---- what reaches the server ---- */

/* Bytes that it has read by calls, which is how it gets what the kernel asks; ours come by socket. */
static uint64_t asked(void)
{
	cleanup_free char *path = xasprintf("/proc/%d/io", live.server);
	cleanup_with(buf_release) struct buf text = { 0 };
	cleanup_free char *number = NULL;
	const char *line;
	uint64_t bytes = 0;

	LIVE_CHECK(file_read(AT_FDCWD, path, 4096, &text) == 0);
	line = strstr(buf_string(&text), "rchar: ");
	LIVE_CHECK(line);
	line += strlen("rchar: ");
	number = xstrndup(line, strcspn(line, "\n"));
	LIVE_CHECK(parse_u64(number, &bytes) == 0);
	return bytes;
}

static int open_at(const char *name, int flags)
{
	cleanup_free char *path = live_path(&live, name);
	int fd = open(path, flags | O_CLOEXEC, 0644);

	LIVE_CHECK(fd >= 0);
	return fd;
}

static void write_pattern(const char *name, size_t size)
{
	cleanup_free unsigned char *bytes = xmalloc(size);
	cleanup_fd int fd = open_at(name, O_WRONLY | O_CREAT);

	for (size_t i = 0; i < size; i++)
		bytes[i] = live_byte(i);
	LIVE_CHECK(fd_write_all(fd, bytes, size) == 0);
}

static void look_at_file(const char *name, size_t size)
{
	cleanup_free unsigned char *bytes = xmalloc(size + 1);
	cleanup_fd int fd = open_at(name, O_RDONLY);
	struct stat st;

	LIVE_CHECK(fstat(fd, &st) == 0 && (size_t)st.st_size == size);
	LIVE_CHECK(pread(fd, bytes, size + 1, 0) == (ssize_t)size);
	for (size_t i = 0; i < size; i++)
		LIVE_CHECK(bytes[i] == live_byte(i));
}

static void look_at_all(void)
{
	static const size_t sizes[] = { SMALL, MIDDLE, LARGE };
	cleanup_free char *path = live_path(&live, "dir");
	cleanup_free char *link = live_path(&live, "link");
	char target[16];
	struct stat st;
	int count = 0;
	DIR *dir;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		cleanup_free char *stored = xasprintf("stored%zu", i);
		cleanup_free char *made = xasprintf("made%zu", i);

		look_at_file(stored, sizes[i]);
		look_at_file(made, sizes[i]);
	}
	look_at_file("changed", LARGE);
	LIVE_CHECK(readlink(link, target, sizeof target) == 4);
	dir = opendir(path);
	LIVE_CHECK(dir);
	for (struct dirent *entry; (entry = readdir(dir)); count++)
		LIVE_CHECK(fstatat(dirfd(dir), entry->d_name, &st, 0) == 0);
	closedir(dir);
	LIVE_CHECK(count == NAMES + 2);
}

/* Looking at all again makes the kernel ask nothing. */
static bool is_warm(void)
{
	for (int i = 0; i < SETTLE; i++) {
		uint64_t before = asked();

		look_at_all();
		if (asked() == before)
			return true;
	}
	return false;
}

static void what_was_read_is_not_asked_for_again(void)
{
	cleanup_free char *absent = live_path(&live, "absent");
	cleanup_free char *link = live_path(&live, "link");
	uint64_t before;
	unsigned char byte = live_byte(PAGE);
	bool warm = false;
	int fd;

	write_pattern("made0", SMALL);
	write_pattern("made1", MIDDLE);
	write_pattern("made2", LARGE);
	LIVE_CHECK(symlink("made", link) == 0);
	fd = open_at("changed", O_WRONLY);
	LIVE_CHECK(pwrite(fd, &byte, 1, PAGE) == 1 && close(fd) == 0);
	look_at_all();
	LIVE_CHECK(is_warm());
	/* That of after the commit: the first look has to be one that asks for nothing. */
	for (int i = 0; i < SETTLE && !warm; i++) {
		live_commit(&live);
		before = asked();
		look_at_all();
		warm = asked() == before;
		write_pattern("made0", SMALL);
		look_at_all();
	}
	LIVE_CHECK(warm);
	before = asked();
	LIVE_CHECK(access(absent, F_OK) < 0 && errno == ENOENT);
	LIVE_CHECK(asked() > before);
}

/* ---- what is written meanwhile ---- */

/* What a process that goes on has done; it says so after it has. */
struct progress {
	uint64_t log, round; /* atomic */
	bool stop;           /* atomic */
	bool stopped;        /* atomic */
};

static const struct {
	const char *name;
	size_t size;
} mapped[] = { { "map-stored", LARGE }, { "map-small", 9000 }, { "map-new", 200000 } };
#define MAPPED (sizeof mapped / sizeof mapped[0])

/* One file grows by records, others have the number of the round in each of their pages. */
__attribute__((noreturn)) static void go_on(struct progress *progress)
{
	int log_fd = open_at("log", O_WRONLY | O_CREAT | O_APPEND);
	unsigned char *maps[MAPPED];
	uint64_t records = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < MAPPED; i++) {
		cleanup_fd int fd = open_at(mapped[i].name, O_RDWR | O_CREAT);

		LIVE_CHECK(ftruncate(fd, (off_t)mapped[i].size) == 0);
		maps[i] = mmap(NULL, mapped[i].size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		LIVE_CHECK(maps[i] != MAP_FAILED);
	}
	for (uint64_t round = 1; !__atomic_load_n(&progress->stop, __ATOMIC_ACQUIRE); round++) {
		for (size_t i = 0; i < MAPPED; i++) {
			for (size_t at = 0; at < mapped[i].size; at += PAGE)
				__atomic_store_n((uint64_t *)(void *)(maps[i] + at), round,
						 __ATOMIC_RELAXED);
		}
		__atomic_store_n(&progress->round, round, __ATOMIC_RELEASE);
		LIVE_CHECK(write(log_fd, &records, sizeof records) == sizeof records);
		__atomic_store_n(&progress->log, ++records, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&progress->stopped, true, __ATOMIC_RELEASE);
	for (;;)
		pause(); /* the maps stay, and so do their pages */
}

/* All of a file in a state; the caller frees. */
static unsigned char *read_state(const struct tree_root *root, const char *name, size_t *ret_size)
{
	cleanup_with(overlay_close) struct overlay *overlay = NULL;
	struct node *node;
	unsigned char *bytes;
	const void *part;

	LIVE_CHECK(overlay_open(live.store, NULL, root, &overlay, NULL) == 0);
	LIVE_CHECK(overlay_lookup(overlay, overlay_root(overlay), name, &node) == 0);
	*ret_size = node->size;
	bytes = xmalloc(node->size + 1);
	for (size_t at = 0; at < *ret_size;) {
		ssize_t n = overlay_read(overlay, node, bytes + at, *ret_size - at, at, &part);

		LIVE_CHECK(n > 0);
		memmove(bytes + at, part, (size_t)n);
		at += (size_t)n;
	}
	overlay_forget(overlay, node, 1);
	return bytes;
}

/* What was there when it was asked for is in the state, and nothing that came to be later is. */
static void check_state(const struct tree_root *root, const struct progress *least,
			const struct progress *most)
{
	size_t size;

	for (size_t i = 0; i < MAPPED; i++) {
		cleanup_free unsigned char *bytes = read_state(root, mapped[i].name, &size);

		LIVE_CHECK(size == mapped[i].size);
		for (size_t at = 0; at < size; at += PAGE) {
			uint64_t round = get_le64(bytes + at);

			if (round < least->round || round > most->round + 1)
				live_fail("'%s' at %zu: round %llu, not %llu to %llu",
					  mapped[i].name, at, (unsigned long long)round,
					  (unsigned long long)least->round,
					  (unsigned long long)most->round + 1);
		}
	}
	{
		cleanup_free unsigned char *bytes = read_state(root, "log", &size);

		LIVE_CHECK(size % 8 == 0 && size / 8 >= least->log && size / 8 <= most->log + 1);
		for (size_t i = 0; i < size / 8; i++)
			LIVE_CHECK(get_le64(bytes + i * 8) == i);
	}
}

static struct progress progress_now(const struct progress *progress)
{
	return (struct progress){ .log = __atomic_load_n(&progress->log, __ATOMIC_ACQUIRE),
				  .round = __atomic_load_n(&progress->round, __ATOMIC_ACQUIRE) };
}

static void commit_and_check(const struct progress *progress)
{
	cleanup_fd int fd = open(live.at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct progress before = progress_now(progress), after;
	struct snapshot_result result;

	LIVE_CHECK(fd >= 0 && syncfs(fd) == 0);
	result = live_commit(&live);
	after = progress_now(progress);
	check_state(&result.root, &before, &after);
}

static void what_was_written_before_is_in_the_state(void)
{
	struct progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	LIVE_CHECK(progress != MAP_FAILED);
	child = fork();
	if (child == 0)
		go_on(progress);
	LIVE_CHECK(child > 0);
	while (progress_now(progress).log < 2)
		usleep(1000);
	for (int i = 0; i < ROUNDS; i++) {
		commit_and_check(progress);
		usleep(10000);
	}
	__atomic_store_n(&progress->stop, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&progress->stopped, __ATOMIC_ACQUIRE))
		usleep(1000);
	commit_and_check(progress);
	printf("%llu rounds, %d commits\n", (unsigned long long)progress->round, ROUNDS + 1);
	LIVE_CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	munmap(progress, sizeof *progress);
}

static void what_has_no_name_goes_on(void)
{
	cleanup_free char *path = live_path(&live, "unnamed");
	cleanup_fd int fd = open_at("unnamed", O_RDWR | O_CREAT);
	char text[16];

	LIVE_CHECK(write(fd, "before ", 7) == 7 && unlink(path) == 0);
	live_commit(&live);
	LIVE_CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	LIVE_CHECK(write(fd, "after", 5) == 5);
	live_commit(&live);
	LIVE_CHECK(pread(fd, text, sizeof text, 0) == 12 && memcmp(text, "before after", 12) == 0);
}

static struct tree *make_tree(void)
{
	struct tree *tree = tree_open(live.store, NULL);
	struct node *root = tree_root_node(tree), *dir = live_add_dir(tree, root, "dir");
	char name[16];

	live_add_file(&live, tree, root, "stored0", SMALL);
	live_add_file(&live, tree, root, "stored1", MIDDLE);
	live_add_file(&live, tree, root, "stored2", LARGE);
	live_add_file(&live, tree, root, "changed", LARGE);
	live_add_file(&live, tree, root, "map-stored", LARGE);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "f%d", i);
		live_add_file(&live, tree, dir, name, SMALL);
	}
	return tree;
}

int main(int argc, char **argv)
{
	live_main(argc, argv);
	live_enter();
	live_open(&live);
	live_start(&live, make_tree());
	what_was_read_is_not_asked_for_again();
	what_was_written_before_is_in_the_state();
	what_has_no_name_goes_on();
	live_close(&live);
	return 0;
}
