/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as text: base64 with the usual digits, and padding. */
#pragma once

#include <stddef.h>

struct buf;

void base64_append(struct buf *ret, const void *data, size_t size);
