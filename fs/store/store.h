/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of immutable objects, the names that keep them alive, and the leases of those who use
 * them. Any number of processes read, commit and collect garbage at once; none is special. It
 * knows nothing of mounts and builds. The layout on disk is described in fs/README.md.
 *
 * A `struct store` may be used by many threads. A transaction, a blob writer and a view belong to
 * one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fs/base/cleanup.h"
#include "fs/object/extents.h"
#include "fs/object/id.h"
#include "fs/object/kind.h"

struct buf;
struct error;
struct store;
struct strings;

/* Blobs of at least this size are plain files of their own, smaller ones lie in packs. */
#define STORE_LOOSE_MIN ((uint64_t)128 << 10)

/* ---- opening ---- */

enum store_open_flags {
	STORE_CREATE = 1 << 0,    /* make an empty store where there is none */
	STORE_READ_ONLY = 1 << 1, /* refuse transactions; needs no right to write */
};

/*
 * Open the store in directory `path`. After a crash of the machine this is where what had not
 * reached the disk is found and dropped, so it can take a while then.
 * -ENOENT: no store there; -EPROTONOSUPPORT: a format this program does not know.
 */
int store_open(const char *path, unsigned flags, struct store **ret, struct error *err);
void store_close(struct store *store);
DEFINE_CLEANUP(struct store *, store_close);

/*
 * What opening it found that a person should know, a line each: names that were lost in a crash,
 * features that forbid writing. Most often none. The store's.
 */
const struct strings *store_warnings(const struct store *store);

const char *store_path(const struct store *store);
/* The store's directory, for files that others keep in sub-directories of their own. */
int store_dir_fd(const struct store *store);

/* ---- reading ---- */

struct object_info {
	enum object_kind kind; /* OBJECT_BLOB also for one stored as extents */
	uint64_t size;
};

/* 1 and *ret, or 0 when the store does not have it. */
int store_stat(struct store *store, const struct object_id *id, struct object_info *ret,
	       struct error *err);

/*
 * Append a whole object to `ret`. -ENOENT when it is missing, -EBADMSG when it is damaged or of
 * another kind, -E2BIG when it is longer than `limit`; the text names the object and what to do.
 */
int store_read(struct store *store, const struct object_id *id, enum object_kind kind, size_t limit,
	       struct buf *ret, struct error *err);

/* Bytes of a blob: as many as there are up to `size`, 0 at its end; errors as store_read(). */
ssize_t store_pread(struct store *store, const struct object_id *id, void *data, size_t size,
		    uint64_t offset, struct error *err);

/*
 * The same without a copy: *ret points to at least one byte, often fewer than `size`, and is good
 * until the next call on this store by anybody. For processes that use a store alone.
 */
ssize_t store_view(struct store *store, const struct object_id *id, size_t size, uint64_t offset,
		   const void **ret, struct error *err);

/*
 * SEEK_DATA or SEEK_HOLE: 1 and the first such place at or behind `offset`, or 0 when there is none
 * up to the end.
 */
int store_seek(struct store *store, const struct object_id *id, uint64_t offset, int whence,
	       uint64_t *ret, struct error *err);
/* Bytes that a blob has without its holes, roughly. */
int store_space(struct store *store, const struct object_id *id, uint64_t *ret, struct error *err);

/* Write a whole blob to `fd` from its position on `offset`, by reference where the filesystem can, holes as holes. */
int store_copy_to_fd(struct store *store, const struct object_id *id, int fd, uint64_t offset,
		     struct error *err);

/*
 * The pieces a blob is stored as: appended to `ret` when it is stored as extents, else the one
 * piece that it is itself. For making a changed copy that stores only the change.
 */
int store_extents(struct store *store, const struct object_id *id, struct extents *ret,
		  struct error *err);

/*
 * For what failed somewhere else, and perhaps for this: when the disk of the store has no room, the
 * error says so as well, unless it does, and how to get some.
 */
void store_mention_full(const struct store *store, struct error *err);

/* ---- leases: what a living process uses is not collected ---- */

