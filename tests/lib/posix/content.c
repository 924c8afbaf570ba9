/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/aio_abi.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/lib/posix/posix.h"

#define LARGE (300u << 10)

static void appending_goes_to_the_end(void)
{
	int a = open_file("f", O_WRONLY | O_CREAT | O_APPEND),
	    b = open_file("f", O_WRONLY | O_APPEND);
	int plain = open_file("f", O_WRONLY);

	CHECK(write(a, "1", 1) == 1 && write(b, "2", 1) == 1 && write(a, "3", 1) == 1);
	CHECK(holds_text("f", "123"));
	CHECK(lseek(a, 0, SEEK_SET) == 0 && write(a, "4", 1) == 1 && lseek(a, 0, SEEK_CUR) == 4);
	CHECK(pwrite(a, "5", 1, 0) == 1 && holds_text("f", "12345"));
	CHECK(write(plain, "x", 1) == 1 && holds_text("f", "x2345"));
	CHECK(ftruncate(plain, 1) == 0 && write(b, "y", 1) == 1 && holds_text("f", "xy"));
}

static void what_was_never_written_is_zero(void)
{
	static const size_t sizes[] = { 100, 5000, LARGE };
	static char data[LARGE], back[2 * LARGE];

	fill_pattern(data, sizeof data, 0);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t size = sizes[i];
		int fd = open_file("f", O_RDWR | O_CREAT | O_TRUNC);

		CHECK(write(fd, data, size) == (ssize_t)size);
		CHECK(ftruncate(fd, (off_t)size / 2) == 0 && ftruncate(fd, (off_t)size) == 0);
		CHECK(pread(fd, back, sizeof back, 0) == (ssize_t)size);
		CHECK(is_pattern(back, size / 2, 0) && is_zero(back + size / 2, size - size / 2));
		CHECK(pwrite(fd, "x", 1, (off_t)size + 99) == 1);
		CHECK(pread(fd, back, sizeof back, 0) == (ssize_t)size + 100);
		CHECK(is_zero(back + size / 2, size - size / 2 + 99) && back[size + 99] == 'x');
		CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, 10) == 0);
		CHECK(pread(fd, back, sizeof back, 0) == 10 && is_zero(back, 10));
		close(fd);
	}
}

static void small_files_become_large_and_small_again(void)
{
	static char data[LARGE], back[LARGE];
	int fd = open_file("f", O_RDWR | O_CREAT);

	fill_pattern(data, sizeof data, 0);
	for (size_t at = 0; at < LARGE; at += 1000) {
		size_t size = LARGE - at < 1000 ? LARGE - at : 1000;

		CHECK(write(fd, data + at, size) == (ssize_t)size);
	}
	CHECK(pread(fd, back, LARGE, 0) == LARGE && is_pattern(back, LARGE, 0));
	CHECK(ftruncate(fd, 700) == 0 && pread(fd, back, LARGE, 0) == 700);
	CHECK(is_pattern(back, 700, 0) && stat_of("f").st_size == 700);
	CHECK(pwrite(fd, data, LARGE, 0) == LARGE && pread(fd, back, LARGE, 0) == LARGE);
	CHECK(is_pattern(back, LARGE, 0));
}

static void descriptors_refuse_what_they_must(void)
{
	char byte = 'x';
	int read_only, write_only, dir;

	write_text("f", "text");
	CHECK(mkdir("d", 0755) == 0);
	read_only = open_file("f", O_RDONLY);
	write_only = open_file("f", O_WRONLY);
	dir = open_file("d", O_RDONLY);
	CHECK_ERROR(EBADF, write(read_only, "x", 1));
	CHECK_ERROR(EBADF, read(write_only, &byte, 1));
	CHECK_ERROR(EISDIR, read(dir, &byte, 1));
	CHECK_ERROR(EINVAL, ftruncate(read_only, 0));
	CHECK_ERROR(EINVAL, truncate("f", -1));
	CHECK_ERROR(EINVAL, pread(read_only, &byte, 1, -1));
	CHECK_ERROR(EINVAL, lseek(read_only, -1, SEEK_SET));
	CHECK_ERROR(EFBIG, pwrite(write_only, "x", 1, (off_t)1 << 62));
	CHECK_ERROR(EFBIG, truncate("f", (off_t)1 << 62));
	CHECK(pread(read_only, &byte, 1, 4) == 0 && pread(read_only, &byte, 1, 1 << 30) == 0);
	CHECK(write(write_only, "", 0) == 0 && holds_text("f", "text"));
}

