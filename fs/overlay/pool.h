/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Space for the content of many small files in one file without a name: a file of its own for
 * each would cost the backing filesystem more than the content does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POOL_CLASSES 48

/* A piece of the pool. All zero: none. */
struct pool_chunk {
	uint64_t offset;
	uint64_t capacity;
};

struct pool {
	int fd; /* -1 until the first byte is written */
	int dir_fd;
	/* The file has a name, "pool", and outlives the process. What is given back is not used
	 * again before pool_settle(): the last durable record may still refer to it. */
	bool kept;
	bool closing;  /* what is given back now stays as it is */
	bool unsynced; /* written to since the last pool_sync() */
	struct pool_chunk *held;
	size_t held_count, held_capacity;
	uint64_t end;    /* behind the last chunk ever handed out */
	uint64_t in_use; /* bytes in chunks that are held */
	struct pool_free {
		uint64_t *offsets;
		size_t count, capacity;
	} free_chunks[POOL_CLASSES]; /* by log2 of their size */
	bool occupied;               /* some of these take up space on the disk */
};

/* `dir_fd`: a directory on the filesystem to use; stays the caller's. */
void pool_init(struct pool *pool, int dir_fd);
void pool_release(struct pool *pool);

/* Make `chunk` hold at least `size` bytes, keeping the first `used`. -ENOSPC and the like. */
int pool_resize(struct pool *pool, struct pool_chunk *chunk, uint64_t used, uint64_t size);
void pool_free(struct pool *pool, struct pool_chunk *chunk);

int pool_write(struct pool *pool, const struct pool_chunk *chunk, uint64_t at, const void *data,
	       size_t size);
int pool_read(struct pool *pool, const struct pool_chunk *chunk, uint64_t at, void *data,
	      size_t size);
/* The file and where the chunk begins in it. */
int pool_fd(const struct pool *pool);

/* Of one that is kept: take up a chunk that an earlier process has written, which -EBADMSG cannot
 * be one of ours. */
int pool_adopt(struct pool *pool, const struct pool_chunk *chunk);
int pool_sync(struct pool *pool);
/* What was given back may be used again. */
void pool_settle(struct pool *pool);
/* Only these chunks are in use, which this sorts: the rest goes back to the disk. */
int pool_tidy(struct pool *pool, struct pool_chunk *chunks, size_t count);

/* Give the space of what is free back to the disk: whether there was any. */
bool pool_punch(struct pool *pool);
/* Give all space back to the disk; when nothing is held any more. */
void pool_reset_if_empty(struct pool *pool);
