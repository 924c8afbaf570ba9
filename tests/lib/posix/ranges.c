/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/posix/posix.h"

#define KIB        1024
#define MIB        (1024 * KIB)
#define PUNCH      (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define LARGE      (1 * MIB)
#define BLOCKS(st) ((uint64_t)(st).st_blocks * 512)

static char data[LARGE], back[2 * LARGE];

static int pattern_file(const char *path, size_t size)
{
	int fd = open_file(path, O_RDWR | O_CREAT | O_TRUNC);

	fill_pattern(data, size, 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
	return fd;
}

static void allocating_makes_room(void)
{
	struct stat st;
	int fd = open_file("f", O_RDWR | O_CREAT), dir, fifo;

	CHECK(write(fd, "text", 4) == 4);
	CHECK(fallocate(fd, 0, 0, 10000) == 0 && stat_of("f").st_size == 10000);
	CHECK(pread(fd, back, sizeof back, 0) == 10000 && is_zero(back + 4, 9996));
	CHECK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, LARGE) == 0);
	st = stat_of("f");
	CHECK(st.st_size == 10000 && BLOCKS(st) >= LARGE);
	CHECK(ftruncate(fd, 20000) == 0 && pread(fd, back, sizeof back, 0) == 20000);
	CHECK(is_zero(back + 4, 19996) && memcmp(back, "text", 4) == 0);
	CHECK(fallocate(fd, 0, 5000, 100) == 0 && stat_of("f").st_size == 20000);
	CHECK_ERROR(EINVAL, fallocate(fd, 0, 0, 0));
	CHECK_ERROR(EINVAL, fallocate(fd, 0, -1, 10));
	CHECK_ERROR(EFBIG, fallocate(fd, 0, (off_t)1 << 62, (off_t)1 << 61));
	CHECK_ERROR(EOPNOTSUPP, fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	CHECK_ERROR(EBADF, fallocate(open_file("f", O_RDONLY), 0, 0, 10));
	dir = open_file(".", O_RDONLY);
	CHECK(fallocate(dir, 0, 0, 10) == -1 && (errno == EISDIR || errno == EBADF));
	CHECK(mkfifo("p", 0644) == 0);
	fifo = open_file("p", O_RDWR);
	CHECK_ERROR(ESPIPE, fallocate(fifo, 0, 0, 10));
}

static void punched_holes_read_as_zeros(void)
{
	static const size_t sizes[] = { 3000, 20 * KIB, LARGE };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t size = sizes[i], start = size / 3, length = size / 5 + 7;
		int fd = pattern_file("f", size);

		CHECK(fallocate(fd, PUNCH, (off_t)start, (off_t)length) == 0);
		CHECK(pread(fd, back, sizeof back, 0) == (ssize_t)size);
		CHECK(is_pattern(back, start, 0) && is_zero(back + start, length));
		CHECK(is_pattern(back + start + length, size - start - length, start + length));
		CHECK(fallocate(fd, PUNCH, (off_t)size - 10, 100) == 0);
		CHECK(stat_of("f").st_size == (off_t)size);
		CHECK(fallocate(fd, PUNCH, (off_t)size + 1000, 100) == 0);
		CHECK(pread(fd, back, sizeof back, 0) == (ssize_t)size);
		CHECK(is_zero(back + size - 10, 10));
		close(fd);
	}
}

static void punching_gives_space_back(void)
{
	int fd = pattern_file("f", LARGE);
	uint64_t before;

	CHECK(fsync(fd) == 0);
	before = BLOCKS(stat_of("f"));
	CHECK(fallocate(fd, PUNCH, 256 * KIB, 512 * KIB) == 0);
	CHECK(BLOCKS(stat_of("f")) <= before - 500 * KIB);
	CHECK(lseek(fd, 0, SEEK_HOLE) == 256 * KIB);
	CHECK(lseek(fd, 256 * KIB, SEEK_DATA) == 768 * KIB);
	CHECK(lseek(fd, 300 * KIB, SEEK_HOLE) == 300 * KIB);
	CHECK(lseek(fd, 800 * KIB, SEEK_HOLE) == LARGE);
}

static void ranges_can_be_zeroed(void)
{
	int fd = pattern_file("f", LARGE);

	CHECK(fallocate(fd, FALLOC_FL_ZERO_RANGE, 1000, 200000) == 0);
	CHECK(pread(fd, back, sizeof back, 0) == LARGE && is_pattern(back, 1000, 0));
	CHECK(is_zero(back + 1000, 200000) && is_pattern(back + 201000, 1000, 201000));
	CHECK(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, LARGE - 10, 100) == 0);
	CHECK(stat_of("f").st_size == LARGE);
	CHECK(fallocate(fd, FALLOC_FL_ZERO_RANGE, LARGE - 100, 200) == 0);
	CHECK(stat_of("f").st_size == LARGE + 100);
	CHECK(pread(fd, back, sizeof back, 0) == LARGE + 100);
	CHECK(is_zero(back + LARGE - 100, 200) && !is_zero(back + LARGE - 101, 1));
}

/* Nobody has to be able to take a piece out of a file, but who cannot must say so. */
static void collapsing_works_or_is_refused(void)
{
	int fd = pattern_file("f", LARGE);

	errno = 0;
	if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 64 * KIB, 64 * KIB) == 0)
		CHECK(stat_of("f").st_size == LARGE - 64 * KIB);
	else
		CHECK(errno == EOPNOTSUPP && stat_of("f").st_size == LARGE);
	if (fallocate(fd, FALLOC_FL_INSERT_RANGE, 64 * KIB, 64 * KIB) < 0)
		CHECK(errno == EOPNOTSUPP);
	CHECK(pread(fd, back, 64 * KIB, 0) == 64 * KIB && is_pattern(back, 64 * KIB, 0));
}

