/* SPDX-License-Identifier: Apache-2.0 */
/* What a name behind FROM or --from leads to. */
#pragma once

#include <stddef.h>

#include "builder/dockerfile/lex/words.h"

struct error;
struct instruction;
struct plan_memory;
struct planning;
struct platform;

enum origin_kind {
	ORIGIN_EMPTY,     /* scratch */
	ORIGIN_STAGE,     /* of the Dockerfile: `stage` */
	ORIGIN_IMAGE,     /* `name` is what to look up */
	ORIGIN_DIRECTORY, /* `name` is that of a --build-context */
	ORIGIN_CACHE,     /* `name` is its id */
};

struct origin {
	enum origin_kind kind;
	size_t stage; /* may be the one that asks, or a later one, behind --from */
	const char *name;
};

/*
 * FROM `name`, for the platform, in the stage with number `before`: an earlier stage, scratch, what
 * a --build-context puts there, an image. -EINVAL when it is no name at all.
 */
int origin_of_base(struct planning *planning, const char *name, const struct platform *platform,
		   size_t before, struct origin *ret, struct error *err);

/* What --build-context NAME puts in the place of a whole stage: 1 and *ret, or 0. */
int origin_of_replacement(struct planning *planning, const char *name,
			  const struct platform *platform, struct origin *ret);

/* --from of a COPY or a mount, as it is written, in stage `before`. */
struct origin_use {
	const char *from;
	const char *target; /* of a mount; NULL: of a COPY */
	struct origin origin;
};
int origin_of_from(struct planning *planning, size_t before, struct origin_use *use,
		   struct error *err);

/* All of one instruction. */
struct origin_uses {
	struct origin_use *items;
	size_t count;
};
int origin_uses_of(struct planning *planning, const struct instruction *instruction, size_t before,
		   struct origin_uses *ret, struct error *err);

/* `from` and `target` in a row of --mount; `from` is NULL when there is none. */
struct origin_use origin_use_of_row(struct plan_memory *memory, const char *row);
