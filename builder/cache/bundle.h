/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects one after another, to be read in one go. A bundle is "varve bundle 1\n", for each object
 *
 *   u8 kind   u64 size, little-endian   the bytes
 *
 * and u8 255. What an object is made of comes before it, in this bundle or in one that is needed as
 * well. Ids are not written: whoever takes an object hashes it. Extents (fs/object/extents.h) stand
 * for a blob that is named by the list of its pieces. It is compressed as a whole, and may be cut
 * into parts anywhere. The same objects make the same bytes.
 */
#pragma once

#include "builder/image/stream.h"
#include "fs/object/kind.h"

struct error;
struct store_txn;

/* ---- writing ---- */

int bundle_write_begin(struct byte_sink *to, struct error *err);
/* The bytes follow, through the sink itself. */
int bundle_write_head(struct byte_sink *to, enum object_kind kind, uint64_t size,
		      struct error *err);
int bundle_write_end(struct byte_sink *to, struct error *err);

/* ---- reading ---- */

struct bundle_taker {
	/* An object that is no blob. */
	int (*object)(void *context, enum object_kind kind, const struct buf *bytes,
		      struct error *err);
	/* A blob, part after part; after a failure neither of the others is called. */
	int (*begin)(void *context, struct error *err);
	int (*add)(void *context, const void *data, size_t size, struct error *err);
	int (*end)(void *context, struct error *err);
	void *context;
};

/* To its end, behind which nothing may be. -EBADMSG. */
int bundle_read(struct byte_source *from, const struct bundle_taker *taker, struct error *err);

/* Put all of it into a transaction. -ENOENT: a blob has pieces that are not there yet. */
int bundle_take(struct byte_source *from, struct store_txn *txn, int cancel_fd, struct error *err);

/* ---- parts ---- */

/* A sink that cuts what comes into files of up to `limit` bytes, one after another. */
struct parts_sink {
	struct byte_sink base;
	int fd; /* an empty file, and again after each part; the caller's */
	uint64_t limit, size;
	struct digest *digest;
	/* One is whole. */
	int (*send)(struct parts_sink *parts, const struct object_id *digest, uint64_t size,
		    struct error *err);
};

void parts_sink_init(struct parts_sink *parts, int fd, uint64_t limit);
/* What is left is a part as well. */
int parts_sink_finish(struct parts_sink *parts, struct error *err);
void parts_sink_release(struct parts_sink *parts);
DEFINE_CLEANUP_VALUE(struct parts_sink, parts_sink_release);

/* Files one behind another. */
struct parts_source {
	struct byte_source base;
	const int *fds;
	size_t count, at;
	uint64_t offset; /* in that file */
};
void parts_source_init(struct parts_source *parts, const int *fds, size_t count);
