/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of `docker save`: which files of an archive make up which image. */
#pragma once

#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct error;
struct layout_write;

#define DOCKER_IMAGES_MAX 4096

struct docker_image {
	char *config;          /* name of a file in the archive */
	struct strings names;  /* "debian:12" */
	struct strings layers; /* names of files, lowest first */
};

/* All zero is an empty one. */
struct docker_manifest {
	struct docker_image *images;
	size_t count, capacity;
};

int docker_manifest_parse(const void *data, size_t size, struct docker_manifest *ret,
			  struct error *err);
void docker_manifest_release(struct docker_manifest *manifest);
DEFINE_CLEANUP_VALUE(struct docker_manifest, docker_manifest_release);

/* That of an OCI layout, whose files are named by their digests. */
void docker_manifest_write(const struct layout_write *write, struct buf *ret);
