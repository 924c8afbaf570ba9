/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a pack from front to back without trusting its index: for checking it, and for saving
 * what is left of a damaged one.
 */
#pragma once

#include <stdbool.h>

#include "fs/store/pack/index.h"

struct pack_scan;

/* An object as it stands in the frames. */
struct scanned_object {
	enum object_kind kind;
	uint32_t frame, offset;
	uint64_t length;
	const uint8_t *data; /* until the next call; NULL when not decoding */
};

enum pack_scan_flags {
	PACK_SCAN_FAST = 1 << 0, /* check sums of frames only: objects come without their bytes */
};

/* Read all of "NAME.pk" into the page cache, so that a disk that cannot is an error and no signal,
 * and begin. A damaged index is no failure here. */
int pack_scan_open(int dir_fd, const char *name, unsigned flags, struct pack_scan **ret,
		   struct error *err);
/* The same for bytes in memory, which the caller keeps. */
struct pack_scan *pack_scan_memory(const void *data, size_t size, unsigned flags);
void pack_scan_free(struct pack_scan *scan);
DEFINE_CLEANUP(struct pack_scan *, pack_scan_free);

/* The index, or NULL and in `err` what is wrong with it. */
const struct pack_index *pack_scan_index(const struct pack_scan *scan, struct error *err);

/* The next object: 1, or 0 at the end. -EBADMSG is a damaged place, or bytes that belong to no frame, with where
 * in `err`: the next call goes on behind it. -EOPNOTSUPP likewise for a frame of an unknown kind. */
int pack_scan_next(struct pack_scan *scan, struct scanned_object *ret, struct error *err);

/* Bytes of the file. */
uint64_t pack_scan_size(const struct pack_scan *scan);
