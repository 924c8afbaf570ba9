/* SPDX-License-Identifier: Apache-2.0 */
/* Archives for tests, put together block by block, so that they can be wrong as well. */
#pragma once

#include "builder/image/tar/tar_format.h"
#include "fs/base/buf.h"
#include "tests/lib/unit.h"

/* What a header says; zero is a plain file of root's, mode 0644. */
struct tar_spec {
	char type;
	const char *name, *link;
	const char *content; /* NULL: none */
	size_t size;         /* of the content; 0: its length as a string */
	unsigned mode;
	const char *uid, *mtime; /* as text in the header */
	const char *major, *minor;
	const char *magic; /* 8 bytes */
};

__attribute__((unused)) static void tar_field(char *block, size_t at, size_t size, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	memcpy(block + at, text ? text : "", length < size ? length : size);
}

__attribute__((unused)) static void tar_sum(char *block)
{
	char text[16];
	int64_t sum, signed_sum;

	tar_checksum((const uint8_t *)block, &sum, &signed_sum);
	snprintf(text, sizeof text, "%06o", (unsigned)sum);
	memcpy(block + TAR_CHECKSUM_AT, text, 7);
	block[TAR_CHECKSUM_AT + 7] = ' ';
}

__attribute__((unused)) static void tar_put(struct buf *tar, struct tar_spec spec)
{
	size_t size = spec.size ? spec.size : spec.content ? strlen(spec.content) : 0;
	char block[TAR_BLOCK] = "", text[32];

	tar_field(block, TAR_NAME_AT, TAR_NAME_SIZE, spec.name);
	tar_field(block, TAR_LINK_AT, TAR_NAME_SIZE, spec.link);
	snprintf(text, sizeof text, "%07o", spec.mode ? spec.mode : 0644);
	tar_field(block, TAR_MODE_AT, TAR_ID_SIZE, text);
	tar_field(block, TAR_UID_AT, TAR_ID_SIZE, spec.uid ? spec.uid : "0");
	tar_field(block, TAR_GID_AT, TAR_ID_SIZE, "0");
	snprintf(text, sizeof text, "%011zo", size);
	tar_field(block, TAR_SIZE_AT, TAR_LONG_SIZE, text);
	tar_field(block, TAR_MTIME_AT, TAR_LONG_SIZE, spec.mtime ? spec.mtime : "0");
	tar_field(block, TAR_MAJOR_AT, TAR_ID_SIZE, spec.major);
	tar_field(block, TAR_MINOR_AT, TAR_ID_SIZE, spec.minor);
	memcpy(block + TAR_MAGIC_AT, spec.magic ? spec.magic : "ustar\00000", 8);
	block[TAR_TYPE_AT] = spec.type ? spec.type : '0';
	tar_sum(block);
	buf_append(tar, block, sizeof block);
	if (!spec.content)
		return;
	buf_append(tar, spec.content, size);
	buf_add_zeros(tar, tar_padding(size));
}

/* One record of an extended header, its length in front. */
__attribute__((unused)) static void tar_record(struct buf *records, const char *key,
					       const void *value, size_t size)
{
	size_t length = strlen(key) + size + 3, digits = 1;

	for (size_t n = length + digits; n >= 10; n /= 10)
		digits++;
	if (snprintf(NULL, 0, "%zu", length + digits) > (int)digits)
		digits++;
	buf_add_format(records, "%zu %s=", length + digits, key);
	buf_append(records, value, size);
	buf_add_char(records, '\n');
}

/* An extended header of one record. */
__attribute__((unused)) static void tar_put_pax(struct buf *tar, const char *key, const char *value)
{
	cleanup_with(buf_release) struct buf records = { 0 };

	tar_record(&records, key, value, strlen(value));
	tar_put(tar, (struct tar_spec){ .type = 'x',
					.name = "pax",
					.content = records.data,
					.size = records.length });
}

__attribute__((unused)) static void tar_end(struct buf *tar)
{
	buf_add_zeros(tar, 2 * TAR_BLOCK);
}
