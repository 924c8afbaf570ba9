/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written layers, kept in the store's directory "layers/" so that exporting the same image again
 * costs nothing. An entry is two files: KEY.blob, the bytes as they were written, and KEY.json,
 * which is made last and says their digest, length, and the boot during which they were written.
 * What an earlier boot wrote may have been lost in a crash, and is hashed once before it is
 * trusted. Anybody may delete anything in there at any time.
 */
#pragma once

#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct layer_cache;
struct store;

struct cached_layer {
	struct object_id diff_id;
	uint64_t size; /* of the archive */
	struct object_id digest;
	uint64_t blob_size; /* as compressed */
};

/* -EROFS for a store that is open for reading only. */
int layer_cache_open(struct store *store, struct layer_cache **ret, struct error *err);
void layer_cache_close(struct layer_cache *cache);
DEFINE_CLEANUP(struct layer_cache *, layer_cache_close);

/* 1, *ret and the blob open for reading, or 0. */
int layer_cache_find(struct layer_cache *cache, const struct object_id *key,
		     struct cached_layer *ret, int *ret_fd, struct error *err);

/* A file for a blob that is to be written; it is gone when the entry is not kept. */
struct layer_entry;
int layer_entry_begin(struct layer_cache *cache, struct layer_entry **ret, struct error *err);
int layer_entry_fd(const struct layer_entry *entry);
/* Keep it under `key`. The descriptor stays open. */
int layer_entry_keep(struct layer_entry *entry, const struct object_id *key,
		     const struct cached_layer *layer, struct error *err);
void layer_entry_free(struct layer_entry *entry);
DEFINE_CLEANUP(struct layer_entry *, layer_entry_free);

/* Delete what was used least recently until at most `max_bytes` are left, and what killed processes
 * have left behind. *ret_freed (unless NULL) in bytes. */
int layer_cache_trim(struct layer_cache *cache, uint64_t max_bytes, uint64_t *ret_freed,
		     struct error *err);
