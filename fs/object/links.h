/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of hard links of one tree: where every name of such a file stands, so that a change
 * through one name reaches the entries of the others without a walk over the tree. The object is
 * "OSLK", u32 count of groups, then ascending by id: u64 link id, u32 count of paths (at least 2),
 * and ascending: u16 length, path from the root without a leading slash.
 *
 * The id of a group is hash-like and reproducible: the first 8 bytes of the SHA-256 of its first
 * path in memcmp order, taken as a little-endian number.
 */
#pragma once

#include <stdint.h>

#include "fs/base/buf.h"
#include "fs/base/strings.h"

struct error;

struct link_group {
	uint64_t id;
	struct strings paths;
};

/* All zero is an empty set. */
struct links {
	struct link_group *groups;
	size_t count, capacity;
};

uint64_t links_id_of(const char *first_path);

/* The group, or NULL. */
struct link_group *links_find(const struct links *links, uint64_t id);
/* Add a path to the group, making it when there is none. Order does not matter. */
void links_add(struct links *links, uint64_t id, const char *path);
/* Forget a group. */
void links_remove(struct links *links, uint64_t id);
void links_release(struct links *links);
DEFINE_CLEANUP_VALUE(struct links, links_release);

/* Sorts `links` on the way. */
void links_encode(struct links *links, struct buf *ret);
int links_decode(const void *data, size_t size, struct links *ret, struct error *err);
