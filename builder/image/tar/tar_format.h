/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand in the header block of an archive, and how its numbers are written. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAR_BLOCK ((size_t)512)

/* Offsets and sizes of fields. */
#define TAR_NAME_AT       0
#define TAR_NAME_SIZE     100
#define TAR_MODE_AT       100
#define TAR_UID_AT        108
#define TAR_GID_AT        116
#define TAR_ID_SIZE       8 /* of the three above, and of device numbers */
#define TAR_SIZE_AT       124
#define TAR_MTIME_AT      136
#define TAR_LONG_SIZE     12 /* of the two above */
#define TAR_CHECKSUM_AT   148
#define TAR_CHECKSUM_SIZE 8
#define TAR_TYPE_AT       156
#define TAR_LINK_AT       157
#define TAR_MAGIC_AT      257
#define TAR_MAJOR_AT      329
#define TAR_MINOR_AT      337
#define TAR_PREFIX_AT     345
#define TAR_PREFIX_SIZE   155
#define TAR_STAR_PREFIX   131 /* Schilling's variant keeps times behind it */
#define TAR_STAR_MAGIC_AT 508

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
};

/* Zeros that fill up the last block of `size` bytes. */
static inline uint64_t tar_padding(uint64_t size)
{
	return -size & (TAR_BLOCK - 1);
}

/* Octal digits, or the base-256 form with the top bit set; false when it is neither or too big. */
bool tar_number_parse(const uint8_t *field, size_t size, int64_t *ret);
/* The sum that a header's checksum field has to hold; some programs summed signed characters. */
void tar_checksum(const uint8_t block[TAR_BLOCK], int64_t *ret_unsigned, int64_t *ret_signed);
