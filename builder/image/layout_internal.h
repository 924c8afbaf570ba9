/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that write layouts. */
#pragma once

#include "builder/image/layout.h"
#include "builder/image/manifest.h"

/* Where the files of a layout go. */
struct layout_place {
	int (*put_bytes)(struct layout_place *place, const char *name, const void *data,
			 size_t size, struct error *err);
	/* The file `fd` from its start. */
	int (*put_file)(struct layout_place *place, const char *name, int fd, uint64_t size,
			struct error *err);
};

/* "blobs/sha256/…" with the NUL. */
#define LAYOUT_BLOB_NAME_SIZE (13 + OBJECT_ID_HEX_SIZE)
void layout_blob_name(const struct object_id *digest, char ret[LAYOUT_BLOB_NAME_SIZE]);
/* Every blob of all images, once. */
int layout_put_blobs(const struct layout_write *write, struct layout_place *place,
		     struct error *err);
/* Add the images to the index, in place of what has the same names. */
void layout_add_to_index(const struct layout_write *write, struct image_index *index);
extern const char layout_mark[];
