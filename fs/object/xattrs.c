/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/object/xattrs.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/bytes.h"
#include "fs/base/error.h"

static const char magic[4] = { 'O', 'S', 'X', 'A' };

/* Index of the first item whose key is not below `key`; *ret_found when it is equal. */
static size_t position(const struct xattrs *xattrs, const char *key, bool *ret_found)
{
	size_t i;

	*ret_found = false;
	for (i = 0; i < xattrs->count; i++) {
		int order = strcmp(xattrs->items[i].key, key);

		if (order >= 0) {
			*ret_found = order == 0;
			break;
		}
	}
	return i;
}

const struct xattr *xattrs_get(const struct xattrs *xattrs, const char *key)
{
	bool found;
	size_t i = position(xattrs, key, &found);

	return found ? &xattrs->items[i] : NULL;
}

void xattrs_set(struct xattrs *xattrs, const char *key, const void *value, size_t size)
{
	bool found;
	size_t i = position(xattrs, key, &found);
	void *copy = xmemdup(value, size);

	if (found) {
		free(xattrs->items[i].value);
	} else {
		array_reserve_one(xattrs->items, xattrs->count, xattrs->capacity);
		memmove(&xattrs->items[i + 1], &xattrs->items[i],
			(xattrs->count - i) * sizeof *xattrs->items);
		xattrs->items[i].key = xstrdup(key);
		xattrs->count++;
	}
	xattrs->items[i].value = copy;
	xattrs->items[i].size = size;
}

int xattrs_remove(struct xattrs *xattrs, const char *key)
{
	bool found;
	size_t i = position(xattrs, key, &found);

	if (!found)
		return -ENODATA;
	free(xattrs->items[i].key);
	free(xattrs->items[i].value);
	xattrs->count--;
	memmove(&xattrs->items[i], &xattrs->items[i + 1],
		(xattrs->count - i) * sizeof *xattrs->items);
	return 0;
}

size_t xattrs_encoded_size(const struct xattrs *xattrs)
{
	size_t size = 8;

	for (size_t i = 0; i < xattrs->count; i++)
		size += 6 + strlen(xattrs->items[i].key) + xattrs->items[i].size;
	return size;
}

void xattrs_copy(struct xattrs *ret, const struct xattrs *from)
{
	*ret = (struct xattrs){ 0 };
	for (size_t i = 0; i < from->count; i++)
		xattrs_set(ret, from->items[i].key, from->items[i].value, from->items[i].size);
}

void xattrs_release(struct xattrs *xattrs)
{
	for (size_t i = 0; i < xattrs->count; i++) {
		free(xattrs->items[i].key);
		free(xattrs->items[i].value);
	}
	free(xattrs->items);
	*xattrs = (struct xattrs){ 0 };
}

void xattrs_encode(const struct xattrs *xattrs, struct buf *ret)
{
	buf_append(ret, magic, sizeof magic);
	buf_add_le32(ret, (uint32_t)xattrs->count);
	for (size_t i = 0; i < xattrs->count; i++) {
		const struct xattr *item = &xattrs->items[i];

		buf_add_le16(ret, (uint16_t)strlen(item->key));
		buf_add_le32(ret, (uint32_t)item->size);
		buf_add_string(ret, item->key);
		buf_append(ret, item->value, item->size);
	}
}

/* One attribute at `at`: its encoded size, or 0 when it is not a good one. */
static size_t decode_one(const uint8_t *at, size_t left, struct xattrs *ret)
{
	size_t key_length, value_size;
	cleanup_free char *key = NULL;

	if (left < 6)
		return 0;
	key_length = get_le16(at);
	value_size = get_le32(at + 2);
	if (key_length == 0 || key_length > 255 || value_size > XATTR_VALUE_MAX ||
	    6 + key_length + value_size > left || memchr(at + 6, '\0', key_length))
		return 0;
	key = xstrndup((const char *)at + 6, key_length);
	if (ret->count && strcmp(ret->items[ret->count - 1].key, key) >= 0)
		return 0;
	xattrs_set(ret, key, at + 6 + key_length, value_size);
	return 6 + key_length + value_size;
}

int xattrs_decode(const void *data, size_t size, struct xattrs *ret, struct error *err)
{
	const uint8_t *at = data;
	cleanup_with(xattrs_release) struct xattrs xattrs = { 0 };
	size_t offset = 8;
	uint32_t count;

	if (size < 8 || size > XATTRS_MAX || memcmp(at, magic, sizeof magic) != 0)
		return error_set(err, -EBADMSG, "damaged object of extended attributes");
	count = get_le32(at + 4);
	for (uint32_t i = 0; i < count; i++) {
		size_t used = decode_one(at + offset, size - offset, &xattrs);

		if (!used)
			return error_set(err, -EBADMSG, "damaged extended attribute");
		offset += used;
	}
	if (offset != size)
		return error_set(err, -EBADMSG, "bytes behind the last extended attribute");
	*ret = xattrs;
	xattrs = (struct xattrs){ 0 };
	return 0;
}
