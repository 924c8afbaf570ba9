/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/alloc.h"

#define BLOCK_SIZE ((size_t)32 << 10)

struct arena_block {
	struct arena_block *next;
	alignas(max_align_t) char data[];
};

static char *block_new(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX - sizeof *block)
		size = SIZE_MAX - sizeof *block; /* refused by the allocator */
	block = xmalloc(sizeof *block + size);
	block->next = arena->blocks;
	arena->blocks = block;
	return block->data;
}

/* Room that is not cleared; `align` is a power of two. */
static char *take(struct arena *arena, size_t size, size_t align)
{
	size_t gap = (size_t)(-(uintptr_t)arena->at) & (align - 1);
	char *taken;

	if (size == 0)
		size = 1; /* things without content still have an address */
	if (gap <= arena->left && size <= arena->left - gap) {
		taken = arena->at + gap;
	} else if (size > BLOCK_SIZE / 4) {
		return block_new(arena, size); /* the open block stays in use for small things */
	} else {
		taken = block_new(arena, BLOCK_SIZE);
		arena->left = BLOCK_SIZE;
		gap = 0;
	}
	arena->at = taken + size;
	arena->left -= gap + size;
	return taken;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(take(arena, size, alignof(max_align_t)), 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		bytes = SIZE_MAX; /* refused by the allocator */
	return arena_alloc(arena, bytes);
}

char *arena_copy(struct arena *arena, const char *data, size_t length)
{
	char *copy = take(arena, length + 1, 1);

	if (length)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *arena_string(struct arena *arena, const char *s)
{
	return arena_copy(arena, s, strlen(s));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text, *copy;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	copy = arena_string(arena, text);
	free(text);
	return copy;
}

void arena_release(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	*arena = (struct arena){ 0 };
}
