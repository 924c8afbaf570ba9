/* SPDX-License-Identifier: Apache-2.0 */
/* An image to a registry. */
#pragma once

#include <stdbool.h>

#include "builder/image/layout.h"

struct error;
struct progress;
struct registries;

struct registry_push {
	struct registries *registries;
	const struct layout_image *image; /* its names do not count */
	const char *name;                 /* whole: "docker.io/library/debian:12" */
	bool by_digest;                   /* the tag stays what it is */
	unsigned flags;                   /* of the repository */
	const struct progress *progress;  /* NULL: nobody listens */
};

/* Blobs that are there are not sent. The name changes last, when all the rest is there. */
int registry_push(const struct registry_push *push, struct error *err);
