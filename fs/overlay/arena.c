/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/overlay/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/base/alloc.h"
#include "fs/base/fault.h"
#include "fs/base/fd.h"

#define CHUNK_MIN 512

void arena_init(struct arena *arena, int dir_fd)
{
	*arena = (struct arena){ .fd = -1, .dir_fd = dir_fd };
}

void arena_release(struct arena *arena)
{
	if (arena->fd >= 0)
		close(arena->fd);
	for (size_t i = 0; i < ARENA_CLASSES; i++)
		free(arena->free_chunks[i].offsets);
	arena_init(arena, arena->dir_fd);
}

static int open_file(struct arena *arena)
{
	if (arena->fd >= 0)
		return 0;
	arena->fd = openat(arena->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (arena->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		arena->fd =
			openat(arena->dir_fd, "arena", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		if (arena->fd >= 0)
			(void)unlinkat(arena->dir_fd, "arena", 0);
	}
	return arena->fd < 0 ? -errno : 0;
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

void arena_free(struct arena *arena, struct arena_chunk *chunk)
{
	struct arena_free *list;

	if (!chunk->capacity)
		return;
	arena->in_use -= chunk->capacity;
	if (chunk->offset + chunk->capacity == arena->end) {
		arena->end = chunk->offset;
	} else {
		list = &arena->free_chunks[class_of(chunk->capacity)];
		array_reserve_one(list->offsets, list->count, list->capacity);
		list->offsets[list->count++] = chunk->offset;
	}
	*chunk = (struct arena_chunk){ 0 };
}

static struct arena_chunk take_chunk(struct arena *arena, uint64_t capacity)
{
	struct arena_free *list = &arena->free_chunks[class_of(capacity)];
	struct arena_chunk chunk = { .capacity = capacity };

	if (list->count) {
		chunk.offset = list->offsets[--list->count];
	} else {
		chunk.offset = arena->end;
		arena->end += capacity;
	}
	arena->in_use += capacity;
	return chunk;
}

int arena_resize(struct arena *arena, struct arena_chunk *chunk, uint64_t used, uint64_t size)
{
	struct arena_chunk bigger;
	uint64_t capacity = capacity_for(size);
	int r;

	if (size <= chunk->capacity)
		return 0;
	r = open_file(arena);
	if (r < 0)
		return r;
	/* What is being written is usually the last chunk: it grows where it is. */
	if (chunk->capacity && chunk->offset + chunk->capacity == arena->end) {
		arena->end += capacity - chunk->capacity;
		arena->in_use += capacity - chunk->capacity;
		chunk->capacity = capacity;
		return 0;
	}
	bigger = take_chunk(arena, capacity);
	if (used)
		r = fd_copy_range(arena->fd, chunk->offset, arena->fd, bigger.offset, used);
	if (r < 0) {
		arena_free(arena, &bigger);
		return r;
	}
	arena_free(arena, chunk);
	*chunk = bigger;
	return 0;
}

int arena_write(struct arena *arena, const struct arena_chunk *chunk, uint64_t at, const void *data,
		size_t size)
{
	int r = fault("arena.write");

	return r < 0 ? r : fd_pwrite_all(arena->fd, data, size, chunk->offset + at);
}

int arena_read(struct arena *arena, const struct arena_chunk *chunk, uint64_t at, void *data,
	       size_t size)
{
	return fd_pread_exactly(arena->fd, data, size, chunk->offset + at);
}

int arena_fd(const struct arena *arena)
{
	return arena->fd;
}

void arena_reset_if_empty(struct arena *arena)
{
	if (arena->in_use || arena->fd < 0)
		return;
	for (size_t i = 0; i < ARENA_CLASSES; i++)
		arena->free_chunks[i].count = 0;
	arena->end = 0;
	if (ftruncate(arena->fd, 0) < 0)
		return; /* the space comes back with the file */
}
