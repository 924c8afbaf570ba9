/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "builder/sandbox/holder.h"
#include "builder/sandbox/sandbox.h"
#include "fs/base/error.h"
#include "fs/base/strings.h"

struct buf;
struct network;

struct sandbox {
	struct sandbox_options options;
	struct holder holder;
	pid_t zygote_pid;
	int zygote_pidfd;
	bool host_proc; /* steps see the builder's /proc */

	pthread_mutex_t lock;
	int zygote_fd;           /* guarded by lock: requests must not run into each other */
	struct strings warned;   /* guarded by lock */
	struct network *network; /* guarded by its own lock */
};

struct step {
	struct sandbox *sandbox;
	int socket_fd;
	int supervisor_pidfd, inside_pidfd;
	bool own_network; /* a namespace of the pool, to be given back */
	size_t network_index;
	bool insecure;
	bool killed; /* atomic */
	bool ended;
	int result; /* of the wait, when ended */
	struct step_status status;
	struct error failure; /* with `result` < 0 */
};

struct step *step_new(struct sandbox *sandbox);

/* Tell the user, once. */
void sandbox_warn(struct sandbox *sandbox, const char *text);

/*
 * Send a request to the zygote: `fds` and one end of a new channel, whose other end comes back in
 * *ret_reply_fd.
 */
int sandbox_request(struct sandbox *sandbox, const struct buf *message, const int *fds,
		    size_t fd_count, int *ret_reply_fd, struct error *err);

/* A program of the helper's as child of this process, greeted: it has answered with *ret_value. */
int sandbox_start_helper(uint32_t role, const struct buf *body, const int *fds, size_t fd_count,
			 int *ret_socket_fd, int *ret_pidfd, pid_t *ret_pid, uint32_t *ret_value,
			 struct error *err);
/* Close its socket, kill it, and wait. */
void sandbox_end_helper(int *socket_fd, int *pidfd, pid_t pid);
