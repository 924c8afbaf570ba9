/* SPDX-License-Identifier: Apache-2.0 */
/* A plain root filesystem, as an archive or as a directory, becoming an image of one layer. */
#pragma once

#include "builder/image/config.h"
#include "builder/image/progress.h"
#include "builder/image/stream.h"

struct error;
struct store;
struct store_lease;

struct image_import {
	struct store *store;
	struct store_lease *lease; /* holds the result */
	/* What the image is to say of itself; its platform has to be set. Neither digests of layers nor
	 * history: both are added. NULL: what an image from nothing says, for this host. */
	const struct config *config;
	const char *comment; /* of the layer in the history: "imported from x"; NULL: none */
	int64_t created_s;   /* of the image and of the layer; negative: not said */
	const struct progress *progress;
};

/* The archive, compressed or not, in any form of tar. Exporting the image gives the same archive
 * again. -EINVAL when it is no archive. */
int image_import_tar(const struct image_import *import, struct byte_source *tar,
		     struct object_id *ret, struct error *err);
/*
 * The directory `path` and all below it, without following symlinks. Owners stay what they are, but
 * that for anybody but root the caller's own files become root's, as in his user namespace. Sockets
 * are left out. What may not be read fails with its name.
 */
int image_import_directory(const struct image_import *import, const char *path,
			   struct object_id *ret, struct error *err);
