/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the helper: a static program that lies in this one's data and is only ever executed
 * from a sealed memory file. Whatever runs it inside a step, through /proc or a "#!" line, can
 * neither change it nor make it load a library of the image's.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct buf;
struct error;

enum helper_flags {
	HELPER_NEW_NAMESPACES = 1 << 0, /* a user and a mount namespace of its own */
	HELPER_DETACHED = 1 << 1,       /* no child of this process */
};

/*
 * Start it with the peer of *ret_socket_fd. Its other descriptors are /dev/null. Without
 * HELPER_DETACHED it is a child for the caller to wait for.
 */
int helper_start(unsigned flags, pid_t *ret_pid, int *ret_socket_fd, struct error *err);

/* Send the greeting with what `body` (NULL: nothing) has for the role. */
int helper_greet(int socket_fd, uint32_t role, const struct buf *body, const int *fds,
		 size_t fd_count);

/* One answer: its REPLY_ and the rest in `body`; -EPIPE when the helper ended without one. */
int helper_answer(int socket_fd, uint32_t *ret_reply, struct buf *body, int *ret_fds,
		  size_t max_fds, size_t *ret_fd_count);

/* Wait for REPLY_DONE: its number in *ret_value; the text of REPLY_ERROR ends up in `err`. */
int helper_done(int socket_fd, uint32_t *ret_value, int *ret_fds, size_t max_fds,
		size_t *ret_fd_count, struct error *err);
