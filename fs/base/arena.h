/* SPDX-License-Identifier: Apache-2.0 */
/* Many small things of one owner, released all at once. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "fs/base/cleanup.h"

struct arena_block;

/* All zero is an empty arena. Whoever sizes things by foreign input holds that input against a
 * limit first: an arena ends the process when memory is out. */
struct arena {
	struct arena_block *blocks;
	char *at;
	size_t left;
};

/* Zeroed, aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
/* `count` things of `size` bytes. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy of `length` bytes, with a NUL behind. */
char *arena_copy(struct arena *arena, const char *data, size_t length);
char *arena_string(struct arena *arena, const char *s);
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void arena_release(struct arena *arena);
DEFINE_CLEANUP_VALUE(struct arena, arena_release);
