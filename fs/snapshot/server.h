/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that serves one mount: our own program, started anew with a socket. It holds what is
 * being written until it is told to commit, and ends when the mount or its last user has gone.
 */
#pragma once

/* How the program is told to be one: its only argument, and where it finds the socket. */
#define SERVER_VERB "serve-filesystem"
#define SERVER_FD   3

/* Does not return before the end; the exit status of the process. */
int server_main(int channel_fd);
