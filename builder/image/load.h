/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images out of what other tools write: an OCI layout as a directory or as an archive, and the
 * archive of `docker save`, compressed or not. Everything is checked against its digest; layers
 * that the store has are not read.
 */
#pragma once

#include <stdbool.h>

#include "builder/image/platform.h"
#include "builder/image/progress.h"
#include "fs/base/strings.h"
#include "fs/object/id.h"

struct config;
struct descriptor;
struct error;
struct manifest;
struct store;
struct store_lease;

/* Where the blobs of an image come from that lies neither in a file nor in a directory. */
struct blob_fetcher {
	/* These layers will be wanted, in this order. */
	void (*expect)(struct blob_fetcher *fetcher, const struct descriptor *layers, size_t count);
	/* A manifest, a configuration or a layer as a file, to be read from its start; the caller
	 * closes it. */
	int (*open)(struct blob_fetcher *fetcher, const struct descriptor *blob, int *ret_fd,
		    struct error *err);
	const char *name; /* of the image, for messages */
};

struct image_load {
	struct store *store;
	struct store_lease *lease; /* holds the results */
	const char *path;          /* of a file or directory; NULL: read `fd` instead */
	int fd;                    /* a file, or a pipe, from where it stands; stays the caller's */
	/* In place of both: the manifest or index `top`, which this gets. */
	struct blob_fetcher *fetcher;
	const struct descriptor *top;
	/*
	 * Which: "sha256:..." is the digest of a manifest or index; else a name or tag as it stands
	 * there ("12", "debian:12", "docker.io/library/debian:12"). NULL: all.
	 */
	const char *select;
	const struct platform *platform; /* the one that suits it best of each; NULL: all */
	/* Just one image is wanted: if nothing was selected, the one that is called "latest", or the
	 * only one; without a platform the one for this host. -EINVAL when there are several. */
	bool one;
	const struct progress *progress;
};

struct loaded_image {
	struct object_id snapshot;
	struct platform platform;
	struct object_id config_digest;
	bool has_digest; /* docker archives have no manifests */
	struct object_id digest;
	struct strings names;     /* whole ones: from annotations or RepoTags; there may be none */
	struct object_id *layers; /* digests of its blobs, lowest first */
	size_t layer_count;       /* 0 for docker archives */
};

/* All zero is an empty list. */
struct loaded_images {
	struct loaded_image *items;
	size_t count, capacity;
};

/*
 * Load, without giving names. -ENOENT: nothing there is what was selected, or for the platform; the
 * text tells what there is. -EINVAL: it is none of these things. -EBADMSG: a digest is wrong.
 */
int image_load(const struct image_load *load, struct loaded_images *ret, struct error *err);
/*
 * The state that the lowest `count` layers of an image make, one at least, held by the lease, through
 * the fetcher of `load`. Its documents have been read already and name equally many layers, that many
 * or more.
 */
int image_load_layers(const struct image_load *load, const struct manifest *manifest,
		      const struct config *config, size_t count, struct object_id *ret,
		      struct error *err);
/*
 * Give them their names, or (`name` not NULL) all of them that one, which must then be for
 * different platforms. Names given, whole, are added to `ret_names` (NULL: nobody wants to know).
 */
int image_load_tag(struct store *store, struct store_lease *lease,
		   const struct loaded_images *images, const char *name, struct strings *ret_names,
		   struct error *err);
void loaded_images_release(struct loaded_images *images);
DEFINE_CLEANUP_VALUE(struct loaded_images, loaded_images_release);

/*
 * "DIR", "DIR:TAG" or "DIR@sha256:...", as it stands behind "oci-layout://" in --build-context: the
 * directory, and what to select there (NULL: nothing said); the caller frees both.
 */
int oci_layout_parse(const char *text, char **ret_path, char **ret_select, struct error *err);
