/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pack being written: frames in, a file out. Small packs stay in memory until they are
 * finished, so that they cost one file and one write.
 */
#pragma once

#include <stdbool.h>

#include "fs/store/pack/index.h"

struct pack_writer;

/* The file is made as `file_name` below `dir_fd`, which the caller keeps open. */
struct pack_writer *pack_writer_new(int dir_fd, const char *file_name);
/* Removes an unfinished file. */
void pack_writer_free(struct pack_writer *writer);
DEFINE_CLEANUP(struct pack_writer *, pack_writer_free);

/* Append an encoded frame. */
int pack_writer_add(struct pack_writer *writer, const struct pack_frame *frame, const void *bytes,
		    size_t size, struct error *err);
uint32_t pack_writer_frame_count(const struct pack_writer *writer);
/* Whether nothing was written to disk yet. */
bool pack_writer_is_small(const struct pack_writer *writer);
/* Append all frames of another writer that is small, which is empty after. */
int pack_writer_absorb(struct pack_writer *writer, struct pack_writer *other, struct error *err);

/* Add index and trailer and close the file. `sync` makes its bytes durable. Sorts the entries. */
int pack_writer_finish(struct pack_writer *writer, struct pack_index_entry *entries, size_t count,
		       bool sync, struct error *err);
/* The name that the pack is to have, and the size of the finished file. */
const char *pack_writer_name(const struct pack_writer *writer);
uint64_t pack_writer_size(const struct pack_writer *writer);
