/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view on a snapshot that processes can work in, seen from the side that asks for it: started
 * on a mount, told to commit, discarded. What serves it is a process of its own.
 *
 * A workspace belongs to one thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"
#include "fs/snapshot/snapshot.h"

struct error;
struct strings;
struct workspace;

struct workspace_options {
	const char *store;         /* path of the store */
	struct object_id snapshot; /* zero: an empty tree */
	bool read_only;
	bool writeback; /* many small writes to few files are expected */
	bool traced;    /* keep a trace of what is looked at, see workspace_trace() */
	/* Those who work in the mount map no other user than root: show everything as root's, and
	 * record other owners by workspace_set_owner() alone. */
	bool root_only;
	/* With root_only: who is who among them (see fs/ids/credentials.h), not taken over; not
	 * above 0: all are root. */
	int credentials_fd;
	/* Where others may connect, a path below the store; NULL: nobody. */
	const char *socket;
	int fuse_fd; /* the kernel's end of the mount; taken over in any case */
};

int workspace_start(const struct workspace_options *options, struct workspace **ret,
		    struct error *err);
/* Join one that was started with a socket. -ENOENT or -ECONNREFUSED when there is none. */
int workspace_join(int store_dir_fd, const char *socket, struct workspace **ret);

/* Becomes readable when the server has died: everything that was not committed is lost. */
int workspace_fd(const struct workspace *workspace);
bool workspace_alive(const struct workspace *workspace);

/*
 * From now on no request is waited for longer than a moment once the descriptor is readable: it
 * fails with -ECANCELED, and the workspace is as if its server had died. A server that nobody else
 * uses is ended.
 */
void workspace_cancel_with(struct workspace *workspace, int cancel_fd);

/* Give up a server that may never answer again: one that nobody else uses is killed, and with it
 * what waits in its mount. */
void workspace_abandon(struct workspace *workspace);

/*
 * A directory or file to mount on: where symlinks of the tree lead to, made as a ghost when it is
 * missing. The caller frees *ret_path. Nobody else works in the mount, unless it has a socket.
 * -ENOTCONN when the server is gone, here and below.
 */
int workspace_mountpoint(struct workspace *workspace, const char *path, bool directory,
			 char **ret_path, struct error *err);
/*
 * Make a device node, which no kernel lets a process in a user namespace do, in the directory with
 * the inode number `dir`, while others are at work there. Errors are those of mknod(2).
 */
struct workspace_node {
	uint64_t dir;
	const char *name;
	uint32_t mode; /* with S_IFCHR or S_IFBLK; no umask will be applied */
	uint32_t uid, gid;
	uint64_t rdev; /* as makedev() has it */
};
int workspace_make_node(struct workspace *workspace, const struct workspace_node *node,
			struct error *err);
/*
 * Give the file with this inode number to others (UINT32_MAX: as it is), as chown(2) does it, where
 * the kernel cannot. `path` is where it probably is, or NULL. -ENOENT: it has no name.
 */
int workspace_set_owner(struct workspace *workspace, uint64_t inode, const char *path, uint32_t uid,
			uint32_t gid, struct error *err);
/*
 * A descriptor of the table of owners (see fs/ids/owner_table.h) that is kept where root alone is
 * mapped; -ENOENT: it is not.
 */
int workspace_owners(struct workspace *workspace, int *ret_fd, struct error *err);
/*
 * Make a snapshot of what is there now; work may go on. What programs have written through maps, or
 * all of it with `writeback`, is there after syncfs() on the mount.
 */
int workspace_commit(struct workspace *workspace, const struct snapshot_intent *intent,
		     struct snapshot_result *ret, struct error *err);
/* Anything written since the last commit? 1, 0 or negative. */
int workspace_changed(struct workspace *workspace, struct error *err);
/*
 * What was looked at since the start, of what the snapshot holds: appended to `ret` as
 * fs/object/trace.h has it. Nobody works in the mount any more. -E2BIG: it was too much.
 */
int workspace_trace(struct workspace *workspace, struct buf *ret, struct error *err);
/*
 * Why programs saw errors that they had not asked for, appended, of what happened since this was
 * last asked: a line each, with the path and the way out. Without having been asked, a server
 * refuses the next commit after files could not be read.
 */
int workspace_failures(struct workspace *workspace, struct strings *ret, struct error *err);
/* How many others are connected, asked by one who is about to go and holds the lock of the socket:
 * without any, nobody can join from now on. */
int workspace_leave(struct workspace *workspace, unsigned *ret, struct error *err);

/* Let go: the server of a workspace without other users ends, and what was not committed goes. */
void workspace_free(struct workspace *workspace);
DEFINE_CLEANUP(struct workspace *, workspace_free);