struct store_lease;

/* A lease, with a directory for unfinished files in the store's filesystem. Ends with the process. */
int store_lease_begin(struct store *store, struct store_lease **ret, struct error *err);
/* Keep an object and all it refers to: -ENOENT when it is gone already. */
int store_lease_hold(struct store_lease *lease, const struct object_id *id, struct error *err);
/* What another process needs to know to add to this lease, see store_txn_hold(). */
const char *store_lease_name(const struct store_lease *lease);
/* The directory of unfinished files; store_txn_put_file() takes them from here. */
int store_lease_tmp_fd(const struct store_lease *lease);
void store_lease_end(struct store_lease *lease);
DEFINE_CLEANUP(struct store_lease *, store_lease_end);

/* ---- writing ---- */

struct store_txn;
struct step_record;

/*
 * Begin a transaction: what it finds to be in the store already will still be there when it
 * commits. It waits while garbage is being deleted. `lease` gives it a place for temporary files
 * and outlives it. Nothing is visible to others before store_txn_commit().
 */
int store_txn_begin(struct store *store, struct store_lease *lease, struct store_txn **ret,
		    struct error *err);

/* Store bytes; the id they have in *ret. Any size; what the store has costs only the hashing. */
int store_txn_put(struct store_txn *txn, enum object_kind kind, const void *data, size_t size,
		  struct object_id *ret, struct error *err);
/* The same for a caller who has hashed them. */
int store_txn_put_as(struct store_txn *txn, enum object_kind kind, const struct object_id *id,
		     const void *data, size_t size, struct error *err);
/* Take the file `name` in the lease's directory, whose content is `id`, into the store, without
 * copying: from now on nobody may write to it. The name stays, and is the caller's to remove. */
int store_txn_put_file(struct store_txn *txn, const char *name, const struct object_id *id,
		       struct error *err);
/* Store the blob `id` as pieces of others that are in the store or in this transaction. */
int store_txn_put_extents(struct store_txn *txn, const struct object_id *id,
			  const struct extents *extents, struct error *err);
/*
 * The same without anyone having hashed the blob: its id, in *ret, is that of the list of pieces.
 * Equal bytes that came about in another way have another id. Where store_composes() says so.
 */
int store_txn_put_composed(struct store_txn *txn, const struct extents *extents,
			   struct object_id *ret, struct error *err);
bool store_composes(const struct store *store);
/* 1 when the store or this transaction has the object, else 0. */
int store_txn_has(struct store_txn *txn, const struct object_id *id, struct error *err);

/* Names set, steps recorded and objects held become valid together with the objects. */
int store_txn_set_ref(struct store_txn *txn, const char *name, const struct object_id *id,
		      struct error *err);
void store_txn_add_step(struct store_txn *txn, const struct step_record *record);
/* Add to the lease called `lease_name`, of whatever process. */
int store_txn_hold(struct store_txn *txn, const char *lease_name, const struct object_id *id,
		   struct error *err);

/* Publish: packs, their indexes, then holds, steps, refs. Whatever it returns, only free is left. */
int store_txn_commit(struct store_txn *txn, struct error *err);
/* Without a commit before it, nothing has happened. */
void store_txn_free(struct store_txn *txn);
DEFINE_CLEANUP(struct store_txn *, store_txn_free);

/* Bytes that this transaction added, as stored. */
uint64_t store_txn_bytes(const struct store_txn *txn);

/* A blob whose bytes come one after another. */
struct blob_writer;
int blob_writer_begin(struct store_txn *txn, struct blob_writer **ret, struct error *err);
int blob_writer_add(struct blob_writer *writer, const void *data, size_t size, struct error *err);
int blob_writer_finish(struct blob_writer *writer, struct object_id *ret, uint64_t *ret_size,
		       struct error *err);
void blob_writer_free(struct blob_writer *writer);
DEFINE_CLEANUP(struct blob_writer *, blob_writer_free);

/* Make everything committed so far survive a power cut. */
int store_sync(struct store *store, struct error *err);
