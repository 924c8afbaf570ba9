/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of a store and their names. An image is a snapshot that has a configuration; the
 * snapshots it was made from are its layers. Its name is the ref "tag/NAME" with the whole name
 * ("tag/docker.io/library/debian:12", or "...debian@sha256:..." for one that is known by the digest
 * of its manifest). Where a name stands for several platforms, that ref is the one that suits this
 * host best, and "tag/NAME OS/ARCH" are the others.
 */
#pragma once

#include "builder/image/config.h"
#include "fs/object/id.h"

struct error;
struct store;
struct store_lease;

/* ---- making ---- */

/*
 * An image out of the state `state` (zero: an empty tree): the same files and layers with another
 * configuration, whose digests of layers do not count. Held by `lease`. Nothing is written when it
 * is there already. `created_s` is as in struct snapshot_record.
 */
int image_make(struct store *store, struct store_lease *lease, const struct object_id *state,
	       const struct config *config, int64_t created_s, struct object_id *ret,
	       struct error *err);
/* The same with a document as it is, byte for byte. */
int image_make_document(struct store *store, struct store_lease *lease,
			const struct object_id *state, const void *config, size_t size,
			int64_t created_s, struct object_id *ret, struct error *err);

/* ---- looking ---- */

/* All zero is none. */
struct stored_image {
	char *name; /* whole: "docker.io/library/debian:12", with a digest where it was asked for */
	struct object_id snapshot;
	struct config config;
};

/*
 * The image called `name` ("debian", "debian:12", "debian@sha256:...") that suits `platform` best;
 * NULL: this host, but another one when there is only that. `lease` (NULL: none) holds it.
 * 1 and *ret; 0 when there is none for the platform; -EINVAL when `name` cannot be a name.
 */
int image_find(struct store *store, struct store_lease *lease, const char *name,
	       const struct platform *platform, struct stored_image *ret, struct error *err);
/* What `name` is there for: "linux/amd64, linux/arm64", "" when it is not; the caller frees. */
int image_find_platforms(struct store *store, const char *name, char **ret, struct error *err);
/* The image that a snapshot is: -EINVAL when it has no configuration. `name` stays NULL. */
int image_read(struct store *store, const struct object_id *snapshot, struct stored_image *ret,
	       struct error *err);
void stored_image_release(struct stored_image *image);
DEFINE_CLEANUP_VALUE(struct stored_image, stored_image_release);

struct image_row {
	char *name; /* whole; image_name_familiar() makes it short */
	struct object_id snapshot;
	struct platform platform;
	/* When it was made, in seconds since 1970, as its configuration has it; 0: it doesn't say. */
	int64_t created_s;
	uint64_t size;   /* of all files, each one once */
	bool has_digest; /* of the manifest, known for what came from elsewhere */
	struct object_id digest;
};

/* All zero is an empty list. */
struct image_rows {
	struct image_row *items;
	size_t count, capacity;
};

/* All named images, by name and platform. What is damaged is left out and told in `warnings`
 * (NULL: nobody wants to know), a line each. */
int image_list(struct store *store, struct image_rows *ret, struct strings *warnings,
	       struct error *err);
void image_rows_release(struct image_rows *rows);
DEFINE_CLEANUP_VALUE(struct image_rows, image_rows_release);
/* "docker.io/library/debian:12" as people write it; the caller frees. */
char *image_name_familiar(const char *name);

/* ---- naming ---- */

enum image_tag_flags {
	/* Images that have the name for other platforms keep it; else it stands for these alone. */
	IMAGE_TAG_ADD = 1 << 0,
};

/* Give `name` to images for different platforms. Durable on return. -EINVAL for what is no name, or
 * when two are for one platform. */
int image_tag(struct store *store, struct store_lease *lease, const char *name,
	      const struct object_id *snapshots, size_t count, unsigned flags, struct error *err);
/* Take a name away, for all platforms: 1, or 0 when there is none. With the last tag of an image in
 * a repository the digest goes that it was pulled by. The image goes with the next collection, unless
 * something else refers to it. */
int image_untag(struct store *store, const char *name, struct error *err);
