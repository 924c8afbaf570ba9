/* SPDX-License-Identifier: Apache-2.0 */
/* A content descriptor: what something is, how long, and the digest that proves it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "builder/image/platform.h"
#include "builder/image/string_map.h"
#include "fs/object/id.h"

struct error;
struct json_value;
struct json_writer;

#define MEDIA_OCI_INDEX         "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST      "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG        "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER         "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP    "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD    "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_INDEX      "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST   "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG     "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER      "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_LAYER_ZSTD "application/vnd.docker.image.rootfs.diff.tar.zstd"

enum media_kind {
	MEDIA_OTHER,
	MEDIA_INDEX,
	MEDIA_MANIFEST,
	MEDIA_CONFIG,
	MEDIA_LAYER, /* a file tree's layer in whatever compression */
};

enum media_kind media_kind(const char *media_type);

/* "sha256:" and 64 digits, with the NUL */
#define DIGEST_TEXT_SIZE (7 + OBJECT_ID_HEX_SIZE)

struct digest_text {
	char text[DIGEST_TEXT_SIZE];
};

/* By value, so that it can stand inside a call: digest_text(&id).text */
struct digest_text digest_text(const struct object_id *digest);
/* -EINVAL when it is no digest, -EOPNOTSUPP when it is one of another kind than sha256. */
int digest_parse(const char *text, struct object_id *ret, struct error *err);

/* All zero is an empty one. */
struct descriptor {
	char *media_type;
	struct object_id digest;
	uint64_t size;
	struct string_map annotations;
	struct platform platform; /* all zero: not said */
};

static inline bool descriptor_has_platform(const struct descriptor *descriptor)
{
	return *descriptor->platform.os || *descriptor->platform.architecture;
}

void descriptor_set(struct descriptor *descriptor, const char *media_type,
		    const struct object_id *digest, uint64_t size);
void descriptor_copy(struct descriptor *ret, const struct descriptor *from);
/* `ret` is empty before. */
int descriptor_read(const struct json_value *value, struct descriptor *ret, struct error *err);
/* As a member called `key`, or (NULL) an item. */
void descriptor_write(struct json_writer *writer, const char *key,
		      const struct descriptor *descriptor);
void descriptor_release(struct descriptor *descriptor);
DEFINE_CLEANUP_VALUE(struct descriptor, descriptor_release);
