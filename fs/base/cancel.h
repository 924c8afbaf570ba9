/* SPDX-License-Identifier: Apache-2.0 */
/* Long work that somebody may want to give up asks between its parts. */
#pragma once

#include <stdbool.h>

struct error;

/* Has the descriptor, an eventfd or a pipe's end, become readable? -1: it never does. */
bool cancelled(int cancel_fd);
/* 0, or -ECANCELED and the word for it. */
int cancel_check(int cancel_fd, struct error *err);
/* A descriptor that is readable whenever one of the two is, for the caller to close. -errno. */
int cancel_join(int one_fd, int other_fd, int *ret_fd);
