/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot mounted at a directory of the host, for its user to look into or to work in. Serving
 * it goes on in a process of its own, until it is unmounted or told to end (SIGTERM).
 */
#pragma once

#include <stdbool.h>

#include "fs/object/id.h"

struct catalog;
struct error;

struct host_mount {
	const char *store;         /* path of the store */
	struct object_id snapshot; /* zero: an empty tree */
	const char *key;           /* not NULL: that active snapshot, see keyed.h, instead */
	struct catalog *catalog;   /* not NULL: many states at once instead, see catalog.h */
	const char *directory;
	const char *label;   /* shows in the mount table as its source */
	bool writable;       /* a throw-away copy: what is written goes when it is unmounted */
	const char *options; /* more mount options, or NULL; allow_other: modes count then */
};

/*
 * Returns when it is mounted. To be called while the process has one thread. What a server that
 * died has left at the directory is unmounted first.
 */
int host_mount(const struct host_mount *mount, struct error *err);
/* Unmount what host_mount() mounted there: -EBUSY, or -EINVAL when nothing of ours is there. */
int host_unmount(const char *directory, struct error *err);
