/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a Dockerfile, and where. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/error.h"

struct buf;

/* Lines of a file, counted from 1, both included. All zero is nowhere. */
struct location {
	uint32_t first_line, last_line;
};

/*
 * NULL is welcome wherever one is taken and costs nothing. `error` holds the negative errno that
 * was returned and the words to print. `where` is the instruction concerned (first_line 0: none
 * in particular); `line` and `column` are the very spot, column counted in bytes from 1, or 0
 * when it is not known any closer.
 */
struct diagnostic {
	struct error error;
	char file[256]; /* as the caller named it, its front cut off if it is longer */
	struct location where;
	uint32_t line, column;
};

/* Record `code` and these words for `where`. Returns `code`. */
int diagnostic_set(struct diagnostic *diag, int code, struct location where, const char *format,
		   ...) __attribute__((format(printf, 4, 5)));
/* Where exactly, for what diagnostic_set() recorded before. */
void diagnostic_point(struct diagnostic *diag, uint32_t line, uint32_t column);
void diagnostic_file(struct diagnostic *diag, const char *name);

/* "Dockerfile:3:5: message", as compilers print it; parts that are not known are left out. */
void diagnostic_format(const struct diagnostic *diag, struct buf *ret);

/*
 * The lines of `source` around `where`, those of `where` marked, as BuildKit prints them below an
 * error: up to four lines of surroundings for one line, two for several. Nothing is appended when
 * `where` is nowhere or not in the source.
 *
 *	Dockerfile:3
 *	--------------------
 *	   1 |     FROM alpine
 *	   2 |
 *	   3 | >>> RUN false
 *	--------------------
 */
void diagnostic_excerpt(const char *file, const char *source, size_t size, struct location where,
			struct buf *ret);
