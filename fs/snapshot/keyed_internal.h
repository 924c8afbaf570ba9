/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that deal with keyed snapshots. */
#pragma once

#include "fs/object/id.h"
#include "fs/snapshot/keyed.h"

#define KEYED_DIR      "snapshots"
#define KEYED_INFO_MAX ((size_t)16384)

/* The directory of a key, as a name in KEYED_DIR. */
struct id_hex keyed_hash(const char *key);
int keyed_check_key(const char *key, struct error *err);

/* KEYED_DIR/, made when it is missing; and one key's directory. Descriptors or negative. */
int keyed_dir(struct store *store, struct error *err);
int keyed_own_dir(struct store *store, const char *key);
/* Whether an open directory is the key's still. */
bool keyed_is_same(struct store *store, int dir_fd, const char *key);

/*
 * Held by whoever makes keys or takes them away; and by whoever works on an active one. Who wants
 * both takes the second first, as only that may take its time: it waits for a server that ends, and
 * for others that work on it, as long as they live. -EBUSY while it is mounted.
 */
int keyed_lock(struct store *store, int *ret_fd, struct error *err);
int keyed_lock_work(struct store *store, int dir_fd, const char *key, int *ret_fd,
		    struct error *err);

/* What the holder of the second is doing, for those who wait: written into the lock itself. */
enum keyed_activity { KEYED_SERVES, KEYED_WORKS, KEYED_ENDS };
void keyed_say(int lock_fd, enum keyed_activity activity);

/* `info` of a directory: 1, 0 there is none, -EBADMSG. Without the state of a committed one. */
int keyed_read_info(int dir_fd, struct keyed *ret);
int keyed_parse_info(const char *text, struct keyed *ret);
int keyed_write_info(int dir_fd, const struct keyed *keyed);

char *keyed_base_ref(const char *hash, uint64_t number);
char *keyed_journal(uint64_t number);
/* The highest number that has a journal, 0 when none has. */
int keyed_newest(int dir_fd, uint64_t *ret);

/* Take it away, info first. */
int keyed_drop(struct store *store, const char *hash, struct error *err);
