/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files that deal with the names of images. */
#pragma once

#include "builder/image/image_store.h"
#include "builder/image/reference.h"
#include "fs/store/refs.h"

#define TAG_PREFIX "tag/"

DEFINE_CLEANUP_VALUE(struct ref_list, ref_list_release);

/* "docker.io/library/debian:12", the name that stands in the ref: a digest makes a tag needless. */
int image_key(const char *name, char **ret, struct error *err);
/* Is this the ref of that name, for whatever platform? */
bool image_key_has(const char *key, const char *ref_name);
/* The platform to compare with others: normalised. */
struct platform image_platform(const struct config *config);
/* The digest that is known for `snapshot` in the repository of `key`: 1 and *ret, or 0. */
int image_known_digest(const struct ref_list *refs, const char *key,
		       const struct object_id *snapshot, struct object_id *ret);
