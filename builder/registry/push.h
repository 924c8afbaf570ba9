/* SPDX-License-Identifier: Apache-2.0 */
/* An image to a registry. */
#pragma once

#include <stdbool.h>

#include "builder/image/layout.h"

struct error;
struct layer_blob;
struct object_id;
struct progress;
struct registries;
struct strings;

/* What is known of layers beside the images. Asked by several threads at once. */
struct push_blobs {
	/* Repositories that may have it, the likeliest first: "docker.io/library/debian". */
	void (*places)(struct push_blobs *blobs, const struct object_id *digest,
		       struct strings *ret);
	/* The bytes of a layer without a file, which the caller closes. -ENODATA when there is no
	 * way to them. */
	int (*open)(struct push_blobs *blobs, const struct layer_blob *layer, int cancel_fd,
		    int *ret_fd, struct error *err);
};

struct registry_push {
	struct registries *registries;
	const struct layout_image *image; /* its names do not count */
	struct push_blobs *blobs;         /* NULL: all layers have files, and nothing is known */
	const char *name;                 /* whole: "docker.io/library/debian:12" */
	bool by_digest;                   /* the tag stays what it is */
	unsigned flags;                   /* of the repository */
	const struct progress *progress;  /* NULL: nobody listens */
};

/* Blobs that are there are not sent, and those of other repositories of the same registry are taken
 * over from there. The name changes last, when all the rest is there. */
int registry_push(const struct registry_push *push, struct error *err);
