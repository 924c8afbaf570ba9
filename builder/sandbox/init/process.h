/* SPDX-License-Identifier: Apache-2.0 */
/* Who a process of the helper is, and when it ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct error;

/*
 * A child that dies with this process: like fork(), 0 in the child. `flags` are those of clone(2); *ret_pidfd (NULL: not wanted) is filled in the parent.
 */
pid_t process_fork(unsigned long flags, int *ret_pidfd);

/*
 * Be uid 0 and gid 0 of this user namespace, with no other groups where it has any, and keep dying
 * with the parent, which is `parent_pid`.
 */
int process_become_root(bool all_ids, pid_t parent_pid, struct error *err);

/* Let nobody look into this process, and begin with a clean set of capabilities to inherit. */
void process_harden(void);

/* Give up all capabilities, for good. */
int process_drop_capabilities(void);

/* All signals at their defaults, none blocked. */
void process_reset_signals(void);

/* Close everything that is not in `keep`, which need not be sorted and may hold -1. */
void process_close_others(int *keep, size_t count);

/* Wait for a child and return its status; -ECHILD when there is none. */
int process_wait(pid_t pid, int *ret_status);
