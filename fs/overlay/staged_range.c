/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/cleanup.h"
#include "fs/base/fd.h"
#include "fs/overlay/staged_internal.h"

#define COPY_STEP ((size_t)128 << 10)

static int write_zeros(struct staged *staged, uint64_t offset, uint64_t length)
{
	static const char zeros[4096];
	int r = 0;

	while (length > 0 && r == 0) {
		size_t step = length < sizeof zeros ? (size_t)length : sizeof zeros;

		r = staged_write(staged, zeros, step, offset);
		offset += step;
		length -= step;
	}
	return r;
}

int staged_punch(struct staged *staged, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;
	int fd, r;

	if (!staged->is_file || staged->published)
		return write_zeros(staged, offset, length);
	r = staged_open(staged, &fd);
	if (r == 0)
		r = staged_prepare_range(staged, fd, offset, end);
	if (r < 0)
		return r;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		      (off_t)length) < 0) {
		if (errno != EOPNOTSUPP)
			return -errno;
		return write_zeros(staged, offset, length);
	}
	staged_mark_range(staged, offset, end);
	return 0;
}

/* All or nothing: half of it would fill the disk with what no one sees. */
static int allocate_in(int fd, uint64_t offset, uint64_t length)
{
	struct stat before;
	int r;

	if (fstat(fd, &before) < 0)
		return -errno;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) == 0)
		return 0;
	r = -errno;
	/* Where nothing seems to be set aside behind the end, all that is there now is ours to give back;
	 * holes may hide what was, and then it is lost with it: only space, no content. */
	if ((uint64_t)before.st_blocks * 512 <= (uint64_t)before.st_size + STAGED_BLOCK)
		(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, before.st_size,
				 (off_t)(offset + length - (uint64_t)before.st_size));
	return r;
}

int staged_allocate(struct staged *staged, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;
	int fd, r = staged_leave_published(staged);

	if (r == 0 && !staged->is_file && end >= STAGED_FILE_MIN)
		r = staged_make_file(staged);
	if (r < 0)
		return r;
	if (!staged->is_file) {
		struct pool *pool = &staged->staging->pool;

		r = pool_resize(pool, &staged->chunk, staged->size, end);
		if (r == 0 && fallocate(pool_fd(pool), FALLOC_FL_KEEP_SIZE,
					(off_t)(staged->chunk.offset + offset), (off_t)length) < 0)
			r = -errno;
		return r;
	}
	r = staged_open(staged, &fd);
	return r < 0 ? r : allocate_in(fd, offset, length);
}

void staged_unmark_block(struct staged *staged, uint64_t offset)
{
	uint64_t block = offset / STAGED_BLOCK;

	staged->written[block / 8] &= (uint8_t) ~(1u << (block % 8));
}

uint64_t staged_piece(struct staged *staged, uint64_t offset, uint64_t length,
		      enum staged_side *ret)
{
	bool base;
	uint64_t run = staged_run(staged, offset, length, &base);
	off_t end;
	int fd;

	*ret = base ? STAGED_BASE : STAGED_DATA;
	if (base || !staged->is_file || staged_open(staged, &fd) < 0)
		return run;
	end = lseek(fd, (off_t)offset, SEEK_DATA);
	if (end == (off_t)offset)
		end = lseek(fd, (off_t)offset, SEEK_HOLE);
	else if (end > (off_t)offset || errno == ENXIO)
		*ret = STAGED_HOLE;
	return end > (off_t)offset && (uint64_t)end - offset < run ? (uint64_t)end - offset : run;
}

/* In the part of the base that shows between `offset` and `end`; *ret is `end` for nothing. */
static int seek_base(struct staged *staged, uint64_t offset, uint64_t end, int whence, off_t *ret)
{
	uint64_t found = end;
	int r = store_seek(staged->staging->store, &staged->base, offset, whence, &found,
			   staged->staging->why);

	*ret = (off_t)(r > 0 && found < end ? found : end);
	return r < 0 ? r : 0;
}