static void holes_are_found(void)
{
	int fd = open_file("f", O_RDWR | O_CREAT);
	off_t far = (off_t)1 << 30;
	struct stat st;

	CHECK(pwrite(fd, data, 64 * KIB, far) == 64 * KIB);
	CHECK(fsync(fd) == 0);
	st = stat_of("f");
	CHECK(st.st_size == far + 64 * KIB && BLOCKS(st) < 1 * MIB);
	CHECK(lseek(fd, 0, SEEK_HOLE) == 0 && lseek(fd, 0, SEEK_DATA) == far);
	CHECK(lseek(fd, far, SEEK_HOLE) == far + 64 * KIB);
	CHECK(lseek(fd, far + 10, SEEK_DATA) == far + 10);
	CHECK_ERROR(ENXIO, lseek(fd, st.st_size, SEEK_DATA));
	CHECK_ERROR(ENXIO, lseek(fd, st.st_size, SEEK_HOLE));
	CHECK_ERROR(ENXIO, lseek(fd, -1, SEEK_DATA));
	CHECK(ftruncate(fd, 2 * far) == 0);
	CHECK_ERROR(ENXIO, lseek(fd, far + MIB, SEEK_DATA));
	CHECK(lseek(fd, 0, SEEK_END) == 2 * far);
	CHECK(pread(fd, back, MIB, far / 2) == MIB && is_zero(back, MIB));
}

static void small_files_have_no_holes_that_lie(void)
{
	int fd = open_file("f", O_RDWR | O_CREAT);
	off_t data_at, hole_at;

	CHECK(pwrite(fd, "x", 1, 20 * KIB) == 1);
	data_at = lseek(fd, 0, SEEK_DATA);
	hole_at = lseek(fd, 20 * KIB, SEEK_HOLE);
	CHECK(data_at >= 0 && data_at <= 20 * KIB && hole_at == 20 * KIB + 1);
	close(fd);
	fd = open_file("empty", O_RDWR | O_CREAT);
	CHECK_ERROR(ENXIO, lseek(fd, 0, SEEK_DATA));
	CHECK_ERROR(ENXIO, lseek(fd, 0, SEEK_HOLE));
}

static void ranges_are_copied(void)
{
	int from = pattern_file("f", LARGE), to = open_file("g", O_RDWR | O_CREAT), append;
	off_t in = 1000, out = 5000;
	struct stat before;

	CHECK(copy_file_range(from, &in, to, &out, 300000, 0) == 300000);
	CHECK(in == 301000 && out == 305000 && stat_of("g").st_size == 305000);
	CHECK(pread(to, back, sizeof back, 0) == 305000);
	CHECK(is_zero(back, 5000) && is_pattern(back + 5000, 300000, 1000));
	in = LARGE - 10;
	CHECK(copy_file_range(from, &in, to, &out, 1000, 0) == 10);
	CHECK(copy_file_range(from, &in, to, &out, 1000, 0) == 0);
	in = 0;
	out = 512 * KIB;
	before = stat_of("f");
	let_time_pass();
	CHECK(copy_file_range(from, &in, from, &out, 4096, 0) == 4096);
	CHECK(mtime_later("f", &before));
	CHECK(pread(from, back, 4096, 512 * KIB) == 4096 && is_pattern(back, 4096, 0));
	in = 0;
	out = 100;
	CHECK_ERROR(EINVAL, copy_file_range(from, &in, from, &out, 4096, 0));
	append = open_file("g", O_WRONLY | O_APPEND);
	CHECK_ERROR(EBADF, copy_file_range(from, &in, append, NULL, 10, 0));
	CHECK_ERROR(EINVAL, copy_file_range(from, &in, to, &out, 10, 1));
	CHECK_ERROR(EISDIR, copy_file_range(open_file(".", O_RDONLY), &in, to, &out, 10, 0));
}

static void a_copy_and_its_source_go_their_own_ways(void)
{
	int from = pattern_file("f", LARGE), to = open_file("g", O_RDWR | O_CREAT);

	CHECK(copy_file_range(from, &(off_t){ 0 }, to, &(off_t){ 0 }, LARGE, 0) == LARGE);
	CHECK(pwrite(from, "source", 6, 70000) == 6 && pwrite(to, "target", 6, 140000) == 6);
	CHECK(pread(to, back, LARGE, 0) == LARGE && is_pattern(back, 140000, 0));
	CHECK(memcmp(back + 140000, "target", 6) == 0);
	CHECK(is_pattern(back + 140006, LARGE - 140006, 140006));
	CHECK(pread(from, back, LARGE, 0) == LARGE && is_pattern(back, 70000, 0));
	CHECK(memcmp(back + 70000, "source", 6) == 0);
	CHECK(is_pattern(back + 70006, LARGE - 70006, 70006));
	CHECK(ftruncate(from, 0) == 0 && unlink("f") == 0);
	CHECK(pread(to, back, 1000, LARGE - 1000) == 1000);
	CHECK(is_pattern(back, 1000, LARGE - 1000));
}

const struct posix_test tests_of_ranges[] = {
	{ "allocate", allocating_makes_room },
	{ "punch", punched_holes_read_as_zeros },
	{ "punch-space", punching_gives_space_back },
	{ "zero", ranges_can_be_zeroed },
	{ "collapse", collapsing_works_or_is_refused },
	{ "holes", holes_are_found },
	{ "small-holes", small_files_have_no_holes_that_lie },
	{ "copy", ranges_are_copied },
	{ "copy-apart", a_copy_and_its_source_go_their_own_ways },
	{ 0 },
};
