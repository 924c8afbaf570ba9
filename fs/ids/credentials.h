/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a process says it is where the kernel knows root alone: its ids in all their kinds, in a
 * table that all of a user's steps and filesystem servers share. A thread's place in the table is
 * kept by the kernel, in the thread's timer slack, which threads and children inherit, which no
 * execve(2) changes and which whoever has the capabilities of its user namespace may read and set.
 * So nobody has to follow processes as they come and go. What that costs a thread is that its
 * timers may be late by that many nanoseconds more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/base/cleanup.h"

#define CREDENTIALS_GROUPS 64u    /* supplementary ones at most */
#define CREDENTIALS_LIMIT  65536u /* places in the table */
#define CREDENTIALS_IDS    65536u /* ids from 0 on: as many as there are where all are mapped */

/* The timer slack of place 0, which is the kernel's default. */
#define CREDENTIALS_SLACK_NS 50000u

struct credentials {
	uint32_t ruid, euid, suid, fsuid;
	uint32_t rgid, egid, sgid, fsgid;
	uint32_t keep_caps; /* PR_SET_KEEPCAPS */
	uint32_t capable;   /* has kept its capabilities, though it is root no more */
	uint32_t group_count;
	uint32_t groups[CREDENTIALS_GROUPS]; /* sorted */
};

struct credential_table;

/* Make the file (empty) what credential_table_open() wants. */
int credential_table_format(int fd);
/* The descriptor is not kept. -EBADMSG: no such table. */
int credential_table_open(int fd, bool writable, struct credential_table **ret);
void credential_table_close(struct credential_table *table);
DEFINE_CLEANUP(struct credential_table *, credential_table_close);

/* The place of these credentials, made if need be; several processes may do so at once. Place 0
 * are those of root in its own group. -EAGAIN: the table is full. */
int credential_table_place(struct credential_table *table, const struct credentials *credentials,
			   unsigned *ret_place);
/* What is at a place; root where there is nothing. Good as long as the table. */
const struct credentials *credential_table_at(const struct credential_table *table, unsigned place);
/* There is nobody but root. */
bool credential_table_empty(const struct credential_table *table);

/* The place of a thread by its number in the procfs `proc_fd` (AT_FDCWD: /proc; number 0: the one
 * that asks, if it is its process' first). 0 when it cannot be told. */
unsigned credentials_place_of(int proc_fd, pid_t tid);
int credentials_set_place(int proc_fd, pid_t tid, unsigned place);
