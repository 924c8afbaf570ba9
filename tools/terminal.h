/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal handed to another process: every key goes there, and signals as well. */
#pragma once

#include "fs/base/cleanup.h"

struct error;

/* Have all keys arrive as they are typed, at once and without an echo, until terminal_restore(). */
int terminal_make_raw(int fd, struct error *err);
/* As it was before; fine when nothing has been changed. */
void terminal_restore(void);

/*
 * From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH do nothing but put a byte, their number,
 * into the pipe whose reading end is *ret_fd; all but the last one also make the eventfd
 * *ret_cancel_fd readable. SIGPIPE is ignored. Both descriptors stay open.
 */
int terminal_catch_signals(int *ret_fd, int *ret_cancel_fd, struct error *err);
