/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer and the reader of recipes agree on; the grammar is in recipe.h. */
#pragma once

#include <stddef.h>

#define RECIPE_MAGIC   "OSTR"
#define RECIPE_VERSION 1
/* Zeros behind the version: no recipe is so short that a directory would have it inline. */
#define RECIPE_SPACE 32

enum { RECIPE_END = 0, RECIPE_LITERAL = 1, RECIPE_BLOB = 2 };

/* A longer literal is written as several. */
#define RECIPE_LITERAL_MAX ((size_t)64 << 10)
/* A frame is full when it has that much, with the operation that made it so. */
#define RECIPE_FRAME_FULL ((size_t)128 << 10)
#define RECIPE_FRAME_MAX  (RECIPE_FRAME_FULL + RECIPE_LITERAL_MAX + 64)
