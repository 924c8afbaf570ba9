/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what lies below a directory of the host, where no symlink may lead anywhere. */
#pragma once

#include <sys/types.h>

/*
 * Open `path` ("" for the top itself) below `top_fd`, with the flags and mode of open(2); O_CLOEXEC
 * and O_NOFOLLOW are added. -ELOOP when there is a symlink on the way or at its end.
 */
int open_beneath(int top_fd, const char *path, int flags, mode_t mode, int *ret_fd);
