/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON from values that may be any bytes: paths and program output know no encoding. */
#pragma once

#include <stddef.h>

struct buf;

/* A quoted string; bytes that are not UTF-8 become U+FFFD, one for each. */
void json_add_string(struct buf *buf, const char *text, size_t length);
/* `"key":"text"` behind a comma, unless it opens the object. */
void json_add_field(struct buf *buf, const char *key, const char *text);
/* `"key":` behind a comma, unless it opens the object. */
void json_add_key(struct buf *buf, const char *key);
/* A quoted string of the bytes in base64. */
void json_add_base64(struct buf *buf, const void *data, size_t size);
