/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the helper to the builder. A failure to send one is no news: the builder has gone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* Sends what `err` says and returns `code`. */
int reply_error(int socket_fd, int code, const struct error *err);
void reply_done(int socket_fd, uint32_t value, const int *fds, size_t fd_count);
/* Any other: `reply`, then `body`. */
void reply_send(int socket_fd, uint32_t reply, const struct buf *body, const int *fds,
		size_t fd_count);
