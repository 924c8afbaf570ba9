/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot: a whole file tree and how it came about. Its object is text, one field a line in
 * this order, "-" for none:
 *
 *   snapshot 1
 *   root ID                                  the directory object of the tree
 *   rootmeta MODE UID GID SECONDS NANOSECONDS XATTRS    of "/" itself; the mode in octal
 *   parent ID                                the snapshot this one was made from
 *   links ID                                 the groups of hard links, see links.h
 *   step ID                                  the key of the build step that made it
 *   config ID                                blob: image configuration as of this state, JSON
 *   layer ID                                 directory: how what it adds to its parent was written
 *                                            elsewhere; kept with it, not looked into here
 *   created SECONDS                          since 1970; 0 in reproducible ones
 */
#pragma once

#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/object/id.h"

struct error;

#define SNAPSHOT_RECORD_MAX ((size_t)4096)

/* A file tree: what a directory object cannot say of itself comes along. */
struct tree_root {
	struct object_id dir; /* zero: an empty tree */
	uint32_t mode;        /* permission bits of "/" */
	uint32_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns;
	struct object_id xattrs; /* zero: none */
	struct object_id links;  /* zero: no hard links */
};

struct snapshot_record {
	struct tree_root root;
	struct object_id parent;
	struct object_id step;
	struct object_id config;
	struct object_id layer;
	int64_t created_s;
};

/* "/" with mode 0755 of root and time 0, nothing in it. */
struct tree_root tree_root_empty(void);
bool tree_root_equal(const struct tree_root *a, const struct tree_root *b);

void snapshot_record_encode(const struct snapshot_record *record, struct buf *ret);
/* -EBADMSG for all that snapshot_record_encode() would not write. */
int snapshot_record_decode(const void *data, size_t size, struct snapshot_record *ret,
			   struct error *err);
