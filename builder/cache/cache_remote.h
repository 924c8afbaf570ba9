/* SPDX-License-Identifier: Apache-2.0 */
/* A cache in a registry, to be read (cache_index.h). One thread at a time. */
#pragma once

#include <stdbool.h>

#include "builder/cache/cache_index.h"
#include "fs/base/cleanup.h"

struct buf;
struct error;
struct repository;
struct step_record;
struct store;
struct store_lease;

struct cache_remote;

/* The repository becomes its own, also when it cannot be opened. The configuration is fetched;
 * nothing else is before it is needed. Errors are those of registry.h and cache_manifest_parse(). */
int cache_remote_open(struct repository *repository, const struct buf *manifest, int cancel_fd,
		      struct cache_remote **ret, struct error *err);
void cache_remote_close(struct cache_remote *remote);
DEFINE_CLEANUP(struct cache_remote *, cache_remote_close);

/* True, *ret, and the group that has the step's state. */
bool cache_remote_find(const struct cache_remote *remote, const struct object_id *key,
		       struct step_record *ret, size_t *ret_group);
/* The group itself, and then those that it needs, small ones first. */
void cache_remote_order(struct cache_remote *remote, size_t group, struct positions *ret);
/*
 * Put what is in a group's own bundle into the store: 1, or 0 when that was done before; nothing
 * refers to it yet. -ENOENT: what it is made of is in a group that it needs.
 */
int cache_remote_take(struct cache_remote *remote, size_t group, struct store *store,
		      struct store_lease *lease, struct error *err);

/* What a tag or digest stands for, into an empty index. */
int cache_index_fetch(struct repository *repository, const char *name, struct cache_index *ret,
		      struct error *err);
