/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose files are that are not root's, by inode number: in memory that a filesystem's server fills
 * and that others look into at the same time, so that they need not ask for each file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"

#define OWNER_TABLE_LIMIT (1u << 21) /* files at most; whoever is not in it counts as root's */

struct owner_table;

/* An empty one, and the descriptor to hand to those who only look (the table's own). */
int owner_table_new(struct owner_table **ret, int *ret_fd);
/* To look into one; the descriptor is not kept. -EBADMSG: no such table. */
int owner_table_open(int fd, struct owner_table **ret);
void owner_table_close(struct owner_table *table);
DEFINE_CLEANUP(struct owner_table *, owner_table_close);

/* One thread writes. */
void owner_table_set(struct owner_table *table, uint64_t ino, uint32_t uid, uint32_t gid);
/* Whether it was ever put in: then its owners, else 0 and 0. */
bool owner_table_get(const struct owner_table *table, uint64_t ino, uint32_t *ret_uid,
		     uint32_t *ret_gid);
