/* SPDX-License-Identifier: Apache-2.0 */
/* An image of a registry, into the store. */
#pragma once

#include <stdbool.h>

#include "builder/image/platform.h"
#include "fs/object/id.h"

struct error;
struct progress;
struct registries;
struct store;
struct store_lease;

struct registry_pull {
	struct registries *registries;
	struct store *store;
	struct store_lease *lease;       /* holds the result */
	int tmp_fd;                      /* a directory for files on their way */
	const char *name;                /* "debian", "host:5000/name:tag@sha256:…" */
	const struct platform *platform; /* NULL: that of this host */
	unsigned flags;                  /* of the repository */
	const struct progress *progress; /* NULL: nobody listens */
};

struct pulled_image {
	struct object_id digest; /* of the manifest, or of the index of several */
	struct object_id snapshot;
	bool was_there; /* nothing but its name was asked for */
};

/*
 * What `name` stands for in its registry now gets that name here. What the store has, whole or by
 * layers, is not fetched. -ENOENT when there is no such image, or none for the platform; see
 * registry.h for the others.
 */
int registry_pull(const struct registry_pull *pull, struct pulled_image *ret, struct error *err);
