/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many objects being packed: small ones put together to frames in the order they come, blobs and
 * everything else apart. What comes out is one pack, or two when the blobs are more than a few MiB:
 * then collecting garbage need not rewrite them because a directory died. Belongs to one thread.
 */
#pragma once

#include <stdbool.h>

#include "fs/store/pack/index.h"

struct packer;
struct pack;
struct error;

/* Files are made below `tmp_fd`, which stays open, with names that begin with `prefix`. */
struct packer *packer_new(int tmp_fd, const char *prefix);
/* Removes unfinished files; finished ones are the caller's to move or to remove. */
void packer_free(struct packer *packer);
DEFINE_CLEANUP(struct packer *, packer_free);

/* The object as it was added, or NULL. */
const struct pack_object *packer_find(const struct packer *packer, const struct object_id *id);
/* Add an object that packer_find() does not know. */
int packer_add(struct packer *packer, enum object_kind kind, const struct object_id *id,
	       const void *data, size_t size, struct error *err);

/*
 * Take a frame over as it is. `entries` are the objects that it lists, with their offsets in it;
 * packer_find() knows none of them. `following` frames without objects of their own belong to the last one.
 */
int packer_add_frames(struct packer *packer, const struct pack *pack, uint32_t frame,
		      uint32_t following, const struct pack_index_entry *entries, size_t count,
		      struct error *err);

/* A finished pack: a file in the tmp directory, to be renamed to NAME.pk. */
struct packed {
	char file_name[64];
	char name[PACK_NAME_SIZE];
	uint64_t size;
};

/* Write everything: *ret_count files, none when nothing was added; blobs come first. */
int packer_finish(struct packer *packer, bool sync, struct packed ret[2], size_t *ret_count,
		  struct error *err);

/* How many objects were added. */
size_t packer_count(const struct packer *packer);
