/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer of an image as a file: written from the trees or from its recipe, compressed, kept. A
 * layer that came compressed cannot be compressed to the same bytes again, as another program did
 * it; so it is known by its digest alone until somebody wants its bytes, and those are then had from
 * where it came from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/compress.h"
#include "builder/image/progress.h"
#include "fs/object/id.h"

struct descriptor;
struct image_layer;
struct layer_cache;
struct store;

struct layer_format {
	enum compression compression;
	int level;  /* COMPRESSION_LEVEL_DEFAULT */
	bool force; /* layers that came compressed otherwise as well */
	/* Files of layers that were made here are not younger than that. */
	bool has_epoch;
	int64_t epoch_s;
	unsigned threads; /* 0: all */
	/* Layers that came with the compression that is wanted are the blobs that they came as, but
	 * for those whose bytes are lost; else all are compressed here. */
	bool as_received;
	const struct object_id *lost;
	size_t lost_count;
};

/* All zero is none, but for `fd`, which is -1 then. */
struct layer_blob {
	struct object_id diff_id;
	uint64_t size; /* of the archive */
	struct object_id digest;
	uint64_t blob_size;
	enum compression compression;
	int fd;                  /* the blob, to be read from offset 0; -1: see layer_blob_open() */
	struct object_id record; /* see struct image_layer */
};

/* `what` is for messages and the progress. -EBADMSG when a layer that came from elsewhere does not
 * come out with its digest. */
int layer_blob_make(struct store *store, struct layer_cache *cache, const struct image_layer *layer,
		    const struct layer_format *format, const char *what,
		    const struct progress *progress, struct layer_blob *ret, struct error *err);

/* Gets blobs that came from elsewhere once more. */
struct layer_fetcher {
	/* Into `fd`, an empty file, held against the digest. -ENODATA when it is not to be had. */
	int (*fetch)(struct layer_fetcher *fetcher, const struct descriptor *blob, int fd,
		     struct error *err);
};

/* What the bytes of a blob can come from. */
struct layer_bytes {
	struct store *store;
	struct layer_cache *cache;
	const struct layer_format *format;
	struct layer_fetcher *fetcher; /* NULL: none */
	const struct progress *progress;
};

/*
 * The bytes of a blob whose `fd` is -1, in *ret_fd, which the caller closes: kept ones, those of the
 * fetcher, or what comes of compressing the layer here, if it is the same. -ENODATA and the reason
 * when there is no way to them. Any number of threads may do it at once.
 */
int layer_blob_open(const struct layer_blob *blob, const struct layer_bytes *from, int *ret_fd,
		    struct error *err);
/* For a manifest. */
void layer_blob_describe(const struct layer_blob *blob, bool docker, struct descriptor *ret);
void layer_blob_release(struct layer_blob *blob);
DEFINE_CLEANUP_VALUE(struct layer_blob, layer_blob_release);
