/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/buf.h"

#include <stdio.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"

void buf_reserve(struct buf *buf, size_t extra)
{
	size_t need, grown;

	if (__builtin_add_overflow(buf->length, extra, &need) ||
	    __builtin_add_overflow(need, 1, &need))
		need = SIZE_MAX; /* refused by the allocator */
	if (need <= buf->capacity)
		return;
	grown = buf->capacity + buf->capacity / 2;
	if (grown < need)
		grown = need;
	if (grown < 64)
		grown = 64;
	buf->data = xrealloc(buf->data, grown);
	buf->capacity = grown;
	buf->data[buf->length] = '\0';
}

void buf_append(struct buf *buf, const void *data, size_t size)
{
	buf_reserve(buf, size);
	if (size)
		memcpy(buf->data + buf->length, data, size);
	buf->length += size;
	buf->data[buf->length] = '\0';
}

void buf_add_string(struct buf *buf, const char *s)
{
	buf_append(buf, s, strlen(s));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

void buf_add_zeros(struct buf *buf, size_t count)
{
	buf_reserve(buf, count);
	memset(buf->data + buf->length, 0, count + 1);
	buf->length += count;
}

void buf_add_vformat(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return;
	buf_reserve(buf, (size_t)length);
	vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
	buf->length += (size_t)length;
}

void buf_add_format(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_add_vformat(buf, format, args);
	va_end(args);
}

void buf_add_le16(struct buf *buf, uint16_t value)
{
	uint8_t bytes[2];

	put_le16(bytes, value);
	buf_append(buf, bytes, sizeof bytes);
}

void buf_add_le32(struct buf *buf, uint32_t value)
{
	uint8_t bytes[4];

	put_le32(bytes, value);
	buf_append(buf, bytes, sizeof bytes);
}

void buf_add_le64(struct buf *buf, uint64_t value)
{
	uint8_t bytes[8];

	put_le64(bytes, value);
	buf_append(buf, bytes, sizeof bytes);
}

void buf_truncate(struct buf *buf, size_t length)
{
	buf->length = length;
	if (buf->data)
		buf->data[length] = '\0';
}

const char *buf_string(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *data;

	buf_reserve(buf, 0);
	buf->data[buf->length] = '\0';
	data = buf->data;
	*buf = (struct buf){ 0 };
	return data;
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}
