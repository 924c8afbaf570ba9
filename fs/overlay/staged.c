/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"
#include "fs/overlay/staged_internal.h"
#include "fs/store/store.h"

/* Descriptors are a scarce good of the process: closed files are opened again when needed. */
#define OPEN_FILES_MAX 128

const char *staged_file_name(const struct staged *staged, char text[static 24])
{
	snprintf(text, 24, "%" PRIu64, staged->name);
	return text;
}

void staging_init(struct staging *staging, struct store *store, struct store_lease *lease)
{
	*staging = (struct staging){ .store = store,
				     .lease = lease,
				     .dir_fd = store_lease_tmp_fd(lease) };
	pool_init(&staging->pool, staging->dir_fd);
}

void staging_init_kept(struct staging *staging, struct store *store, struct store_lease *lease,
		       int dir_fd)
{
	*staging =
		(struct staging){ .store = store, .lease = lease, .dir_fd = dir_fd, .kept = true };
	pool_init(&staging->pool, dir_fd);
	staging->pool.kept = true;
}

void staging_release(struct staging *staging)
{
	pool_release(&staging->pool);
	free(staging->doomed);
}

void staging_trim(struct staging *staging)
{
	pool_reset_if_empty(&staging->pool);
}

/* ---- open files ---- */

static void forget_open(struct staged *staged)
{
	struct staging *staging = staged->staging;

	if (staged->previous)
		staged->previous->next = staged->next;
	else
		staging->open_files = staged->next;
	if (staged->next)
		staged->next->previous = staged->previous;
	staged->previous = staged->next = NULL;
	staging->open_count--;
}

static void note_open(struct staged *staged)
{
	struct staging *staging = staged->staging;

	staged->next = staging->open_files;
	if (staged->next)
		staged->next->previous = staged;
	staging->open_files = staged;
	staging->open_count++;
}

static void close_file(struct staged *staged)
{
	if (staged->fd < 0)
		return;
	forget_open(staged);
	close(staged->fd);
	staged->fd = -1;
}

static void close_oldest(struct staging *staging)
{
	struct staged *oldest = staging->open_files;

	while (oldest->next)
		oldest = oldest->next;
	close_file(oldest);
}

