/* SPDX-License-Identifier: Apache-2.0 */
/* What an object is: kept beside its id, so that garbage collection knows what to look into. */
#pragma once

enum object_kind {
	OBJECT_BLOB = 0,     /* content of a file, any bytes */
	OBJECT_DIR = 1,      /* dir.h: a leaf, a page, or the list of pages */
	OBJECT_XATTRS = 2,   /* xattrs.h */
	OBJECT_SNAPSHOT = 3, /* snapshot_record.h */
	OBJECT_LINKS = 4,    /* links.h */
	OBJECT_EXTENTS = 5,  /* extents.h: a blob, stored as pieces of others */
};
#define OBJECT_KIND_COUNT 6