static void truncation_at_open_is_kept(void)
{
	write_text("f", "text");
	close(open_file("f", O_WRONLY | O_TRUNC));
	CHECK(stat_of("f").st_size == 0 && holds_text("f", ""));
	write_text("f", "text");
	close(open_file("f", O_RDONLY | O_TRUNC));
	CHECK(holds_text("f", ""));
	write_text("f", "again");
	CHECK(truncate("f", 2) == 0 && holds_text("f", "ag"));
}

static void direct_io_and_buffers_agree(void)
{
	enum { SIZE = 64 << 10 };
	char *data = aligned_alloc(4096, SIZE), *back = aligned_alloc(4096, SIZE);
	int direct = open("f", O_RDWR | O_CREAT | O_DIRECT, 0644), plain;

	if (direct < 0 && errno == EINVAL)
		posix_skip("no O_DIRECT here");
	CHECK(direct >= 0 && data && back);
	plain = open_file("f", O_RDWR);
	fill_pattern(data, SIZE, 0);
	CHECK(pwrite(direct, data, SIZE, 0) == SIZE);
	CHECK(pread(plain, back, SIZE, 0) == SIZE && is_pattern(back, SIZE, 0));
	CHECK(pwrite(plain, "buffered", 8, 4096) == 8);
	CHECK(pread(direct, back, SIZE, 0) == SIZE && memcmp(back + 4096, "buffered", 8) == 0);
	fill_pattern(data, SIZE, 5);
	CHECK(pwrite(direct, data, 4096, 4096) == 4096);
	CHECK(pread(plain, back, 4096, 4096) == 4096 && is_pattern(back, 4096, 5));
	CHECK(pwrite(direct, data, SIZE, 2 * SIZE) == SIZE && stat_of("f").st_size == 3 * SIZE);
	CHECK(pread(direct, back, SIZE, SIZE) == SIZE && is_zero(back, SIZE));
	CHECK(pread(direct, back, SIZE, 3 * SIZE) == 0);
	free(data);
	free(back);
}

/* Until the parent ends it. */
static void read_again_and_again(void)
{
	enum { SIZE = 640 << 10 };
	static char data[SIZE];
	int fd = open_file("f", O_RDONLY);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		(void)!pread(fd, data, SIZE, 0);
}

/* One request, and its result. */
static long submit_and_wait(aio_context_t context, struct iocb *request)
{
	struct io_event event = { 0 };

	CHECK(syscall(SYS_io_submit, context, 1, &request) == 1);
	CHECK(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) == 1);
	return (long)event.res;
}

/* A page that another reader brings in while the write is under way must not be the old one. */
static void what_was_written_directly_in_the_background_is_read(void)
{
	enum { SIZE = 640 << 10, ROUNDS = 200 };
	char *data = aligned_alloc(4096, SIZE), *back = aligned_alloc(4096, SIZE);
	int direct = open("f", O_RDWR | O_CREAT | O_DIRECT, 0644), plain;
	aio_context_t context = 0;
	struct iocb request;
	pid_t reader;

	if (direct < 0 || syscall(SYS_io_setup, 4, &context) < 0)
		posix_skip("no O_DIRECT, or no requests in the background here");
	plain = open_file("f", O_RDONLY);
	CHECK(data && back && ftruncate(direct, SIZE) == 0);
	reader = fork();
	if (reader == 0)
		read_again_and_again();
	for (int i = 0; i < ROUNDS; i++) {
		memset(data, i, SIZE);
		request = (struct iocb){ .aio_fildes = (uint32_t)direct,
					 .aio_lio_opcode = IOCB_CMD_PWRITE,
					 .aio_buf = (uintptr_t)data,
					 .aio_nbytes = SIZE };
		CHECK(submit_and_wait(context, &request) == SIZE);
		CHECK(pread(plain, back, SIZE, 0) == SIZE && memcmp(data, back, SIZE) == 0);
	}
	CHECK(kill(reader, SIGKILL) == 0 && waitpid(reader, NULL, 0) == reader);
	CHECK(syscall(SYS_io_destroy, context) == 0);
	free(data);
	free(back);
}

