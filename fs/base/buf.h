/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes, always followed by a NUL that does not count. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

/* All zero is an empty buffer. `data` may be NULL while `length` is 0: use buf_string(). */
struct buf {
	char *data;
	size_t length;
	size_t capacity;
};

/* Room for `extra` more bytes behind the present ones, and the NUL. */
void buf_reserve(struct buf *buf, size_t extra);
void buf_append(struct buf *buf, const void *data, size_t size);
void buf_add_string(struct buf *buf, const char *s);
void buf_add_char(struct buf *buf, char c);
void buf_add_zeros(struct buf *buf, size_t count);
void buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_vformat(struct buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Little-endian integers. */
void buf_add_le16(struct buf *buf, uint16_t value);
void buf_add_le32(struct buf *buf, uint32_t value);
void buf_add_le64(struct buf *buf, uint64_t value);

/* Cut to `length`, which is not above the present one; the memory stays. */
void buf_truncate(struct buf *buf, size_t length);
static inline void buf_clear(struct buf *buf)
{
	buf_truncate(buf, 0);
}

/* The bytes as a string, "" when empty; valid until the next change. */
const char *buf_string(const struct buf *buf);

/* The memory itself, a NUL behind the bytes, for the caller to free; the buffer is empty after. */
char *buf_take(struct buf *buf);
void buf_release(struct buf *buf);
DEFINE_CLEANUP_VALUE(struct buf, buf_release);