int staged_seek(struct staged *staged, uint64_t offset, int whence, uint64_t *ret)
{
	bool hole = whence == SEEK_HOLE;
	int fd, r;

	if (!staged->is_file) {
		*ret = hole ? staged->size : offset;
		return 0;
	}
	r = staged_open(staged, &fd);
	while (r == 0 && offset < staged->size) {
		bool base;
		uint64_t end = offset + staged_run(staged, offset, staged->size - offset, &base);
		off_t found = (off_t)offset;

		if (base) {
			r = seek_base(staged, offset, end, whence, &found);
		} else {
			found = lseek(fd, (off_t)offset, whence);
			if (found < 0 && errno != ENXIO)
				r = -errno;
		}
		if (r == 0 && found >= 0 && (uint64_t)found < end) {
			*ret = (uint64_t)found;
			return 0;
		}
		offset = end;
	}
	if (r < 0)
		return r;
	*ret = staged->size;
	return hole ? 0 : -ENXIO;
}

/* Both are files and the bytes are in the first one's: let the kernel do it. */
static int copy_in_kernel(struct staged *from, uint64_t from_offset, struct staged *to,
			  uint64_t to_offset, uint64_t length)
{
	cleanup_fd int source = -1;
	int fd, r = staged_open(from, &fd);

	if (r < 0)
		return r;
	source = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* opening the other may close this one */
	if (source < 0)
		return -errno;
	r = staged_open(to, &fd);
	if (r == 0)
		r = staged_prepare_range(to, fd, to_offset, to_offset + length);
	if (r == 0)
		r = fd_copy_range(source, from_offset, fd, to_offset, length);
	if (r < 0)
		return r;
	staged_mark_range(to, to_offset, to_offset + length);
	if (to_offset + length > to->size)
		to->size = to_offset + length;
	return 0;
}

int staged_copy_range(struct staged *from, uint64_t from_offset, struct staged *to,
		      uint64_t to_offset, uint64_t length)
{
	cleanup_free char *block = NULL;
	bool base = true;
	int r = 0;

	if (from->is_file && to->is_file && !to->published && to_offset <= to->size &&
	    staged_run(from, from_offset, length, &base) == length && !base)
		return copy_in_kernel(from, from_offset, to, to_offset, length);
	block = xmalloc(COPY_STEP);
	while (length > 0 && r == 0) {
		size_t step = length < COPY_STEP ? (size_t)length : COPY_STEP;

		r = staged_read(from, block, step, from_offset);
		if (r == 0)
			r = staged_write(to, block, step, to_offset);
		from_offset += step;
		to_offset += step;
		length -= step;
	}
	return r;
}

/* Whatever it was, an empty file above the blob, of which nothing shows yet. */
static int begin_sharing(struct staged *staged, const struct object_id *blob, uint64_t blob_size)
{
	int r = staged->is_file ? 0 : staged_make_file(staged);

	if (r < 0)
		return r;
	free(staged->written);
	staged->written = xcalloc(blob_size / STAGED_BLOCK / 8 + 1, 1);
	staged->base = *blob;
	staged->base_blob_size = blob_size;
	staged->base_size = 0;
	return 0;
}

int staged_share(struct staged *staged, const struct object_id *blob, uint64_t blob_size,
		 uint64_t offset, uint64_t length)
{
	int fd, r = 0;

	if (staged->published || staged->size != offset)
		return 0;
	if (offset == 0)
		r = begin_sharing(staged, blob, blob_size);
	else if (staged->base_size != offset || offset % STAGED_BLOCK ||
		 !object_id_equal(&staged->base, blob))
		return 0;
	if (r == 0)
		r = staged_open(staged, &fd);
	if (r == 0 && ftruncate(fd, (off_t)(offset + length)) < 0)
		r = -errno;
	if (r < 0)
		return r;
	/* Blocks may have been written before the file was cut off here. */
	for (uint64_t at = offset / STAGED_BLOCK; at * STAGED_BLOCK < offset + length; at++)
		staged->written[at / 8] &= (uint8_t) ~(1u << (at % 8));
	staged->size = staged->base_size = offset + length;
	return 1;
}