static void all_ways_of_syncing_succeed(void)
{
	int fd = open_file("f", O_RDWR | O_CREAT | O_SYNC), data_only,
	    dir = open_file(".", O_RDONLY);

	CHECK(write(fd, "x", 1) == 1);
	data_only = open_file("f", O_WRONLY | O_DSYNC);
	CHECK(write(data_only, "y", 1) == 1);
	CHECK(fsync(fd) == 0 && fdatasync(fd) == 0 && syncfs(fd) == 0 && fsync(dir) == 0);
	CHECK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0);
	CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 && readahead(fd, 0, 4096) == 0);
	CHECK(holds_text("f", "y"));
}

static void bytes_go_through_every_call(void)
{
	char first[3], second[3], back[64];
	struct iovec parts[2] = { { first, 3 }, { second, 3 } };
	struct iovec out[2] = { { (char[]){ "ab" }, 2 }, { (char[]){ "cdef" }, 4 } };
	int fd = open_file("f", O_RDWR | O_CREAT), other = open_file("g", O_RDWR | O_CREAT),
	    ends[2];
	off_t from = 2;
	loff_t start = 0;

	CHECK(writev(fd, out, 2) == 6 && preadv(fd, parts, 2, 0) == 6);
	CHECK(memcmp(first, "abc", 3) == 0 && memcmp(second, "def", 3) == 0);
	CHECK(pwritev2(fd, out, 1, 0, RWF_APPEND) == 2 && holds_text("f", "abcdefab"));
	CHECK(sendfile(other, fd, &from, 4) == 4 && from == 6 && holds_text("g", "cdef"));
	CHECK(pipe(ends) == 0 && splice(fd, &start, ends[1], NULL, 5, 0) == 5);
	CHECK(read(ends[0], back, sizeof back) == 5 && memcmp(back, "abcde", 5) == 0);
	CHECK(write(ends[1], "piped", 5) == 5);
	start = 1;
	CHECK(splice(ends[0], NULL, other, &start, 5, 0) == 5 && holds_text("g", "cpiped"));
}

static void limits_of_a_process_are_kept(void)
{
	const struct rlimit limit = { 4096, 4096 };
	char data[8192] = { 0 };
	int fd = open_file("f", O_RDWR | O_CREAT);

	(void)signal(SIGXFSZ, SIG_IGN);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(write(fd, data, sizeof data) == 4096);
	CHECK_ERROR(EFBIG, write(fd, data, 1));
	CHECK_ERROR(EFBIG, ftruncate(fd, 5000));
	CHECK_ERROR(EFBIG, fallocate(fd, 0, 0, 5000));
	CHECK(stat_of("f").st_size == 4096);
}

const struct posix_test tests_of_content[] = {
	{ "append", appending_goes_to_the_end },
	{ "zeros", what_was_never_written_is_zero },
	{ "grow", small_files_become_large_and_small_again },
	{ "refused", descriptors_refuse_what_they_must },
	{ "truncate", truncation_at_open_is_kept },
	{ "direct", direct_io_and_buffers_agree },
	{ "background", what_was_written_directly_in_the_background_is_read },
	{ "sync", all_ways_of_syncing_succeed },
	{ "calls", bytes_go_through_every_call },
	{ "limits", limits_of_a_process_are_kept },
	{ 0 },
};
