/* SPDX-License-Identifier: Apache-2.0 */
/* As much JSON as a Dockerfile has: the exec form of instructions. */
#pragma once

#include "builder/dockerfile/lex/span.h"
#include "builder/dockerfile/lex/words.h"

struct arena;

/* Arrays and objects within each other; deeper is no JSON. */
#define JSON_DEPTH_MAX 10000

/* What stands for a NUL (\u0000) in a string, which ends in one. No UTF-8 has these bytes. */
#define JSON_NUL "\xc0\x80"

/*
 * `text`, all of it, as an array of strings. 1 and *ret, and whether there is a NUL in one; 0 when
 * it is no JSON array; -EINVAL when it is one of other things as well.
 */
int json_string_array(struct span text, struct arena *arena, struct words *ret, bool *ret_nul);

/* The member `key` of `text` as an object, the last if there are several: 1 and *ret; 0 when
 * there is none, or it is no string, or the text is no object. */
int json_object_string(struct span text, const char *key, struct arena *arena, const char **ret);
