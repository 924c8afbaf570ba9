/* SPDX-License-Identifier: Apache-2.0 */
/* Text between double quotes, written as Go's strconv.Quote does: what tools of this field print. */
#pragma once

#include <stddef.h>

struct buf;

void quote_append(struct buf *buf, const char *s, size_t length);
/* The caller frees. Of more than `max` bytes the rest is left out: "abc"... */
char *quote_string(const char *s, size_t max);
