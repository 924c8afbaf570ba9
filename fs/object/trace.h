/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace: what somebody has looked at in a tree, so that it can be said of another tree whether he
 * would have seen the same there. It is a list of names, each in a directory that stands before
 * it; the first is the root. Times count only of directories, see fs/tree/trace.h.
 *
 * "VTRC", u32 version = 1, u32 count, 32 bytes id of the tree's groups of hard links (zeros: none),
 * then for each name, all integers little-endian:
 *
 *   u32 index of its directory   u8 flags   u8 type (0: there is no such name)   u16 length, name
 *   and where there is one:
 *   u32 mode   u32 uid   u32 gid   u64 size, sub-directories of a directory, or a device's number
 *   [32 bytes]   file, symlink: SHA-256 of the content; directory: id of its object
 *   [32 bytes]   with TRACE_XATTRS: id of its extended attributes
 *   [32 bytes]   with TRACE_LINKED: digest of all names of the file
 *   [i64 mtime s   u32 mtime ns   32 bytes digest of the names in it]   of a directory
 *   [32 bytes]   with TRACE_WHOLE: digest of all that is in it
 *
 * and the crc32c of all before. Decoding refuses everything that encoding would not have written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/arena.h"
#include "fs/base/buf.h"
#include "fs/object/dir.h"
#include "fs/object/id.h"

struct error;

/* More names than this are no trace. */
#define TRACE_MAX_ENTRIES 65536

enum trace_flags {
	TRACE_LISTED = 1 << 0, /* a directory whose names were asked for */
	TRACE_WHOLE = 1 << 1,  /* a directory that was moved, with all that is in it */
	TRACE_XATTRS = 1 << 2,
	TRACE_LINKED = 1 << 3, /* one of several names of a file */
};

struct trace_entry {
	uint32_t parent;  /* index of its directory; of the root itself 0 */
	const char *name; /* ended by NUL; "" for the root */
	uint16_t name_length;
	uint8_t flags; /* trace_flags */
	bool found;    /* else there was nothing of that name, and what follows is zero */
	enum dir_entry_type type;
	uint32_t mode; /* permission bits */
	uint32_t uid, gid;
	uint64_t size;
	struct object_id content; /* zero: an empty file or directory, or another type */
	struct object_id xattrs;
	struct object_id links;
	/* Of a directory. */
	int64_t mtime_s;
	uint32_t mtime_ns;
	struct object_id names;
	struct object_id whole;
};

/* All zero is an empty one. */
struct trace {
	struct object_id links; /* of the tree */
	struct trace_entry *items;
	uint32_t count, capacity;
	struct arena names;
};

/* Append an entry with a copy of the name; the rest is zero, for the caller to fill in. */
struct trace_entry *trace_add(struct trace *trace, uint32_t parent, const char *name,
			      size_t length);
/* "usr/include/stdio.h", for the caller to free; "" for the root. */
char *trace_path(const struct trace *trace, uint32_t index);
void trace_release(struct trace *trace);
DEFINE_CLEANUP_VALUE(struct trace, trace_release);

void trace_encode(const struct trace *trace, struct buf *ret);
/* -EBADMSG; `ret` is empty before. */
int trace_decode(const void *data, size_t size, struct trace *ret, struct error *err);
