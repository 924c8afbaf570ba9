/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of a server that several processes of one user share: a file in a directory that
 * only the user can enter. Beside it lies a lock file, held by whoever starts or ends the server.
 */
#pragma once

#include <stdbool.h>

struct error;

struct listener {
	int fd; /* -1: none */
	int dir_fd;
	char *path; /* below dir_fd */
};

/* Listen at `path` below `dir_fd`, replacing what a dead server has left there. */
int listener_open(struct listener *listener, int dir_fd, const char *path, struct error *err);
/* A new connection, or -1. */
int listener_accept(struct listener *listener);
/*
 * Stop listening and remove the socket. False, and nothing has changed, when somebody is about to
 * connect; true also when there was none.
 */
bool listener_close(struct listener *listener);
/* The same for the holder of the lock, who knows that nobody is. */
void listener_retire(struct listener *listener);

/* Connect to the server at `path`: -ECONNREFUSED or -ENOENT when there is none. */
int listener_connect(int dir_fd, const char *path, int *ret_fd);
