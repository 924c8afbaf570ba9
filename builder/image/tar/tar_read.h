/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives in all forms of tar that layers come in: v7, ustar, pax, GNU and Schilling's, with
 * long names, sparse files and extended attributes.
 *
 * It is not libarchive because names have to stay the bytes they are: that converts pax names to
 * the locale's characters, which loses "é" in the C locale and composes "e" with an accent into
 * one character in a UTF-8 one, and it cuts a name at a NUL instead of refusing it; results would
 * depend on its version as well. Nothing is read ahead: after a header the source stands at the
 * first byte of the content, so that the archive can be described byte for byte.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/stream.h"
#include "builder/image/tar/tar_format.h"
#include "fs/object/xattrs.h"

/* Extended headers of one entry. Attributes of an inode have at most XATTRS_MAX. */
#define TAR_PAX_MAX       ((uint64_t)4 << 20)
#define TAR_LONG_NAME_MAX ((uint64_t)64 << 10)
/* Pieces of a sparse file. */
#define TAR_PIECES_MAX ((size_t)1 << 17)

/* Bytes of a sparse file that are in the archive; between them are zeros. */
struct tar_piece {
	uint64_t offset, length;
};

/* All pointers are good until the next call of tar_reader_next(). */
struct tar_entry {
	enum tar_type type;
	const char *name; /* as it stands there: "./a//b/", "../x"; without NUL */
	const char *link; /* target of a hard or symbolic link, else "" */
	uint32_t mode;    /* permission bits */
	uint32_t uid, gid;
	uint64_t size;   /* of the file as it will be; 0 for what is no file */
	uint64_t stored; /* bytes of it in the archive */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint32_t device_major, device_minor;
	struct xattrs xattrs;
	bool sparse;
	const struct tar_piece *pieces; /* ascending; their lengths sum up to `stored` */
	size_t piece_count;
};

struct tar_reader;

struct tar_reader *tar_reader_new(struct byte_source *source);
/*
 * Go on to the next entry, past what is left of this one. 1 and *ret; 0 at the end of the archive,
 * behind its end marks; -EINVAL for what is no archive, -E2BIG past a limit, -EOPNOTSUPP for
 * entries of a kind that no layer has. The text names the entry as far as it is known.
 */
int tar_reader_next(struct tar_reader *reader, const struct tar_entry **ret, struct error *err);
/* Stored bytes of the present entry: up to `size`, 0 at their end; -EINVAL when the archive is cut
 * short. */
ssize_t tar_reader_read(struct tar_reader *reader, void *data, size_t size, struct error *err);
/* Where in the source the reader stands. */
uint64_t tar_reader_offset(const struct tar_reader *reader);
void tar_reader_free(struct tar_reader *reader);
DEFINE_CLEANUP(struct tar_reader *, tar_reader_free);
