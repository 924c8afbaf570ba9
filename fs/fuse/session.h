/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serving an overlay to the kernel: requests in, answers out, one at a time in one thread. It
 * translates, and decides nothing about files.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct credential_table;
struct error;
struct node;
struct overlay;
struct owner_table;
struct session;

/* Something else to listen to while serving: called when `fd` is readable. */
struct session_control {
	int fd; /* -1: none */
	/* 0 to go on, negative to end the session. */
	int (*ready)(struct session_control *control);
	/* NULL, or told what failed that no program has asked for, with its negative errno. */
	void (*complain)(struct session_control *control, int code, const char *text);
	/* NULL, or called about this long after a request, and after those that came meanwhile. */
	void (*tick)(struct session_control *control);
	unsigned tick_ms;
};

struct session_options {
	bool writeback; /* let the kernel keep writes back: fewer of them, later */
	bool apart;     /* do not keep clients on the server's CPU, see companion.h */
	bool acls;      /* lists of who may do what count, and the kernel checks permissions */
	/* Show everything as root's: where no other user is mapped, the kernel would refuse to
	 * change what is anybody else's. */
	bool root_only;
	/* With that: where it is written down whose things really are (session_new() takes no
	 * ownership of either), and who the makers of files say they are; NULL: root. */
	struct owner_table *owners;
	const struct credential_table *credentials;
	bool listed; /* some directories change by themselves */
	/* What is asked for becomes a trace: names are listed without attributes, so that these count
	 * for those who ask for them. */
	bool traced;
	bool kept; /* changes outlive the server: bring them to the disk when asked to */
	/* What is root's in the tree is shown as this user's, and what he makes is root's; 0: no. */
	unsigned stands_for_root_uid, stands_for_root_gid;
};

/* The kernel's end of a mount that exists already; the session owns the descriptor then. */
int session_new(struct overlay *overlay, int fuse_fd, const struct session_options *options,
		struct session **ret, struct error *err);
/* Mount at a directory of the host, with fusermount3 where the user is not root. */
int session_mount(struct overlay *overlay, const char *mountpoint, const char *mount_options,
		  const struct session_options *options, struct session **ret, struct error *err);
void session_free(struct session *session);
DEFINE_CLEANUP(struct session *, session_free);

/* Until the filesystem is unmounted (0), `control` says so, or an error. */
int session_run(struct session *session, struct session_control *control, struct error *err);

/*
 * Answer what has been asked so far, from within `control`. Older kernels return from syncfs() as
 * soon as the pages that maps have changed are on their way.
 */
void session_drain(struct session *session);

/* Tell the kernel, and the table of owners, that attributes of a node have changed by other means
 * than its own requests. */
void session_attributes_changed(struct session *session, struct node *node);

/*
 * Tell the kernel that a name has appeared in, or gone from, a directory by other means than its
 * own requests. Nobody may be at work in the directory, or this waits for ever.
 */
void session_name_changed(struct session *session, struct node *dir, const char *name);
