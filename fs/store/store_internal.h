/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about an open store. */
#pragma once

#include <pthread.h>

#include "fs/base/strings.h"
#include "fs/store/config.h"
#include "fs/store/locks.h"
#include "fs/store/loose.h"
#include "fs/store/lru.h"
#include "fs/store/pack/list.h"
#include "fs/store/store.h"

struct step_index;

#define BOOT_ID_SIZE 37

#define STORE_SPARE_LOCKS 4

struct store {
	char *path;
	bool read_only;
	struct store_config config;
	char boot_id[BOOT_ID_SIZE]; /* of the running kernel */

	int dir_fd, packs_fd, objects_fd, leases_fd, tmp_fd, refs_fd, unsynced_fd;
	int generation_fd; /* gc.gen */

	struct pack_list *packs;
	struct frame_cache *frames;
	struct lru *blobs;   /* struct loose_blob, by id */
	struct lru *extents; /* struct extents of blobs stored so, by id */
	/* What store_view() showed last, pinned, how much of it, and where; for its one user. */
	struct lru_entry *viewed;
	uint64_t viewed_bytes, viewed_area;
	struct step_index *steps;
	struct strings warnings;

	pthread_mutex_t lock; /* guards the rest; never held over a call that may block for long */
	uint64_t generation;  /* as last seen */
	struct store_lock spares[STORE_SPARE_LOCKS]; /* open, not locked */
	size_t spare_count;
	pthread_t *holders; /* threads that hold the shared lock, one for each time */
	size_t holder_count, holder_capacity;
	int unsynced_list_fd; /* appended to; -1 before the first time */
	int step_log_fd;      /* likewise */
};

/* Put to a failed write what it means and the way out, when the disk is full. Returns `code`. */
int store_write_failed(const struct store *store, struct error *err, int code);

/* 32 hex digits that nobody else has. */
void store_random_name(char ret[33]);
bool store_random_name_valid(const char *name);

/* Where an object is: in a pack, or a file of its own. */
struct store_object {
	struct store *store;
	struct pack_set *set; /* keeps the pack; NULL for a loose one */
	struct pack *pack;
	struct pack_object info;
	uint64_t size;          /* as stored */
	struct lru_entry *blob; /* a loose one, open, with STORE_FIND_OPEN */
};

enum store_find_flags {
	STORE_FIND_HELD = 1 << 0,   /* the shared lock is held: what is known is good enough */
	STORE_FIND_PLAIN = 1 << 1,  /* not as extents */
	STORE_FIND_PACKED = 1 << 2, /* something that is never loose: save a system call */
	STORE_FIND_OPEN = 1 << 3,   /* to read it */
};

/*
 * 1 and where it is, or 0. A damaged record, or a damaged pack that may hold what is not found, is
 * -EBADMSG; but with STORE_FIND_HELD it counts as not there, so that a transaction stores it again.
 */
int store_find(struct store *store, const struct object_id *id, unsigned flags,
	       struct store_object *ret, struct error *err);
void store_object_release(struct store_object *object);
DEFINE_CLEANUP_VALUE(struct store_object, store_object_release);

/* Append the bytes of a packed object as stored: extents as such. -E2BIG past `limit`. */
int store_read_stored(const struct object_id *id, const struct store_object *object, size_t limit,
		      struct buf *ret, struct error *err);

/* A piece of a blob: bytes in memory, a part of a file, or nothing but zeros. */
struct store_chunk {
	enum { CHUNK_BYTES, CHUNK_FILE, CHUNK_HOLE } type;
	const uint8_t *bytes;
	struct loose_blob *file;
	uint64_t file_offset;
	uint64_t size;              /* above 0 */
	struct store_object object; /* these keep it */
	struct frame_pin pin;
};

/* 1 and what begins at `offset` of a blob, at most `size` bytes of it; 0 at its end. */
int store_chunk_at(struct store *store, const struct object_id *id, uint64_t offset, uint64_t size,
		   struct store_chunk *ret, struct error *err);
void store_chunk_release(struct store_chunk *chunk);
/* Let go of what store_view() showed. */
void store_look_away(struct store *store);
DEFINE_CLEANUP_VALUE(struct store_chunk, store_chunk_release);
