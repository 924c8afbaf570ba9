/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer that comes as a stream, compressed or not, becoming a snapshot on top of another one.
 * Its digests are checked while it is read; how to write it again is remembered with it.
 */
#pragma once

#include <stdbool.h>

#include "builder/image/progress.h"
#include "builder/image/stream.h"
#include "fs/object/id.h"

struct descriptor;
struct store;
struct store_lease;

/* What a layer may be long once it is decompressed. */
#define LAYER_SIZE_MAX ((uint64_t)1 << 40)

struct layer_import {
	struct store *store;
	struct store_lease *lease;
	struct object_id parent, parent_chain; /* zero: it is the first */
	const struct descriptor *received;     /* NULL: nobody says what it should be */
	const struct object_id *diff_id;       /* the same of the archive inside */
	const struct progress *progress;
	const char *what;  /* for messages: "layer 2/5" */
	const char *shown; /* for the progress: "extracting sha256:…"; NULL: the same */
};

struct imported_layer {
	struct object_id snapshot; /* held by the lease */
	struct object_id diff_id;
	struct object_id chain;
};

/* -EBADMSG when a digest or the size is another than it should be, -EINVAL for what is no archive
 * of a layer. */
int layer_import(const struct layer_import *import, struct byte_source *blob,
		 struct imported_layer *ret, struct error *err);
