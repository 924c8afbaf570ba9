/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache: a named tree that outlives builds, of which every successful use makes a new version.
 * Versions are refs, "cache/HASH/NUMBER" with the SHA-256 of the cache's id, so an id may hold
 * anything. Below `<store>/caches/HASH/` lie the id itself, the queue of those who want to use it,
 * and the socket of the server while it is shared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/base/strings.h"
#include "fs/object/id.h"

struct cache;
struct error;
struct store;
struct store_lease;

#define CACHE_ID_MAX 4096

/* The cache of this id, made when there is none. */
int cache_open(struct store *store, const char *id, struct cache **ret, struct error *err);
void cache_close(struct cache *cache);
DEFINE_CLEANUP(struct cache *, cache_close);

const char *cache_id(const struct cache *cache);
/* Its directory. */
int cache_dir_fd(const struct cache *cache);
/* A name for its mount, and where its server listens, a path below the store. */
const char *cache_mount_name(const struct cache *cache);
const char *cache_socket(const struct cache *cache);
/* Held while the server is being started or ended; closing the descriptor lets go. */
int cache_lock_server(struct cache *cache, int *ret_fd, struct error *err);

struct cache_version {
	struct object_id snapshot;
	uint64_t number; /* from 1 */
	int64_t time_s;
};

/* 1 and the newest version, or 0 when there is none yet. */
int cache_newest(struct cache *cache, struct cache_version *ret, struct error *err);
/* All of them, oldest first; the caller frees *ret. */
int cache_versions(struct cache *cache, struct cache_version **ret, size_t *ret_count,
		   struct error *err);
/* The ref of a version; the caller frees. */
char *cache_ref(const struct cache *cache, uint64_t number);
/* Forget all but the newest `keep`. */
int cache_trim(struct cache *cache, size_t keep, struct error *err);

/* ---- keeping house: cache_upkeep.c ---- */

/* Somebody uses it now; to be called by who has his turn. */
int cache_touch(struct cache *cache, struct error *err);
/* When that was last, in seconds since 1970. */
int64_t cache_used_s(const struct cache *cache);
/* Forget one version, or (number 0) all of them, and then the cache is no more. -EBUSY when it is in
 * use; -ENOENT for a version that there is not. */
int cache_remove(struct cache *cache, uint64_t number, struct error *err);
/* Make what it was in version `number` its newest one. -EBUSY, -ENOENT. */
int cache_roll_back(struct cache *cache, struct store_lease *lease, uint64_t number,
		    struct cache_version *ret, struct error *err);

/* Ids of all caches of the store, sorted. */
int cache_list(struct store *store, struct strings *ret, struct error *err);
