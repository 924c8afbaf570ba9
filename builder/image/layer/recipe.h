/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to write an archive again byte for byte: what stands between the contents of its files,
 * literally, and the contents as blobs of the store. The object is
 *
 *   "OSTR", u32 version = 1, 32 bytes of zeros
 *   frames: u32 length of what follows, u32 length decompressed (not 0), one zstd frame
 *   u32 0
 *
 * and decompressed, the frames in a row hold
 *
 *   1, varint length, bytes            literally
 *   2, 32 bytes id, varint length      the content of that blob
 *   0, u64 length of the whole archive the end
 *
 * Integers are little-endian, a varint has 7 bits in each byte, the lowest first. Headers of
 * neighbours are alike: a frame takes about 20 bytes an entry, and the id stands beside it.
 */
#pragma once

#include "builder/image/stream.h"

struct blob_writer;
struct store;
struct store_txn;

struct recipe_writer;

/* What is written goes into `txn`. */
int recipe_writer_begin(struct store_txn *txn, struct recipe_writer **ret, struct error *err);
int recipe_writer_literal(struct recipe_writer *writer, const void *data, size_t size,
			  struct error *err);
int recipe_writer_blob(struct recipe_writer *writer, const struct object_id *id, uint64_t size,
		       struct error *err);
/* How long the archive is so far. */
uint64_t recipe_writer_size(const struct recipe_writer *writer);
/* The recipe's own blob, and how long that is. */
int recipe_writer_finish(struct recipe_writer *writer, struct object_id *ret, uint64_t *ret_size,
			 struct error *err);
void recipe_writer_free(struct recipe_writer *writer);
DEFINE_CLEANUP(struct recipe_writer *, recipe_writer_free);

/* The archive as a stream. */
struct recipe_reader;

int recipe_reader_open(struct store *store, const struct object_id *recipe,
		       struct recipe_reader **ret, struct error *err);
/* Good as long as the reader. Fails with -EBADMSG where the recipe is damaged. */
struct byte_source *recipe_reader_source(struct recipe_reader *reader);
void recipe_reader_close(struct recipe_reader *reader);
DEFINE_CLEANUP(struct recipe_reader *, recipe_reader_close);

/* A source through which an archive is read while its recipe is written: what goes by is taken
 * literally, but for the time that `content` is set, when the caller tells what it was. */
struct recipe_tap {
	struct byte_source base;
	struct byte_source *from;
	struct recipe_writer *writer;
	bool content;
};
void recipe_tap_init(struct recipe_tap *tap, struct byte_source *from,
		     struct recipe_writer *writer);