int staged_open(struct staged *staged, int *ret_fd)
{
	char name[24];

	if (staged->fd >= 0) {
		*ret_fd = staged->fd;
		return 0;
	}
	if (staged->staging->open_count >= OPEN_FILES_MAX)
		close_oldest(staged->staging);
	staged->fd = openat(staged->staging->dir_fd, staged_file_name(staged, name),
			    (staged->published ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (staged->fd < 0)
		return -errno;
	note_open(staged);
	*ret_fd = staged->fd;
	return 0;
}

static int create_file(struct staged *staged)
{
	char name[24];
	int r = fault("staged.create");

	if (r < 0)
		return r;
	if (staged->staging->open_count >= OPEN_FILES_MAX)
		close_oldest(staged->staging);
	staged->name = ++staged->staging->next_name;
	staged->fd = openat(staged->staging->dir_fd, staged_file_name(staged, name),
			    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (staged->fd < 0)
		return -errno;
	note_open(staged);
	staged->is_file = staged->fresh = true;
	return 0;
}

/* ---- making and dropping ---- */

struct staged *staged_new(struct staging *staging)
{
	struct staged *staged = xcalloc(1, sizeof *staged);

	staged->staging = staging;
	staged->fd = -1;
	return staged;
}

static void drop_name(struct staging *staging, uint64_t number)
{
	char name[24];

	if (staging->kept) {
		array_reserve_one(staging->doomed, staging->doomed_count, staging->doomed_capacity);
		staging->doomed[staging->doomed_count++] = number;
		return;
	}
	snprintf(name, sizeof name, "%" PRIu64, number);
	(void)unlinkat(staging->dir_fd, name, 0);
}

static void remove_file(struct staged *staged)
{
	close_file(staged);
	drop_name(staged->staging, staged->name);
	staged->is_file = false;
}

void staged_free(struct staged *staged)
{
	if (!staged)
		return;
	if (staged->is_file && staged->staging->closing)
		close_file(staged);
	else if (staged->is_file)
		remove_file(staged);
	pool_free(&staged->staging->pool, &staged->chunk);
	free(staged->written);
	free(staged);
}

int staged_from_bytes(struct staging *staging, const void *data, size_t size, struct staged **ret)
{
	struct staged *staged = staged_new(staging);
	int r = staged_write(staged, data, size, 0);

	if (r < 0) {
		staged_free(staged);
		return r;
	}
	*ret = staged;
	return 0;
}

static uint64_t blocks_of(uint64_t size)
{
	return (size + STAGED_BLOCK - 1) / STAGED_BLOCK;
}

int staged_from_blob(struct staging *staging, const struct object_id *blob, uint64_t size,
		     struct staged **ret)
{
	struct staged *staged;
	int r;

	if (size < STAGED_FILE_MIN) {
		cleanup_free char *bytes = xmalloc(size);
		ssize_t n = store_pread(staging->store, blob, bytes, size, 0, staging->why);

		if (n < 0 || (uint64_t)n != size)
			return n < 0 ? (int)n : -EBADMSG;
		return staged_from_bytes(staging, bytes, size, ret);
	}
	staged = staged_new(staging);
	r = create_file(staged);
	if (r == 0 && ftruncate(staged->fd, (off_t)size) < 0)
		r = -errno;
	if (r < 0) {
		staged_free(staged);
		return r;
	}
	staged->size = staged->base_size = staged->base_blob_size = size;
	staged->base = *blob;
	staged->written = xcalloc(1, blocks_of(size) / 8 + 1);
	*ret = staged;
	return 0;
}

uint64_t staged_size(const struct staged *staged)
{
	return staged->size;
}

uint64_t staged_allocated(struct staged *staged)
{
	struct stat st;
	int fd = -1;

	if (!staged->is_file)
		return (staged->size + 511) & ~(uint64_t)511;
	if (staged_open(staged, &fd) < 0 || fstat(fd, &st) < 0)
		return staged->size;
	return (uint64_t)st.st_blocks * 512 + staged->base_size;
}

/* ---- which bytes are whose ---- */

static bool block_written(const struct staged *staged, uint64_t block)
{
	return staged->written[block / 8] >> (block % 8) & 1;
}

static void mark_written(struct staged *staged, uint64_t block)
{
	staged->written[block / 8] |= (uint8_t)(1u << (block % 8));
}

uint64_t staged_run(const struct staged *staged, uint64_t offset, uint64_t length, bool *ret_base)
{
	uint64_t end = offset + length, block = offset / STAGED_BLOCK;
	bool base = offset < staged->base_size && !block_written(staged, block);
	uint64_t at = offset;

	while (at < end) {
		bool here = at < staged->base_size && !block_written(staged, at / STAGED_BLOCK);

		if (here != base)
			break;
		if (at >= staged->base_size)
			at = end;
		else
			at = (at / STAGED_BLOCK + 1) * STAGED_BLOCK;
		if (base && at > staged->base_size)
			at = staged->base_size;
	}
	*ret_base = base;
	return (at < end ? at : end) - offset;
}

/* ---- reading ---- */

static int read_base(struct staged *staged, char *data, size_t length, uint64_t offset)
{
	while (length > 0) {
		ssize_t n = store_pread(staged->staging->store, &staged->base, data, length, offset,
					staged->staging->why);

		if (n <= 0)
			return n < 0 ? (int)n : -EBADMSG;
		data += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

int staged_read(struct staged *staged, void *data, size_t length, uint64_t offset)
{
	char *at = data;
	int fd, r;

	if (!length)
		return 0;
	if (!staged->is_file)
		return pool_read(&staged->staging->pool, &staged->chunk, offset, data, length);
	r = staged_open(staged, &fd);
	while (length > 0 && r == 0) {
		bool base;
		size_t run = (size_t)staged_run(staged, offset, length, &base);

		r = base ? read_base(staged, at, run, offset)
			 : fd_pread_exactly(fd, at, run, offset);
		at += run;
		offset += run;
		length -= run;
	}
	return r;
}

/* ---- writing ---- */

/* Bring a block of the base into the file, so that a part of it can be changed. */
static int bring_block(struct staged *staged, int fd, uint64_t block)
{
	char bytes[STAGED_BLOCK];
	uint64_t start = block * STAGED_BLOCK;
	size_t length = STAGED_BLOCK;
	int r;

	if (start >= staged->base_size || block_written(staged, block))
		return 0;
	if (length > staged->base_size - start)
		length = (size_t)(staged->base_size - start);
	r = read_base(staged, bytes, length, start);
	if (r == 0)
		r = fd_pwrite_all(fd, bytes, length, start);
	if (r == 0)
		mark_written(staged, block);
	return r;
}

int staged_prepare_range(struct staged *staged, int fd, uint64_t offset, uint64_t end)
{
	int r = 0;

	if (offset % STAGED_BLOCK)
		r = bring_block(staged, fd, offset / STAGED_BLOCK);
	if (r == 0 && end % STAGED_BLOCK && end < staged->base_size)
		r = bring_block(staged, fd, end / STAGED_BLOCK);
	return r;
}

void staged_mark_range(struct staged *staged, uint64_t offset, uint64_t end)
{
	if (end > staged->base_size)
		end = staged->base_size;
	for (uint64_t at = offset; at < end; at = (at / STAGED_BLOCK + 1) * STAGED_BLOCK)
		mark_written(staged, at / STAGED_BLOCK);
}

int staged_make_file(struct staged *staged)
{
	struct pool *pool = &staged->staging->pool;
	int r = create_file(staged);

	if (r == 0 && staged->size)
		r = fd_copy_range(pool_fd(pool), staged->chunk.offset, staged->fd, 0, staged->size);
	if (r < 0) {
		if (staged->is_file)
			remove_file(staged);
		return r;
	}
	pool_free(pool, &staged->chunk);
	return 0;
}

static int zero_pool(struct staged *staged, uint64_t offset, uint64_t end)
{
	static const char zeros[4096];
	int r = 0;

	while (offset < end && r == 0) {
		size_t length = end - offset < sizeof zeros ? (size_t)(end - offset) : sizeof zeros;

		r = pool_write(&staged->staging->pool, &staged->chunk, offset, zeros, length);
		offset += length;
	}
	return r;
}

/* Grow to `size` with zeros behind the present end. */
static int grow(struct staged *staged, uint64_t size)
{
	int fd, r;

	if (size <= staged->size)
		return 0;
	if (!staged->is_file && size >= STAGED_FILE_MIN) {
		r = staged_make_file(staged);
		if (r < 0)
			return r;
	}
	if (!staged->is_file) {
		r = pool_resize(&staged->staging->pool, &staged->chunk, staged->size, size);
		if (r == 0)
			r = zero_pool(staged, staged->size, size);
	} else {
		r = staged_open(staged, &fd);
		if (r == 0 && ftruncate(fd, (off_t)size) < 0)
			r = -errno;
	}
	if (r == 0)
		staged->size = size;
	return r;
}

static int write_file(struct staged *staged, const void *data, size_t length, uint64_t offset)
{
	uint64_t end = offset + length;
	int fd, r = staged_open(staged, &fd);

	if (r == 0)
		r = staged_prepare_range(staged, fd, offset, end);
	if (r == 0)
		r = fault("staged.write");
	if (r == 0)
		r = fd_pwrite_all(fd, data, length, offset);
	if (r < 0)
		return r;
	staged_mark_range(staged, offset, end);
	if (end > staged->size)
		staged->size = end;
	return 0;
}

int staged_leave_published(struct staged *staged)
{
	cleanup_fd int old = -1;
	uint64_t old_name = staged->name;
	int fd, r;

	if (!staged->published)
		return 0;
	r = staged_open(staged, &fd);
	if (r < 0)
		return r;
	old = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (old < 0)
		return -errno;
	close_file(staged);
	r = create_file(staged);
	if (r == 0)
		r = fd_copy_range(old, 0, staged->fd, 0, staged->size);
	if (r < 0) {
		if (staged->name != old_name)
			remove_file(staged);
		staged->name = old_name;
		staged->is_file = true;
		return r;
	}
	staged->published = false;
	drop_name(staged->staging, old_name);
	return 0;
}

int staged_write(struct staged *staged, const void *data, size_t length, uint64_t offset)
{
	uint64_t end = offset + length;
	int r = staged_leave_published(staged);

	if (r == 0)
		r = grow(staged, offset);

	if (r == 0 && !staged->is_file && end >= STAGED_FILE_MIN)
		r = staged_make_file(staged);
	if (r < 0 || !length)
		return r;
	if (staged->is_file)
		return write_file(staged, data, length, offset);
	r = pool_resize(&staged->staging->pool, &staged->chunk, staged->size, end);
	if (r == 0)
		r = pool_write(&staged->staging->pool, &staged->chunk, offset, data, length);
	if (r == 0 && end > staged->size)
		staged->size = end;
	return r;
}

int staged_truncate(struct staged *staged, uint64_t size)
{
	int fd, r = staged_leave_published(staged);

	if (r < 0)
		return r;
	if (size >= staged->size)
		return grow(staged, size);
	if (staged->is_file) {
		r = staged_open(staged, &fd);
		if (r < 0)
			return r;
		if (ftruncate(fd, (off_t)size) < 0)
			return -errno;
	}
	staged->size = size;
	if (staged->base_size > size)
		staged->base_size = size;
	if (!size)
		pool_free(&staged->staging->pool, &staged->chunk);
	return 0;
}
