/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small cache of things that are dear to make, by key. What is in use is pinned; of the rest
 * the least recently used makes room. Safe in threads; making a value is the caller's business
 * and happens outside of the lock, so that two threads may make the same one and one is dropped.
 */
#pragma once

#include <stddef.h>

#include "fs/base/cleanup.h"

#define LRU_KEY_MAX 32

struct lru;

struct lru_entry {
	void *value;
};

/* At most `slots` values are kept; keys have `key_size` bytes, up to LRU_KEY_MAX. */
struct lru *lru_new(size_t slots, size_t key_size, void (*free_value)(void *value));
/* Nothing may be pinned any more. */
void lru_free(struct lru *lru);

/* The entry, pinned, or NULL. */
struct lru_entry *lru_get(struct lru *lru, const void *key);
/* Add a value, which is the cache's from then on, and pin it. When another thread was faster the
 * value is freed and theirs returned. */
struct lru_entry *lru_add(struct lru *lru, const void *key, void *value);
void lru_unpin(struct lru *lru, struct lru_entry *entry);
/* Forget everything; pinned values live on until they are unpinned. */
void lru_clear(struct lru *lru);
