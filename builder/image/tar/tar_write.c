/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/tar/tar_write.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/utf8.h"

#define PAX_NAME "././@PaxHeader"

/* The largest numbers that octal fields hold, with a NUL behind them. */
#define ID_MAX     07777777
#define LONG_MAX_8 077777777777LL

/* ---- extended headers ---- */

static void add_record(struct buf *records, const char *key, const void *value, size_t size)
{
	size_t length = strlen(key) + size + 3, digits = 1, limit = 10;

	/* The length counts its own digits. */
	while (length + digits >= limit) {
		digits++;
		limit *= 10;
	}
	buf_add_format(records, "%zu %s=", length + digits, key);
	buf_append(records, value, size);
	buf_add_char(records, '\n');
}

static void add_number(struct buf *records, const char *key, uint64_t value)
{
	char text[24];

	add_record(records, key, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

static void add_time(struct buf *records, int64_t s, uint32_t ns)
{
	bool negative = s < 0;
	uint64_t whole = negative ? (uint64_t)-s : (uint64_t)s;
	char text[48];
	size_t length;

	if (negative && ns) {
		whole--;
		ns = 1000000000 - ns;
	}
	length = (size_t)snprintf(text, sizeof text, "%s%" PRIu64 ".%09" PRIu32,
				  negative ? "-" : "", whole, ns);
	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	add_record(records, "mtime", text, length);
}

/* Schilling's form is what everybody reads; it has no way to write a key with "=" in it, for
 * which there is libarchive's. */
static void add_xattr(struct buf *records, const struct xattr *xattr, bool libarchive)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	cleanup_with(buf_release) struct buf key = { 0 }, value = { 0 };
	const uint8_t *bytes = xattr->value;

	if (!libarchive) {
		buf_add_format(&key, "SCHILY.xattr.%s", xattr->key);
		add_record(records, buf_string(&key), xattr->value, xattr->size);
		return;
	}
	buf_add_string(&key, "LIBARCHIVE.xattr.");
	for (const char *at = xattr->key; *at; at++) {
		if (*at == '=' || *at == '%' || (unsigned char)*at <= ' ' ||
		    (unsigned char)*at >= 0x7f)
			buf_add_format(&key, "%%%02X", (unsigned char)*at);
		else
			buf_add_char(&key, *at);
	}
	for (size_t i = 0; i < xattr->size; i += 3) {
		uint32_t bits = (uint32_t)bytes[i] << 16;
		size_t left = xattr->size - i;

		bits |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		bits |= left > 2 ? bytes[i + 2] : 0;
		buf_add_char(&value, digits[bits >> 18]);
		buf_add_char(&value, digits[bits >> 12 & 63]);
		if (left > 1)
			buf_add_char(&value, digits[bits >> 6 & 63]);
		if (left > 2)
			buf_add_char(&value, digits[bits & 63]);
	}
	add_record(records, buf_string(&key), buf_string(&value), value.length);
}

static void add_xattrs(struct buf *records, const struct xattrs *xattrs)
{
	for (int libarchive = 1; xattrs && libarchive >= 0; libarchive--) {
		for (size_t i = 0; i < xattrs->count; i++) {
			bool odd = strchr(xattrs->items[i].key, '=') != NULL;

			if (odd == (bool)libarchive)
				add_xattr(records, &xattrs->items[i], odd);
		}
	}
}

static bool is_ascii(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

/* Pax names are UTF-8 unless it is said that they are not. */
static bool is_utf8(const char *s)
{
	size_t left = strlen(s), length;

	for (; left > 0; s += length, left -= length) {
		if (utf8_decode(s, left, &length) == UTF8_INVALID && length == 1)
			return false;
	}
	return true;
}

static bool name_fits(const char *name)
{
	return strlen(name) <= TAR_NAME_SIZE && is_ascii(name);
}

static bool time_fits(const struct tar_item *item)
{
	return item->mtime_s >= 0 && item->mtime_s <= LONG_MAX_8 && item->mtime_ns == 0;
}

/* The records that the item needs, in order of their keys. */
static void add_records(struct buf *records, const struct tar_item *item, const char *name)
{
	bool long_link = item->link && !name_fits(item->link), long_name = !name_fits(name);

	add_xattrs(records, item->xattrs);
	if (item->gid > ID_MAX)
		add_number(records, "gid", item->gid);
	if ((long_link && !is_utf8(item->link)) || (long_name && !is_utf8(name)))
		add_record(records, "hdrcharset", "BINARY", strlen("BINARY"));
	if (long_link)
		add_record(records, "linkpath", item->link, strlen(item->link));
	if (!time_fits(item))
		add_time(records, item->mtime_s, item->mtime_ns);
	if (long_name)
		add_record(records, "path", name, strlen(name));
	if (item->size > LONG_MAX_8)
		add_number(records, "size", item->size);
	if (item->uid > ID_MAX)
		add_number(records, "uid", item->uid);
}

/* ---- header blocks ---- */

static void put_octal(uint8_t *field, size_t size, uint64_t value)
{
	field[--size] = '\0';
	while (size > 0) {
		field[--size] = (uint8_t)('0' + (value & 7));
		value >>= 3;
	}
}

static void put_text(uint8_t *field, size_t size, const char *text)
{
	size_t length = strlen(text);

	memcpy(field, text, length < size ? length : size);
}

static uint64_t or_zero(uint64_t value, uint64_t max)
{
	return value <= max ? value : 0;
}

static void fill_block(uint8_t block[TAR_BLOCK], uint8_t type, const struct tar_item *item,
		       const char *name)
{
	int64_t sum, signed_sum;

	memset(block, 0, TAR_BLOCK);
	put_text(block + TAR_NAME_AT, TAR_NAME_SIZE, name);
	put_octal(block + TAR_MODE_AT, TAR_ID_SIZE, item->mode);
	put_octal(block + TAR_UID_AT, TAR_ID_SIZE, or_zero(item->uid, ID_MAX));
	put_octal(block + TAR_GID_AT, TAR_ID_SIZE, or_zero(item->gid, ID_MAX));
	put_octal(block + TAR_SIZE_AT, TAR_LONG_SIZE, or_zero(item->size, LONG_MAX_8));
	put_octal(block + TAR_MTIME_AT, TAR_LONG_SIZE,
		  item->mtime_s < 0 ? 0 : or_zero((uint64_t)item->mtime_s, LONG_MAX_8));
	block[TAR_TYPE_AT] = type;
	if (item->link)
		put_text(block + TAR_LINK_AT, TAR_NAME_SIZE, item->link);
	memcpy(block + TAR_MAGIC_AT, "ustar\00000", 8);
	put_octal(block + TAR_MAJOR_AT, TAR_ID_SIZE, item->device_major);
	put_octal(block + TAR_MINOR_AT, TAR_ID_SIZE, item->device_minor);
	tar_checksum(block, &sum, &signed_sum);
	put_octal(block + TAR_CHECKSUM_AT, TAR_CHECKSUM_SIZE - 1, (uint64_t)sum);
	block[TAR_CHECKSUM_AT + TAR_CHECKSUM_SIZE - 1] = ' ';
}

static int write_records(struct tar_writer *writer, const struct buf *records, struct error *err)
{
	const struct tar_item item = { .mode = 0644, .size = records->length };
	uint8_t block[TAR_BLOCK];
	int r;

	fill_block(block, 'x', &item, PAX_NAME);
	r = sink_write(writer->sink, block, sizeof block, err);
	if (r == 0)
		r = sink_write(writer->sink, records->data, records->length, err);
	return r < 0 ? r : sink_zeros(writer->sink, tar_padding(records->length), err);
}

/* ---- entries ---- */

int tar_writer_end_entry(struct tar_writer *writer, struct error *err)
{
	uint64_t padding = writer->padding;

	assert(writer->left == 0);
	writer->padding = 0;
	return sink_zeros(writer->sink, padding, err);
}

int tar_writer_begin(struct tar_writer *writer, const struct tar_item *item, struct error *err)
{
	cleanup_with(buf_release) struct buf records = { 0 };
	cleanup_free char *dir_name = NULL;
	const char *name = item->name;
	uint8_t block[TAR_BLOCK];
	int r = tar_writer_end_entry(writer, err);

	if (r < 0)
		return r;
	if (item->device_major > ID_MAX || item->device_minor > ID_MAX)
		return error_set(err, -EINVAL, "'%s': an archive cannot hold the device %u:%u",
				 name, item->device_major, item->device_minor);
	if (item->type == TAR_DIR)
		name = dir_name = xasprintf("%s/", name);
	add_records(&records, item, name);
	if (records.length)
		r = write_records(writer, &records, err);
	if (r < 0)
		return r;
	fill_block(block, (uint8_t)item->type, item, name);
	writer->left = item->type == TAR_FILE ? item->size : 0;
	writer->padding = tar_padding(writer->left);
	return sink_write(writer->sink, block, sizeof block, err);
}

int tar_writer_add(struct tar_writer *writer, const void *data, size_t size, struct error *err)
{
	assert(size <= writer->left);
	writer->left -= size;
	return sink_write(writer->sink, data, size, err);
}

int tar_writer_finish(struct tar_writer *writer, struct error *err)
{
	int r = tar_writer_end_entry(writer, err);

	return r < 0 ? r : sink_zeros(writer->sink, 2 * TAR_BLOCK, err);
}
