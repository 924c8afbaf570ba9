/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the kernel's protocol that libfuse 3.14 has no words for; newer ones do no harm. Source:
 * linux/fuse.h, versions 7.33 (HANDLE_KILLPRIV_V2, SETXATTR_EXT), 7.37 (TMPFILE) and 7.42
 * (OVER_IO_URING: ring.h).
 */
#pragma once

#include "fs/fuse/session_internal.h"

/* Have libfuse read and write through us. */
int protocol_attach(struct session *session, int fuse_fd, struct error *err);

/* The kernel did not take the ring. */
void protocol_leave_ring(struct session *session);

/* The number of the node that a request is about; 0: there is none, or it may be gone. */
uint64_t protocol_node(const struct fuse_buf *request);

/* The thread that waits for the answer; 0: nobody does, or it is not seen from here. */
pid_t protocol_caller(const struct fuse_buf *request);

/* Look at a request before libfuse gets it: true when it has been answered already. */
bool protocol_handle(struct session *session, const struct fuse_buf *request);
