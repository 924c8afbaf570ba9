/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"

#define CHUNK_MIN 512

void pool_init(struct pool *pool, int dir_fd)
{
	*pool = (struct pool){ .fd = -1, .dir_fd = dir_fd };
}

void pool_release(struct pool *pool)
{
	if (pool->fd >= 0)
		close(pool->fd);
	for (size_t i = 0; i < POOL_CLASSES; i++)
		free(pool->free_chunks[i].offsets);
	free(pool->held);
	pool_init(pool, pool->dir_fd);
}

static int open_file(struct pool *pool)
{
	if (pool->fd >= 0)
		return 0;
	if (pool->kept) {
		pool->fd = openat(pool->dir_fd, "pool", O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC,
				  0600);
		return pool->fd < 0 ? -errno : 0;
	}
	pool->fd = openat(pool->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (pool->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		pool->fd =
			openat(pool->dir_fd, "pool", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		if (pool->fd >= 0)
			(void)unlinkat(pool->dir_fd, "pool", 0);
	}
	return pool->fd < 0 ? -errno : 0;
}

static unsigned class_of(uint64_t capacity)
{
	return 63u - (unsigned)__builtin_clzll(capacity);
}

static uint64_t capacity_for(uint64_t size)
{
	uint64_t capacity = CHUNK_MIN;

	while (capacity < size)
		capacity *= 2;
	return capacity;
}

static void give_back(struct pool *pool, const struct pool_chunk *chunk)
{
	struct pool_free *list;

	if (chunk->offset + chunk->capacity == pool->end) {
		pool->end = chunk->offset;
		return;
	}
	list = &pool->free_chunks[class_of(chunk->capacity)];
	array_reserve_one(list->offsets, list->count, list->capacity);
	list->offsets[list->count++] = chunk->offset;
	pool->occupied = true;
}

void pool_free(struct pool *pool, struct pool_chunk *chunk)
{
	if (!chunk->capacity)
		return;
	pool->in_use -= chunk->capacity;
	if (pool->kept && !pool->closing) {
		array_reserve_one(pool->held, pool->held_count, pool->held_capacity);
		pool->held[pool->held_count++] = *chunk;
	} else if (!pool->kept) {
		give_back(pool, chunk);
	}
	*chunk = (struct pool_chunk){ 0 };
}

void pool_settle(struct pool *pool)
{
	while (pool->held_count > 0)
		give_back(pool, &pool->held[--pool->held_count]);
}

int pool_adopt(struct pool *pool, const struct pool_chunk *chunk)
{
	int r;

	if (!chunk->capacity)
		return 0;
	if (chunk->capacity < CHUNK_MIN || chunk->capacity & (chunk->capacity - 1) ||
	    chunk->capacity >> (POOL_CLASSES - 1) || chunk->offset > INT64_MAX / 2)
		return -EBADMSG;
	r = open_file(pool);
	if (r < 0)
		return r;
	if (chunk->offset + chunk->capacity > pool->end)
		pool->end = chunk->offset + chunk->capacity;
	pool->in_use += chunk->capacity;
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct pool_chunk *first = a, *second = b;

	return first->offset < second->offset ? -1 : first->offset > second->offset;
}

int pool_tidy(struct pool *pool, struct pool_chunk *chunks, size_t count)
{
	int r = open_file(pool);

	if (r < 0)
		return r;
	if (count)
		qsort(chunks, count, sizeof *chunks, by_offset);
	pool->end = pool->in_use = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t gap = chunks[i].offset > pool->end ? chunks[i].offset - pool->end : 0;

		/* A disk that cannot do it keeps the space; that is all. */
		if (gap)
			(void)!fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)pool->end, (off_t)gap);
		pool->end = chunks[i].offset + chunks[i].capacity;
		pool->in_use += chunks[i].capacity;
	}
	return ftruncate(pool->fd, (off_t)pool->end) < 0 ? -errno : 0;
}

bool pool_punch(struct pool *pool)
{
	bool occupied = pool->occupied;

	/* Beyond the last chunk, too. */
	if (pool->fd < 0 || ftruncate(pool->fd, (off_t)pool->end) < 0)
		return false;
	for (unsigned log2 = 0; log2 < POOL_CLASSES && occupied; log2++) {
		const struct pool_free *list = &pool->free_chunks[log2];

		for (size_t i = 0; i < list->count; i++)
			(void)!fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					 (off_t)list->offsets[i], (off_t)1 << log2);
	}
	pool->occupied = false;
	return occupied;
}

int pool_sync(struct pool *pool)
{
	if (pool->fd < 0 || !pool->unsynced)
		return 0;
	if (fdatasync(pool->fd) < 0)
		return -errno;
	pool->unsynced = false;
	return 0;
}

static struct pool_chunk take_chunk(struct pool *pool, uint64_t capacity)
{
	struct pool_free *list = &pool->free_chunks[class_of(capacity)];
	struct pool_chunk chunk = { .capacity = capacity };

	if (list->count) {
		chunk.offset = list->offsets[--list->count];
	} else {
		chunk.offset = pool->end;
		pool->end += capacity;
	}
	pool->in_use += capacity;
	return chunk;
}

int pool_resize(struct pool *pool, struct pool_chunk *chunk, uint64_t used, uint64_t size)
{
	struct pool_chunk bigger;
	uint64_t capacity = capacity_for(size);
	int r;

	if (size <= chunk->capacity)
		return 0;
	r = open_file(pool);
	if (r < 0)
		return r;
	/* What is being written is usually the last chunk: it grows where it is. */
	if (chunk->capacity && chunk->offset + chunk->capacity == pool->end) {
		pool->end += capacity - chunk->capacity;
		pool->in_use += capacity - chunk->capacity;
		chunk->capacity = capacity;
		return 0;
	}
	bigger = take_chunk(pool, capacity);
	pool->unsynced = true;
	if (used)
		r = fd_copy_range(pool->fd, chunk->offset, pool->fd, bigger.offset, used);
	if (r < 0) {
		pool_free(pool, &bigger);
		return r;
	}
	pool_free(pool, chunk);
	*chunk = bigger;
	return 0;
}

int pool_write(struct pool *pool, const struct pool_chunk *chunk, uint64_t at, const void *data,
	       size_t size)
{
	int r = fault("pool.write");

	pool->unsynced = true;
	return r < 0 ? r : fd_pwrite_all(pool->fd, data, size, chunk->offset + at);
}

int pool_read(struct pool *pool, const struct pool_chunk *chunk, uint64_t at, void *data,
	      size_t size)
{
	return fd_pread_exactly(pool->fd, data, size, chunk->offset + at);
}

int pool_fd(const struct pool *pool)
{
	return pool->fd;
}

void pool_reset_if_empty(struct pool *pool)
{
	if (pool->in_use || pool->held_count || pool->fd < 0)
		return;
	for (size_t i = 0; i < POOL_CLASSES; i++)
		pool->free_chunks[i].count = 0;
	pool->end = 0;
	if (ftruncate(pool->fd, 0) < 0)
		return; /* the space comes back with the file */
}
