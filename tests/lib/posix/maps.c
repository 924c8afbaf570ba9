/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/lib/posix/posix.h"

#define PAGE 4096
#define SIZE (300 * 1024)

static char *map(int fd, size_t size, int flags)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

static void maps_and_calls_see_each_other(void)
{
	char back[64];
	int fd = open_file("f", O_RDWR | O_CREAT);
	char *at;

	CHECK(ftruncate(fd, SIZE) == 0);
	at = map(fd, SIZE, MAP_SHARED);
	CHECK(is_zero(at, SIZE));
	memcpy(at + 5000, "by map", 6);
	CHECK(pread(fd, back, 6, 5000) == 6 && memcmp(back, "by map", 6) == 0);
	CHECK(pwrite(fd, "by call", 7, 200000) == 7 && memcmp(at + 200000, "by call", 7) == 0);
	CHECK(msync(at, SIZE, MS_SYNC) == 0);
	CHECK(munmap(at, SIZE) == 0);
	CHECK(pread(fd, back, 6, 5000) == 6 && memcmp(back, "by map", 6) == 0);
}

static void what_a_map_wrote_outlives_it(void)
{
	static const size_t sizes[] = { 100, 10000, SIZE };
	static char back[SIZE];

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		int fd = open_file("f", O_RDWR | O_CREAT | O_TRUNC);
		char *at;

		CHECK(ftruncate(fd, (off_t)sizes[i]) == 0);
		at = map(fd, sizes[i], MAP_SHARED);
		close(fd); /* the map lives on, and so do its writes */
		fill_pattern(at, sizes[i], 0);
		CHECK(munmap(at, sizes[i]) == 0);
		fd = open_file("f", O_RDONLY);
		CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
		CHECK(read(fd, back, SIZE) == (ssize_t)sizes[i] && is_pattern(back, sizes[i], 0));
		close(fd);
	}
}

static void two_maps_are_one_file(void)
{
	int a = open_file("f", O_RDWR | O_CREAT), b = open_file("f", O_RDWR);
	char *first, *second, *own;

	CHECK(ftruncate(a, SIZE) == 0);
	first = map(a, SIZE, MAP_SHARED);
	second = map(b, SIZE, MAP_SHARED);
	own = map(b, SIZE, MAP_PRIVATE);
	memcpy(first + 9000, "shared", 6);
	CHECK(memcmp(second + 9000, "shared", 6) == 0);
	memcpy(own + 9000, "mine!!", 6);
	CHECK(memcmp(second + 9000, "shared", 6) == 0);
	CHECK(fork() != 0 || (memcpy(second + 100, "child", 5), _exit(0), 1));
	CHECK(wait(NULL) > 0 && memcmp(first + 100, "child", 5) == 0);
}

static void maps_outlive_the_name_and_the_size(void)
{
	char back[16];
	int fd = open_file("f", O_RDWR | O_CREAT);
	char *at;

	CHECK(ftruncate(fd, 4 * PAGE) == 0);
	at = map(fd, 4 * PAGE, MAP_SHARED);
	fill_pattern(at, 4 * PAGE, 0);
	CHECK(unlink("f") == 0 && is_pattern(at, 4 * PAGE, 0));
	CHECK(ftruncate(fd, PAGE + 100) == 0 && ftruncate(fd, 4 * PAGE) == 0);
	CHECK(is_pattern(at, PAGE + 100, 0) && is_zero(at + PAGE + 100, 3 * PAGE - 100));
	at[3 * PAGE] = 'x';
	CHECK(pread(fd, back, 1, 3 * PAGE) == 1 && back[0] == 'x');
}

static void behind_the_end_is_a_bus_error(void)
{
	int status, fd = open_file("f", O_RDWR | O_CREAT);
	volatile char *at;
	pid_t pid;

	CHECK(ftruncate(fd, PAGE) == 0);
	at = map(fd, 2 * PAGE, MAP_SHARED);
	at[PAGE - 1] = 'x';
	pid = fork();
	if (pid == 0) {
		at[PAGE] = 'x';
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK(WTERMSIG(status) == SIGBUS && stat_of("f").st_size == PAGE);
}

static void holes_punched_under_a_map_show(void)
{
	int fd = open_file("f", O_RDWR | O_CREAT);
	char *at;

	CHECK(ftruncate(fd, SIZE) == 0);
	at = map(fd, SIZE, MAP_SHARED);
	fill_pattern(at, SIZE, 0);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000, 200000) == 0);
	CHECK(is_pattern(at, 5000, 0) && is_zero(at + 5000, 200000));
	CHECK(is_pattern(at + 205000, SIZE - 205000, 205000));
	at[100000] = 'x';
	CHECK(msync(at, SIZE, MS_SYNC) == 0 && munmap(at, SIZE) == 0);
	CHECK(pread(fd, &(char){ 0 }, 1, 100000) == 1);
}

static void writing_by_a_map_changes_the_time(void)
{
	struct stat before;
	int fd = open_file("f", O_RDWR | O_CREAT);
	char *at;

	CHECK(ftruncate(fd, PAGE) == 0);
	before = stat_of("f");
	let_time_pass();
	at = map(fd, PAGE, MAP_SHARED);
	at[0] = 'x';
	CHECK(msync(at, PAGE, MS_SYNC) == 0);
	CHECK(mtime_later("f", &before));
	CHECK(ctime_later("f", &before));
}

const struct posix_test tests_of_maps[] = {
	{ "coherent", maps_and_calls_see_each_other },
	{ "outlive", what_a_map_wrote_outlives_it },
	{ "two", two_maps_are_one_file },
	{ "unlinked", maps_outlive_the_name_and_the_size },
	{ "bus", behind_the_end_is_a_bus_error },
	{ "punch", holes_punched_under_a_map_show },
	{ "times", writing_by_a_map_changes_the_time },
	{ 0 },
};
