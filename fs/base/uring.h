/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of requests to the kernel and of what became of them: io_uring(7), with entries of 128
 * bytes, for the one thread that made it. Source: linux/io_uring.h of Linux 6.1.
 */
#pragma once

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

#define URING_ENTRY_SIZE 128

struct uring;

/* Room for `entries` requests that have not been handed over yet. -ENOSYS, -EPERM: the kernel, or a
 * filter, does not have it; -EOPNOTSUPP: the kernel is older than 6.1. */
int uring_new(unsigned entries, struct uring **ret);
void uring_free(struct uring *uring);
DEFINE_CLEANUP(struct uring *, uring_free);

/* The next entry, zeroed but for these; `token` comes back with the result. More entries than there
 * is room for must not be asked for before uring_enter(). */
struct io_uring_sqe *uring_prepare(struct uring *uring, uint8_t opcode, int fd, uint64_t token);

/* Hand over what was prepared, and wait for a result: so many milliseconds, not at all (0), or until
 * there is one (-1). A signal ends the wait, too. */
int uring_enter(struct uring *uring, int timeout_ms);

/* Take the next result, if there is one: >= 0 or -errno. */
bool uring_next(struct uring *uring, uint64_t *token, int *result);
