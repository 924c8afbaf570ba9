/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole messages, with open files on them, over a unix stream socket between our own processes:
 * an 8-byte header (length, number of descriptors), then the bytes.
 */
#pragma once

#include <stddef.h>

#define CHANNEL_MAX_FDS     32
#define CHANNEL_MAX_MESSAGE ((size_t)64 << 20)

struct buf;

/* Both ends close-on-exec. */
int channel_pair(int ret_fds[2]);

/* Send one message. The descriptors stay the caller's. -EPIPE when the peer has gone. */
int channel_send(int socket_fd, const void *data, size_t size, const int *fds, size_t fd_count);

/*
 * Receive one message into `buf`, replacing what it held, and its descriptors, close-on-exec,
 * which are the caller's from then on. 1 received, 0 the peer closed, negative failed
 * (-EPROTO: no message of ours, or more than `max_fds` descriptors; -EAGAIN: nothing there yet
 * on a non-blocking socket).
 */
int channel_receive(int socket_fd, struct buf *buf, int *ret_fds, size_t max_fds,
		    size_t *ret_fd_count);
