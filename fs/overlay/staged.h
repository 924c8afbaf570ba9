/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a file that is being written: small ones in the pool, larger ones in a file of
 * their own, which becomes the stored blob without being copied. A large blob that is changed in
 * places keeps its bytes where they are; only the blocks that were written lie in the file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/overlay/pool.h"
#include "fs/tree/node.h"

struct buf;
struct error;
struct staged;
struct store;
struct store_lease;
struct store_txn;
struct tree_stored;

/* Where staged content lies; one for each workspace. */
struct staging {
	struct store *store;
	struct store_lease *lease;
	struct error *why; /* or NULL; where failures of the store are noted */
	int dir_fd;        /* of the lease, or given; files in it are named by number */
	/* The files outlive the process: those that are dropped go at staging_settle(). */
	bool kept;
	uint64_t *doomed;
	size_t doomed_count, doomed_capacity;
	bool closing; /* what is dropped now stays */
	struct pool pool;
	uint64_t next_name;
	struct staged *open_files; /* those with an open descriptor, most recently used first */
	unsigned open_count;
};

void staging_init(struct staging *staging, struct store *store, struct store_lease *lease);
/* The same for content that outlives the process, in the directory `dir_fd`, the caller's. Without
 * a lease nothing can be stored. */
void staging_init_kept(struct staging *staging, struct store *store, struct store_lease *lease,
		       int dir_fd);
void staging_release(struct staging *staging);
/* Give back disk space that nothing uses. */
void staging_trim(struct staging *staging);

/* ---- one file; `size` is the length that the file has, kept by the caller ---- */

/* Empty content. */
struct staged *staged_new(struct staging *staging);
/* Begin with these bytes, or with a stored blob of `size` bytes. */
int staged_from_bytes(struct staging *staging, const void *data, size_t size, struct staged **ret);
int staged_from_blob(struct staging *staging, const struct object_id *blob, uint64_t size,
		     struct staged **ret);
void staged_free(struct staged *staged);

/* All of `length` is below `size`. */
int staged_read(struct staged *staged, void *data, size_t length, uint64_t offset);
/* May be past the end: what lies between reads as zeros. */
int staged_write(struct staged *staged, const void *data, size_t length, uint64_t offset);
/* Change the length from what was last set or written. */
int staged_truncate(struct staged *staged, uint64_t size);
/* Make a range read as zeros, giving its space back where possible. */
int staged_punch(struct staged *staged, uint64_t offset, uint64_t length);
/* Reserve space for a range, so that writing to it will not fail. */
int staged_allocate(struct staged *staged, uint64_t offset, uint64_t length);
/*
 * Make the bytes from `offset` on, which is the present end, those of a stored blob at the same
 * place, by reference: 1, or 0 when what is there before is not the beginning of that blob.
 */
int staged_share(struct staged *staged, const struct object_id *blob, uint64_t blob_size,
		 uint64_t offset, uint64_t length);
/* SEEK_DATA or SEEK_HOLE at `offset`, which is below the size. */
int staged_seek(struct staged *staged, uint64_t offset, int whence, uint64_t *ret);
/* Copy between two staged files, or inside one where the ranges do not overlap. */
int staged_copy_range(struct staged *from, uint64_t from_offset, struct staged *to,
		      uint64_t to_offset, uint64_t length);
uint64_t staged_size(const struct staged *staged);
/* Bytes of disk that it takes. */
uint64_t staged_allocated(struct staged *staged);

/* ---- content that is kept ---- */

struct wire;

/* Say where the content lies, for staged_restore() in another process. */
void staged_describe(const struct staged *staged, struct buf *ret);
/* -EBADMSG for a description that is none. While the staging is closing. */
int staged_restore(struct staging *staging, struct wire *wire, struct staged **ret);
/* Once it is known to be the last description of it, for earlier ones speak of what has gone since:
 * the file is there, and as long as was said. -EBADMSG. */
int staged_adopt(struct staged *staged);
/* Bring the content to the disk; files that were made since they last were alone with `fresh`. */
int staged_sync(struct staged *staged, bool fresh);
/* Nothing durable refers any more to what was dropped: it may go. */
void staging_settle(struct staging *staging);
/* Whether anything waits for that. */
bool staging_waits(const struct staging *staging);

/* Where all content lies that is in use; the rest goes. */
struct staging_use {
	uint64_t *names;
	struct pool_chunk *chunks;
	size_t name_count, name_capacity, chunk_count, chunk_capacity;
};
void staged_add_use(const struct staged *staged, struct staging_use *use);
int staging_tidy(struct staging *staging, struct staging_use *use);
void staging_use_release(struct staging_use *use);
/* From now on dropping content leaves alone what lies on the disk; or no longer. */
void staging_set_closing(struct staging *staging, bool closing);

/*
 * Put it into the store. `same` NULL, or a stored file of equal size that it may be equal to.
 * After this the content is only read until the transaction's fate is known.
 */
int staged_store(struct staged *staged, const struct dir_entry *same, struct store_txn *txn,
		 struct tree_stored *ret, struct error *err);
