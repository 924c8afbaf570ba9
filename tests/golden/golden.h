/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden files: for every NAME.in of a directory, what a program makes of it stands in NAME.out.
 * With VARVE_GOLDEN_UPDATE set the latter is rewritten instead of compared; see update.
 */
#pragma once

#include <stddef.h>

struct buf;

/* Append what `data`, the content of `name`, comes out as. */
typedef void (*golden_make_fn)(const char *name, const char *data, size_t size, struct buf *ret);

/* `in` and `out` are suffixes with their dot. What main() is to return. */
int golden_run(const char *directory, const char *in, const char *out, golden_make_fn make);
