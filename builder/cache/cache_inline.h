/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image in a registry whose configuration says which steps its layers came from
 * (builder/image/config_steps.h), to be read. One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fs/base/cleanup.h"

struct buf;
struct descriptor;
struct error;
struct object_id;
struct platform;
struct repository;
struct step_record;
struct store;
struct store_lease;

struct cache_inline;

struct cache_inline_options {
	struct repository *repository; /* becomes the cache's, also when it cannot be opened */
	const struct descriptor *top;  /* of an image, or of an index of several */
	const struct buf *text;
	const struct platform *platforms; /* of an index, those of these */
	size_t platform_count;
};

/*
 * Its documents are fetched, layers are not. -ENODATA: no image has steps; -EOPNOTSUPP: they are
 * BuildKit's. -EINVAL, and what registry.h says.
 */
int cache_inline_open(const struct cache_inline_options *options, struct cache_inline **ret,
		      struct error *err);
void cache_inline_close(struct cache_inline *cache);
DEFINE_CLEANUP(struct cache_inline *, cache_inline_close);

bool cache_inline_find(const struct cache_inline *cache, const struct object_id *key);
/*
 * Put the layers that a step of this key led to into the store, as far as they are not there, and
 * the state of the step, which has the configuration `config`, under its key: *ret.
 */
int cache_inline_take(struct cache_inline *cache, const struct object_id *key, struct store *store,
		      struct store_lease *lease, const struct buf *config, struct step_record *ret,
		      struct error *err);
