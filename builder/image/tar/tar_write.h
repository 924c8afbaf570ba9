/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives in ustar form, with pax headers for what does not fit: the same bytes for the same
 * entries, for ever. It is not libarchive, whose bytes follow its version and the locale, because
 * the digest of a layer is its name and part of every image above it.
 *
 * An extended header stands in front of an entry whose name or link target is longer than 100
 * bytes or not ASCII, whose owner is above 2097151, size above 8 GiB, time before 1970, in the far
 * future or with a fraction, or that has extended attributes. Its records are sorted. Fields that
 * do not hold the value are cut or zero then.
 */
#pragma once

#include <stdint.h>

#include "builder/image/stream.h"
#include "builder/image/tar/tar_format.h"
#include "fs/object/xattrs.h"

/* Changes with every change of the bytes. */
#define TAR_WRITE_VERSION 1

struct tar_item {
	enum tar_type type;
	const char *name; /* relative, without a slash at its end */
	const char *link; /* of links */
	uint32_t mode, uid, gid;
	uint64_t size; /* of a file */
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint32_t device_major, device_minor;
	const struct xattrs *xattrs; /* NULL: none */
};

/* `sink` is the caller's and outlives it; the rest is zero. */
struct tar_writer {
	struct byte_sink *sink;
	uint64_t left;    /* content that is still to come */
	uint64_t padding; /* behind it */
};

/* Begin an entry; a file's content follows, exactly as many bytes as it said.
 * -EINVAL for what the format cannot say. */
int tar_writer_begin(struct tar_writer *writer, const struct tar_item *item, struct error *err);
int tar_writer_add(struct tar_writer *writer, const void *data, size_t size, struct error *err);
/* What fills up the block of the last entry; entries of another writer may follow. */
int tar_writer_end_entry(struct tar_writer *writer, struct error *err);
/* The same, and the end marks. */
int tar_writer_finish(struct tar_writer *writer, struct error *err);
