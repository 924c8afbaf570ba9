/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that keeps a user's sandboxes in one user namespace. It is there while somebody has
 * its FIFO open for writing; it has no socket, answers nobody, and ends by itself. Start and end
 * are made one after the other by a lock on a file beside it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/base/cleanup.h"

struct buf;
struct error;

struct holder {
	int fifo_fd; /* keeps it alive */
	int pidfd;
	bool all_ids;                /* more than one is mapped */
	uint32_t root_uid, root_gid; /* who is root of it, out here */
	int credentials_fd; /* who is who in it, see fs/ids/credentials.h; -1: the kernel knows */
};

/*
 * Find the holder of this user in the directory, or start one. What a person should know about
 * ids goes into `ret_warning`.
 */
int holder_join(int runtime_dir_fd, struct holder *ret, struct buf *ret_warning, struct error *err);
/*
 * Is it still there? It goes before its builders only when somebody kills it. For finding out why
 * something has failed: it takes its time over yes.
 */
bool holder_alive(const struct holder *holder);
void holder_leave(struct holder *holder);
