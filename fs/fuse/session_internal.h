/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#pragma once

#define FUSE_USE_VERSION 312

#include <fuse_lowlevel.h>

#include "fs/fuse/session.h"
#include "fs/overlay/overlay.h"

struct session {
	struct overlay *overlay;
	struct fuse_session *fuse;
	struct session_options options;
	struct session_control *control; /* while it runs; or NULL */
	int fd;
	bool mounted; /* at a directory of the host */
	bool init_answered;
	bool setxattr_ext;      /* requests to set extended attributes have flags */
	bool writer_kills_priv; /* of the write request under way, see protocol.h */
	struct ring *ring;      /* NULL: all goes through the device */
	bool ring_started;      /* it may bring requests */
	bool device_ready;      /* beside the ring there is something to read from the device */
	char *buffer;           /* for answers */
	size_t buffer_size;
	uint64_t forgotten; /* references to nodes, since memory was last given back */
};

/* The handlers, by what they are about. */
void session_names_ops(struct fuse_lowlevel_ops *ops);
void session_dir_ops(struct fuse_lowlevel_ops *ops);
void session_attr_ops(struct fuse_lowlevel_ops *ops);
void session_file_ops(struct fuse_lowlevel_ops *ops);
void session_listed_ops(struct fuse_lowlevel_ops *ops);
void session_sync_ops(struct fuse_lowlevel_ops *ops);

struct session *session_of(fuse_req_t request);
/* The node behind a number that the kernel sends. */
struct node *session_node(struct session *session, fuse_ino_t number);
fuse_ino_t session_number(struct session *session, struct node *node);
/* Whose a file will be that a thread makes, as which the kernel knows these ids; without its umask. */
struct overlay_caller session_caller(const struct session *session, uint32_t uid, uint32_t gid,
				     pid_t tid);
/* Owners as they are in the tree. */
uint32_t session_uid_in(const struct session *session, uint32_t uid);
uint32_t session_gid_in(const struct session *session, uint32_t gid);

/* A node's attributes as the kernel is to know them. */
void session_stat(struct session *session, const struct node *node, struct stat *ret);
/* Everything about a node for the kernel to remember, for ever. */
void session_entry(struct session *session, struct node *node, struct fuse_entry_param *ret);
/* Answer with the entry, or with the error. */
void session_reply_entry(fuse_req_t request, struct node *node, int r);

#define SESSION_FOR_EVER 1e9 /* seconds; only our own answers change anything */
#define SESSION_A_MOMENT 0.5 /* for what others may change */
/* How long what is known of a node, or of the names in it, is true. */
double session_valid(const struct node *node);
