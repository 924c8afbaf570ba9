/* SPDX-License-Identifier: Apache-2.0 */
/* flock: held by an open file, so that the kernel lets go of it however a process ends. */
#pragma once

#include <stdbool.h>

enum lockfile_mode { LOCKFILE_SHARED, LOCKFILE_EXCLUSIVE };

/* Lock an open file, waiting as long as it takes. 0 or a negative errno. */
int lockfile_lock(int fd, enum lockfile_mode mode);
/* The same without waiting: 1 locked, 0 somebody else holds it. */
int lockfile_try(int fd, enum lockfile_mode mode);
void lockfile_unlock(int fd);

/* Open (and make, mode 0600) the file below `dir_fd` and lock it; the descriptor holds the lock. */
int lockfile_open(int dir_fd, const char *path, enum lockfile_mode mode, bool wait, int *ret_fd);
