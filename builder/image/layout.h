/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images as OCI layouts: a directory, or the same as an archive in which nothing depends on when
 * or by whom it was written. With a manifest.json beside the index it is what `docker load` reads
 * as well.
 */
#pragma once

#include "builder/image/progress.h"
#include "builder/image/stream.h"

struct buf;
struct descriptor;
struct image;
struct strings;

#define LAYOUT_INDEX_NAME    "index.json"
#define LAYOUT_MARK_NAME     "oci-layout"
#define LAYOUT_DOCKER_NAME   "manifest.json"
#define ANNOTATION_REF_NAME  "org.opencontainers.image.ref.name"
#define ANNOTATION_FULL_NAME "io.containerd.image.name"
#define ANNOTATION_CREATED   "org.opencontainers.image.created"

/* An image, or one for each of several platforms, with an index of them. */
struct layout_image {
	const struct image *images;
	size_t count;
	const struct descriptor *descriptor; /* of the manifest or index: what the layout names */
	const struct buf *index;             /* its document; NULL: there is none */
	const struct strings *names;         /* "docker.io/library/debian:12"; there may be none */
};

struct layout_write {
	const struct layout_image *images;
	size_t count;
	bool docker_archive; /* with a manifest.json */
	const struct progress *progress;
};

/* One archive of all images. */
int layout_write_archive(const struct layout_write *write, struct byte_sink *sink,
			 struct error *err);
/*
 * Into a directory, made when it is missing. What is there already stays: blobs are not written
 * twice, and of the index only what has the same names is replaced.
 */
int layout_write_directory(const struct layout_write *write, const char *path, struct error *err);
