/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text: nothing here looks at a filesystem. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The shortest equal path: no "//", no ".", "x/.." taken out, no trailing slash, ".." at the root
 * dropped; "" becomes ".". The caller frees. */
char *path_clean(const char *path);

/* `path` itself when it is absolute, else below `base`; cleaned. The caller frees. */
char *path_join(const char *base, const char *path);

/* What stands behind the last slash, not counting trailing ones; points into `path`. */
const char *path_base(const char *path);

/* Step through components: the next one and its length, skipping slashes; false at the end. */
bool path_next(const char **path, const char **ret_name, size_t *ret_length);

/* A name that can stand in a directory: not empty, ".", "..", longer than 255, or with a slash
 * or NUL in it. */
bool path_name_valid(const char *name, size_t length);

/* `path` is `parent` or lies below it; both clean. */
bool path_is_below(const char *path, const char *parent);
