/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers of base images keep the bytes that they came as, so that registries and other tools have
 * them already. The store does not keep those; they are kept layers of an earlier output, or are had
 * once more from where they were pulled. What is not to be had any more is compressed here, and told.
 */
#pragma once

#include "builder/image/layer_blob.h"
#include "builder/registry/push.h"
#include "fs/base/cleanup.h"

struct assembled;
struct error;
struct export;
struct export_result;
struct layout_image;

struct originals;

/* `export` is kept by reference. */
int originals_open(const struct export *export, struct originals **ret, struct error *err);
void originals_close(struct originals *originals);
DEFINE_CLEANUP(struct originals *, originals_close);

/* Where layers are kept. */
struct layer_cache *originals_cache(const struct originals *originals);
/* Add to a format that layers are as they came, but for those that turned out to be lost. */
void originals_set_format(const struct originals *originals, struct layer_format *format);

/* Open all that are not: -ENODATA when some are lost. */
int originals_open_all(struct originals *originals, struct assembled *assembled, struct error *err);
/* For a push that opens what it needs. */
struct push_blobs *originals_push_blobs(struct originals *originals);
/* Does it have to be assembled again, as some are lost since it was asked last? Tells about them. */
bool originals_are_lost(struct originals *originals, struct export_result *result);

/* "docker.io/library/debian" has all layers of the image. */
void originals_note_place(struct originals *originals, const struct layout_image *image,
			  const char *place);
