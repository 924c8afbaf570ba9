/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many layers an image is to have: one for each step, or fewer. It is decided when the image is
 * handed out, from the states that the steps have left; nothing is done again for it.
 */
#pragma once

#include <stddef.h>

struct error;

enum layering_kind {
	LAYERING_STEP,   /* as the steps made them */
	LAYERING_STAGE,  /* one for each stage that the image came through */
	LAYERING_SQUASH, /* one for all that was added to the base image */
	LAYERING_PACK,   /* at most so many in all, with about equally many steps in each */
};

/* All zero is LAYERING_STEP. */
struct layering {
	enum layering_kind kind;
	size_t most; /* of LAYERING_PACK */
};

/* "step", "stage", "squash", "pack:20"; -EINVAL. */
int layering_parse(const char *text, struct layering *ret, struct error *err);

/* What is known of the layers of an image. All zero: nothing. */
struct layer_origins {
	size_t base;          /* that many, the lowest, came with the base image */
	const size_t *stages; /* how many layers there are when each stage ends, rising */
	size_t stage_count;
};

/*
 * Which of `count` layers, lowest first, end a layer of the image: `ret` has room for `count`
 * numbers, rising; the last one is count - 1. Layers of the base image stay as they are, so that
 * others have them already; only where that alone would be too many they are packed, too. Returns
 * how many there are.
 */
size_t layering_ends(const struct layering *layering, const struct layer_origins *origins,
		     size_t count, size_t *ret);
