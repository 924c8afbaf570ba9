/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Space for the content of many small files in one file without a name: a file of its own for
 * each would cost the backing filesystem more than the content does.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ARENA_CLASSES 48

/* A piece of the arena. All zero: none. */
struct arena_chunk {
	uint64_t offset;
	uint64_t capacity;
};

struct arena {
	int fd; /* -1 until the first byte is written */
	int dir_fd;
	uint64_t end;    /* behind the last chunk ever handed out */
	uint64_t in_use; /* bytes in chunks that are held */
	struct arena_free {
		uint64_t *offsets;
		size_t count, capacity;
	} free_chunks[ARENA_CLASSES]; /* by log2 of their size */
};

/* `dir_fd`: a directory on the filesystem to use; stays the caller's. */
void arena_init(struct arena *arena, int dir_fd);
void arena_release(struct arena *arena);

/* Make `chunk` hold at least `size` bytes, keeping the first `used`. -ENOSPC and the like. */
int arena_resize(struct arena *arena, struct arena_chunk *chunk, uint64_t used, uint64_t size);
void arena_free(struct arena *arena, struct arena_chunk *chunk);

int arena_write(struct arena *arena, const struct arena_chunk *chunk, uint64_t at, const void *data,
		size_t size);
int arena_read(struct arena *arena, const struct arena_chunk *chunk, uint64_t at, void *data,
	       size_t size);
/* The file and where the chunk begins in it. */
int arena_fd(const struct arena *arena);

/* Give all space back to the disk; when nothing is held any more. */
void arena_reset_if_empty(struct arena *arena);
