/* SPDX-License-Identifier: Apache-2.0 */
/* The server of a mount, shared by the files that it is made of: users and their sockets, and what
 * they ask for. */
#pragma once

#include "fs/fuse/session.h"
#include "fs/overlay/overlay.h"
#include "fs/snapshot/failures.h"
#include "fs/snapshot/listener.h"

struct buf;
struct changed_names;
struct credential_table;
struct error;
struct owner_table;
struct store;
struct store_lease;
struct wire;

struct server {
	struct session_control control; /* `fd` is the epoll set of all sockets */
	struct overlay_watcher watcher;
	struct store *store;
	struct store_lease *lease;
	struct overlay *overlay;
	struct session *session;
	struct listener listener;             /* fd -1 when there is one user only */
	struct owner_table *owners;           /* where root alone is mapped */
	struct credential_table *credentials; /* NULL: there are none */
	int owners_fd;                        /* of the table */
	int retry_fd;                         /* timer: try again to end */
	unsigned users;
	bool ending;
	struct changed_names *changed; /* by the request under way; NULL: none */
	int answer_fd;                 /* goes with its answer; -1: none */
	struct failures failures;
	bool unsound; /* programs missed what the store could not give, and nobody has asked */
};

/* Do what a message asks for: its values go to `out`. */
int server_handle(struct server *server, struct wire *in, struct buf *out, struct error *err);
