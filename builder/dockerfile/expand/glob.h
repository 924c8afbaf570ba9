/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of ${v#p}, ${v%p} and ${v/p/w}: '*' is any run of characters, '?' is any one, a
 * line break is neither; '\\' takes the meaning off '*', '?' and itself, and may stand in front of
 * '}' and '/'. There are no brackets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;

/* Steps of matching, about length of value times length of pattern; more is -E2BIG. */
#define EXPAND_GLOB_WORK_MAX ((size_t)1 << 28)

/* Append `value` without what matches at its front (or its end), the shortest or the longest. All
 * three: -EINVAL for a bad pattern. */
int expand_glob_trim(const char *pattern, const char *value, bool at_end, bool longest,
		     struct buf *ret, struct error *err);

/* Append `value` with the first match, or all, replaced; -E2BIG past EXPAND_RESULT_MAX. */
int expand_glob_replace(const char *pattern, const char *value, const char *replacement, bool all,
			struct buf *ret, struct error *err);
