/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix DIRECTORY [GROUP | GROUP/TEST]…: run these tests, or all, in the directory. posix make DIR,
 * posix verify DIR: see posix.h.
 */
#include "tests/lib/posix/posix.h"

#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

#define STATUS_SKIP 77
#define SECONDS     120
#define FUSE_MAGIC  0x65735546

static const struct posix_group {
	const char *name;
	const struct posix_test *tests;
} groups[] = {
	{ "acls", tests_of_acls },       { "attributes", tests_of_attributes },
	{ "content", tests_of_content }, { "listing", tests_of_listing },
	{ "locks", tests_of_locks },     { "maps", tests_of_maps },
	{ "names", tests_of_names },     { "ranges", tests_of_ranges },
	{ "renames", tests_of_renames }, { "special", tests_of_special },
	{ "xattrs", tests_of_xattrs },
};

void posix_failed(const char *file, int line, const char *what)
{
	const char *slash = strrchr(file, '/');

	printf("  %s:%d: not so: %s (%s)\n", slash ? slash + 1 : file, line, what,
	       errno ? strerrorname_np(errno) : "no error");
	fflush(stdout);
	_exit(1);
}

void posix_skip(const char *why)
{
	printf("  skipped: %s\n", why);
	fflush(stdout);
	_exit(STATUS_SKIP);
}

/* ---- helpers ---- */

int open_file(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	CHECK(fd >= 0);
	return fd;
}

void write_text(const char *path, const char *text)
{
	int fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);

	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(close(fd) == 0);
}

bool holds_text(const char *path, const char *text)
{
	char found[4096];
	int fd = open_file(path, O_RDONLY);
	ssize_t n = read(fd, found, sizeof found);

	close(fd);
	return n == (ssize_t)strlen(text) && memcmp(found, text, (size_t)n) == 0;
}

struct stat stat_of(const char *path)
{
	struct stat st;

	CHECK(lstat(path, &st) == 0);
	return st;
}

bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static uint8_t pattern_at(uint64_t offset)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 16) + 1);
}

void fill_pattern(void *data, size_t size, uint64_t offset)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)data)[i] = pattern_at(offset + i);
}

bool is_pattern(const void *data, size_t size, uint64_t offset)
{
	for (size_t i = 0; i < size; i++) {
		if (((const uint8_t *)data)[i] != pattern_at(offset + i))
			return false;
	}
	return true;
}

bool is_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

bool on_varve(void)
{
	struct statfs st;

	CHECK(statfs(".", &st) == 0);
	return st.f_type == FUSE_MAGIC;
}

/* How many users there are from 0 on: 2^32 - 1 in the host's own namespace. */
static unsigned long user_count(void)
{
	char map[128] = "", *at = map;
	int fd = open("/proc/self/uid_map", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, map, sizeof map - 1);
	unsigned long inside = 0, count = 0;

	close(fd);
	if (n <= 0)
		return 1;
	/* Lines of three numbers: here, outside, how many. */
	while (strtoul(at, &at, 10) == inside && *at) {
		(void)strtoul(at, &at, 10);
		count = strtoul(at, &at, 10);
		inside += count;
	}
	return inside;
}

bool has_users(void)
{
	return user_count() > 2000;
}

void need_users(void)
{
	if (!has_users())
		posix_skip("there are no other users here, for the kernel at least");
}

/* Kernels ask for its CAP_FSETID before they let a writer keep set-id bits. */
bool is_host_root(void)
{
	return user_count() >= UINT32_MAX;
}

void become(uid_t uid, gid_t gid, gid_t other_gid)
{
	if (setgroups(other_gid ? 1 : 0, &other_gid) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		posix_skip("there are no other users here");
}

int as_user(uid_t uid, gid_t gid, int (*run)(const char *path), const char *path)
{
	int answer[2], ends[2], status;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		become(uid, gid, 0);
		errno = 0;
		answer[0] = run(path);
		answer[1] = errno;
		_exit(write(ends[1], answer, sizeof answer) == sizeof answer ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_SKIP)
		_exit(STATUS_SKIP);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(read(ends[0], answer, sizeof answer) == sizeof answer);
	close(ends[0]);
	close(ends[1]);
	errno = answer[1];
	return answer[0];
}

void let_time_pass(void)
{
	/* Longer than a tick: kernels stamp with the time of the last one. */
	const struct timespec tick = { .tv_nsec = 20000000 };

	nanosleep(&tick, NULL);
}

bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

bool mtime_later(const char *path, const struct stat *before)
{
	struct stat now = stat_of(path);

	return later(&now.st_mtim, &before->st_mtim);
}

bool ctime_later(const char *path, const struct stat *before)
{
	struct stat now = stat_of(path);

	return later(&now.st_ctim, &before->st_ctim);
}

/* ---- running ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* The directory of the test, its name, and all it has left. */
static int run_test(const struct posix_group *group, const struct posix_test *test)
{
	char directory[128];
	int status = 0;
	pid_t pid;

	printf("%s/%s\n", group->name, test->name);
	fflush(stdout);
	snprintf(directory, sizeof directory, "%s-%s", group->name, test->name);
	umask(022);
	pid = fork();
	if (pid == 0) {
		alarm(SECONDS);
		CHECK(mkdir(directory, 0755) == 0 && chdir(directory) == 0);
		errno = 0;
		test->run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	if (WIFSIGNALED(status))
		printf("  ended by signal %d\n", WTERMSIG(status));
	if (nftw(directory, remove_one, 64, FTW_DEPTH | FTW_PHYS) < 0) {
		printf("  its directory cannot be removed: %s\n", strerror(errno));
		return 1;
	}
	return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77) ? 0 : 1;
}

static bool chosen(const struct posix_group *group, const char *test, int argc, char **argv)
{
	char name[128];

	snprintf(name, sizeof name, "%s/%s", group->name, test);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], group->name) == 0 || strcmp(argv[i], name) == 0)
			return true;
	}
	return argc == 2;
}

int main(int argc, char **argv)
{
	int failed = 0, count = 0;

	if (argc < 2)
		return 2;
	umask(022);
	if (argc == 3 && strcmp(argv[1], "make") == 0) {
		CHECK(chdir(argv[2]) == 0);
		kept_make();
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "verify") == 0) {
		CHECK(chdir(argv[2]) == 0);
		kept_verify();
		return 0;
	}
	if (chdir(argv[1]) < 0) {
		perror(argv[1]);
		return 2;
	}
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		for (const struct posix_test *test = groups[i].tests; test->name; test++) {
			if (!chosen(&groups[i], test->name, argc, argv))
				continue;
			count++;
			failed += run_test(&groups[i], test);
		}
	}
	printf("%d tests, %d failed\n", count, failed);
	return failed || !count;
}
