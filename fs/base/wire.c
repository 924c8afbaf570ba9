/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/base/wire.h"

#include <errno.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"

#define WIRE_NULL UINT32_MAX

void wire_put_bytes(struct buf *buf, const void *data, size_t size)
{
	buf_add_le32(buf, (uint32_t)size);
	buf_append(buf, data, size);
}

void wire_put_string(struct buf *buf, const char *s)
{
	if (s)
		wire_put_bytes(buf, s, strlen(s));
	else
		buf_add_le32(buf, WIRE_NULL);
}

void wire_put_strings(struct buf *buf, const struct strings *list)
{
	buf_add_le32(buf, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		wire_put_string(buf, list->items[i]);
}

static const uint8_t *take(struct wire *wire, size_t size)
{
	const uint8_t *at = wire->at;

	if (wire->bad || size > wire->left) {
		wire->bad = true;
		return NULL;
	}
	wire->at += size;
	wire->left -= size;
	return at;
}

void wire_fixed(struct wire *wire, void *ret, size_t size)
{
	const uint8_t *at = take(wire, size);

	if (at)
		memcpy(ret, at, size);
	else
		memset(ret, 0, size);
}

uint32_t wire_u32(struct wire *wire)
{
	const uint8_t *at = take(wire, 4);

	return at ? get_le32(at) : 0;
}

uint64_t wire_u64(struct wire *wire)
{
	const uint8_t *at = take(wire, 8);

	return at ? get_le64(at) : 0;
}

const void *wire_bytes(struct wire *wire, size_t *ret_size)
{
	uint32_t size = wire_u32(wire);
	const void *at = take(wire, size);

	*ret_size = at ? size : 0;
	return at;
}

char *wire_string(struct wire *wire)
{
	uint32_t size = wire_u32(wire);
	const uint8_t *at;

	if (size == WIRE_NULL)
		return NULL;
	at = take(wire, size);
	if (at && memchr(at, '\0', size))
		wire->bad = true;
	return at ? xstrndup((const char *)at, size) : NULL;
}

void wire_strings(struct wire *wire, struct strings *ret)
{
	uint32_t count = wire_u32(wire);

	for (uint32_t i = 0; i < count && !wire->bad; i++) {
		char *s = wire_string(wire);

		if (s)
			strings_take(ret, s);
		else
			wire->bad = true;
	}
}

int wire_end(const struct wire *wire)
{
	return wire->bad || wire->left ? -EPROTO : 0;
}
