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
struct output_log;
struct output_log_reader;
struct store;
struct store_lease;

/* A note may be so long, and of the output so much is kept. */
#define JOURNAL_NOTE_MAX   ((size_t)16 << 20)
#define JOURNAL_OUTPUT_MAX ((uint64_t)256 << 20)

/* ---- writing: one thread at a time ---- */

int output_log_begin(struct store *store, struct store_lease *lease, const void *note, size_t size,
		     struct output_log **ret, struct error *err);
/* Output of the step. What cannot be written is told at the end. */
void output_log_add(struct output_log *journal, int stream, const void *data, size_t size);
/* It has led to this snapshot, whose journal this is from now on. */
int output_log_finish(struct output_log *journal, const struct object_id *snapshot,
		      struct error *err);
/* Let the image that was made of a state have its journal, if there is one. Errors are no news. */
void output_log_share(struct store *store, const struct object_id *state,
		      const struct object_id *image);
/* Without output_log_finish() nothing is left of it. */
void output_log_free(struct output_log *journal);
DEFINE_CLEANUP(struct output_log *, output_log_free);

/* ---- reading ---- */

struct output_log_chunk {
	uint32_t time_ms;
	int stream; /* 1 or 2 */
	const void *data;
	size_t size;
};

/* 1 and *ret, or 0 when there is none for this snapshot; -EBADMSG when it is damaged. */
int output_log_open(struct store *store, const struct object_id *snapshot,
		    struct output_log_reader **ret, struct error *err);
const void *output_log_note(const struct output_log_reader *reader, size_t *ret_size);
/* 1 and what was printed next, good until the next call; 0 at the end. */
int output_log_next(struct output_log_reader *reader, struct output_log_chunk *ret,
		    struct error *err);
void output_log_close(struct output_log_reader *reader);
DEFINE_CLEANUP(struct output_log_reader *, output_log_close);

/* ---- all of them ---- */

struct output_log_entry {
	struct object_id snapshot;
	uint64_t size; /* on disk */
};
/* All zero is an empty list. */
struct output_log_list {
	struct output_log_entry *items;
	size_t count, capacity;
};
int output_log_list(struct store *store, struct output_log_list *ret, struct error *err);
void output_log_list_release(struct output_log_list *list);
DEFINE_CLEANUP_VALUE(struct output_log_list, output_log_list_release);
/* Remove those whose snapshots the store has no more; what that freed is added to *ret_bytes. */
int output_log_sweep(struct store *store, uint64_t *ret_bytes, struct error *err);
