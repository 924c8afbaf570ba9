/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept beside a state of how it came about: a note by whoever made it, and all that its
 * step printed. It is a convenience: without it nothing is lost but the telling. It belongs to the
 * snapshot, so a step that is found again finds it, too; it lies in `<store>/journal/`, in a file
 * called like the snapshot:
 *
 *   "VJRN0001", u32 size of the note, u32 its crc32c, the note; then any number of frames:
 *   u32 size, u32 size as stored, u32 crc32c of that, one zstd frame
 *
 * All frames together hold chunks: u32 milliseconds since the start, u32 size << 1 and 1 for the
 * stream 2, bytes. Integers are little-endian.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct journal;
struct journal_reader;
struct store;
struct store_lease;

/* A note may be so long, and of the output so much is kept. */
#define JOURNAL_NOTE_MAX   ((size_t)16 << 20)
#define JOURNAL_OUTPUT_MAX ((uint64_t)256 << 20)

/* ---- writing: one thread at a time ---- */

int journal_begin(struct store *store, struct store_lease *lease, const void *note, size_t size,
		  struct journal **ret, struct error *err);
/* Output of the step. What cannot be written is told at the end. */
void journal_add(struct journal *journal, int stream, const void *data, size_t size);
/* It has led to this snapshot, whose journal this is from now on. */
int journal_finish(struct journal *journal, const struct object_id *snapshot, struct error *err);
/* Let the image that was made of a state have its journal, if there is one. Errors are no news. */
void journal_share(struct store *store, const struct object_id *state,
		   const struct object_id *image);
/* Without journal_finish() nothing is left of it. */
void journal_free(struct journal *journal);
DEFINE_CLEANUP(struct journal *, journal_free);

/* ---- reading ---- */

struct journal_chunk {
	uint32_t time_ms;
	int stream; /* 1 or 2 */
	const void *data;
	size_t size;
};

/* 1 and *ret, or 0 when there is none for this snapshot; -EBADMSG when it is damaged. */
int journal_open(struct store *store, const struct object_id *snapshot, struct journal_reader **ret,
		 struct error *err);
const void *journal_note(const struct journal_reader *reader, size_t *ret_size);
/* 1 and what was printed next, good until the next call; 0 at the end. */
int journal_next(struct journal_reader *reader, struct journal_chunk *ret, struct error *err);
void journal_close(struct journal_reader *reader);
DEFINE_CLEANUP(struct journal_reader *, journal_close);

/* ---- all of them ---- */

struct journal_entry {
	struct object_id snapshot;
	uint64_t size; /* on disk */
};
/* All zero is an empty list. */
struct journal_list {
	struct journal_entry *items;
	size_t count, capacity;
};
int journal_list(struct store *store, struct journal_list *ret, struct error *err);
void journal_list_release(struct journal_list *list);
DEFINE_CLEANUP_VALUE(struct journal_list, journal_list_release);
/* Remove those whose snapshots the store has no more; what that freed is added to *ret_bytes. */
int journal_sweep(struct store *store, uint64_t *ret_bytes, struct error *err);
