/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots under keys that their users choose, as containerd's snapshotters have them: an active
 * one is a workspace that can be mounted and written to again and again, until it is committed
 * under another key or removed; a view is the same for reading; a committed one is a state that
 * others can begin with. Keys of all kinds share one space.
 *
 * Below `<store>/snapshots/HASH/`, with the SHA-256 of the key, lie `info`, lines of a word and a
 * value; of an active one `lock`, held by whoever works on it and says so there; `mounted`, where it was mounted last;
 * and `changes/`: journals and staged content, see fs/overlay/journal.h. "journal.N" goes with the
 * ref "work/HASH/N", the state that it begins with. A committed one is the ref "snapshot/KEY".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/base/strings.h"
#include "fs/snapshot/snapshot.h"

struct error;
struct overlay;
struct store;
struct store_lease;

#define KEYED_KEY_MAX 1024

enum keyed_kind { KEYED_ACTIVE, KEYED_VIEW, KEYED_COMMITTED };

/* "active", "view", "committed". */
const char *keyed_kind_name(enum keyed_kind kind);

struct keyed {
	char *key;
	enum keyed_kind kind;
	char *parent; /* what it was called when it was prepared; "" for none */
	struct object_id
		state; /* what it is, of a committed one; else what it began with, or zero */
	int64_t created_s, updated_s;
};
void keyed_release(struct keyed *keyed);
DEFINE_CLEANUP_VALUE(struct keyed, keyed_release);

struct keyed_list {
	struct keyed *items;
	size_t count, capacity;
};
void keyed_list_release(struct keyed_list *list);
DEFINE_CLEANUP_VALUE(struct keyed_list, keyed_list_release);

/* 1 and *ret, or 0. -EINVAL for what cannot be a key, -EBADMSG when it is damaged. */
int keyed_find(struct store *store, const char *key, struct keyed *ret, struct error *err);
/* All, by key. What is damaged is told in `problems` (NULL: -EBADMSG). */
int keyed_list(struct store *store, struct keyed_list *ret, struct strings *problems,
	       struct error *err);

/* A new active one or view on `state` (zero: an empty tree), which is called `parent`. Durable on
 * return. -EEXIST. */
int keyed_prepare(struct store *store, struct store_lease *lease, const char *key,
		  enum keyed_kind kind, const char *parent, const struct object_id *state,
		  struct error *err);
/* -ENOENT; -EBUSY while it is mounted; -ENOTEMPTY while others were made from it. */
int keyed_remove(struct store *store, const char *key, struct error *err);

struct keyed_usage {
	uint64_t bytes;  /* of disk, or what it added to its parent */
	uint64_t inodes; /* that were made or changed */
};
int keyed_usage(struct store *store, const struct keyed *keyed, struct keyed_usage *ret,
		struct error *err);

/* Where it is mounted, "" when it isn't; the caller frees. */
char *keyed_mounted_at(struct store *store, const char *key);

/* From now on, whoever waits here for another process says so after a second: for which, and what
 * that does. NULL: nobody. */
void keyed_on_waiting(void (*tell)(const char *text));

/* An active one that is being worked on, by nobody else. */
struct keyed_work;

/* `for_writing` false: -EBUSY does not happen, and nothing can be changed. `mountpoint` (or NULL) is
 * noted down for others. */
int keyed_open(struct store *store, struct store_lease *lease, const char *key,
	       const char *mountpoint, struct keyed_work **ret, struct error *err);
struct overlay *keyed_overlay(struct keyed_work *work);
/* Put all changes into the store when their journal has become long. */
int keyed_checkpoint(struct keyed_work *work, struct error *err);
/* Its mount is gone, and what is left to do may take a while: others wait for it. */
void keyed_ending(struct keyed_work *work);
void keyed_close(struct keyed_work *work);
DEFINE_CLEANUP(struct keyed_work *, keyed_close);

/* Make the active `key` the committed `name`: the key is gone then. `config` as in struct
 * snapshot_intent. -EEXIST, -EBUSY. */
int keyed_commit(struct store *store, struct store_lease *lease, const char *key, const char *name,
		 const struct buf *config, struct snapshot_result *ret, struct error *err);

/* Say what is wrong with keyed snapshots, a line each; also what was left by killed processes. */
int keyed_check(struct store *store, bool repair, struct strings *problems,
		struct strings *leftovers, struct error *err);
