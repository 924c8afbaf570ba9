/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY and ADD as an edit of trees: which files a source names, where they go, and what becomes of
 * owners and modes. Nothing is mounted, and no path of the host is touched but those of the build
 * context, which are only read.
 */
#pragma once

#include "builder/plan/vertex.h"
#include "fs/tree/tree.h"

struct context;
struct error;
struct mode_change;
struct store_txn;
struct tree_attr;

/* Where the files are: a tree, which is that of `context` when that is not NULL. */
struct copy_source {
	struct tree *tree;
	struct context *context; /* locked by the caller */
	const char *name;        /* for messages */
};

/* Where the files of one of ADD's sources are that is no path. */
struct copy_remote {
	bool is_remote;
	struct copy_source source; /* without a tree: it is left out */
	const char *path;          /* in it */
};

struct copy_owner {
	bool given; /* else owners stay as they are */
	uint32_t uid, gid;
};

struct copy_job {
	const struct copy_work *work;
	struct copy_source source;
	struct copy_owner owner;
	const struct mode_change *mode; /* NULL: modes stay */
	struct node_time now;           /* for directories that have to be made */
	/* Put the content of files into the store; NULL: only find out what it is. */
	struct store_txn *txn;
	const struct copy_remote *remotes; /* one for each source; NULL: all are paths */
	/* Unpack local archives (ADD) at the destination, whose missing directories get `attr`.
	 * NULL: they are copied as they are. 1 unpacked, 0 it is none, and nothing has happened. */
	int (*unpack)(struct copy_job *job, struct node *archive, struct tree *target,
		      const struct tree_attr *attr, struct error *err);
	/* Where the descriptor is that tells when to give up unpacking; NULL: never. */
	const int *cancel_fd;
};

/* Carry it out on `target`. -ENOENT: a source that is not there; the text is BuildKit's. */
int copy_files(const struct copy_job *job, struct tree *target, struct error *err);
