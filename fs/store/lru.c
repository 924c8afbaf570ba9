/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/store/lru.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fs/base/alloc.h"

/* The caller's view of an entry comes first, so that one pointer is both. */
struct slot {
	struct lru_entry entry;
	unsigned char key[LRU_KEY_MAX];
	uint64_t used; /* when, counted in calls */
	unsigned pins;
	bool listed; /* in lru->slots: else it dies with its last pin */
};

struct lru {
	pthread_mutex_t lock; /* guards all below, and what the slots hold but for the values */
	struct slot **slots;
	size_t slot_count, capacity;
	size_t key_size;
	uint64_t clock;
	void (*free_value)(void *value);
};

struct lru *lru_new(size_t slots, size_t key_size, void (*free_value)(void *value))
{
	struct lru *lru = xcalloc(1, sizeof *lru);

	pthread_mutex_init(&lru->lock, NULL);
	lru->slots = xcalloc(slots, sizeof(struct slot *));
	lru->capacity = slots;
	lru->key_size = key_size;
	lru->free_value = free_value;
	return lru;
}

static void free_slot(const struct lru *lru, struct slot *slot)
{
	if (!slot)
		return;
	lru->free_value(slot->entry.value);
	free(slot);
}

void lru_free(struct lru *lru)
{
	if (!lru)
		return;
	for (size_t i = 0; i < lru->slot_count; i++)
		free_slot(lru, lru->slots[i]);
	free(lru->slots);
	pthread_mutex_destroy(&lru->lock);
	free(lru);
}

/* A few dozen comparisons of short keys cost less than any table. Called under the lock. */
static struct slot *find(const struct lru *lru, const void *key)
{
	for (size_t i = 0; i < lru->slot_count; i++) {
		if (memcmp(lru->slots[i]->key, key, lru->key_size) == 0)
			return lru->slots[i];
	}
	return NULL;
}

static void pin(struct lru *lru, struct slot *slot)
{
	slot->pins++;
	slot->used = ++lru->clock;
}

struct lru_entry *lru_get(struct lru *lru, const void *key)
{
	struct slot *slot;

	pthread_mutex_lock(&lru->lock);
	slot = find(lru, key);
	if (slot)
		pin(lru, slot);
	pthread_mutex_unlock(&lru->lock);
	return slot ? &slot->entry : NULL;
}

/* Make a place for `slot`: what it pushes out, or the slot itself when everything is pinned. */
static struct slot *place(struct lru *lru, struct slot *slot)
{
	size_t oldest = lru->slot_count;
	struct slot *victim;

	if (lru->slot_count < lru->capacity) {
		slot->listed = true;
		lru->slots[lru->slot_count++] = slot;
		return NULL;
	}
	for (size_t i = 0; i < lru->slot_count; i++) {
		if (lru->slots[i]->pins == 0 &&
		    (oldest == lru->slot_count || lru->slots[i]->used < lru->slots[oldest]->used))
			oldest = i;
	}
	if (oldest == lru->slot_count)
		return NULL; /* unlisted: it dies with its last pin */
	victim = lru->slots[oldest];
	slot->listed = true;
	lru->slots[oldest] = slot;
	return victim;
}

struct lru_entry *lru_add(struct lru *lru, const void *key, void *value)
{
	struct slot *made = xcalloc(1, sizeof *made), *found, *unwanted;

	made->entry.value = value;
	memcpy(made->key, key, lru->key_size);
	pthread_mutex_lock(&lru->lock);
	found = find(lru, key);
	unwanted = found ? made : place(lru, made);
	if (!found)
		found = made;
	pin(lru, found);
	pthread_mutex_unlock(&lru->lock);
	free_slot(lru, unwanted);
	return &found->entry;
}

void lru_unpin(struct lru *lru, struct lru_entry *entry)
{
	struct slot *slot = (struct slot *)entry;
	bool dead;

	if (!entry)
		return;
	pthread_mutex_lock(&lru->lock);
	slot->pins--;
	dead = slot->pins == 0 && !slot->listed;
	pthread_mutex_unlock(&lru->lock);
	if (dead)
		free_slot(lru, slot);
}

void lru_clear(struct lru *lru)
{
	size_t dead_count = 0;
	struct slot **dead = xcalloc(lru->capacity, sizeof(struct slot *));

	pthread_mutex_lock(&lru->lock);
	for (size_t i = 0; i < lru->slot_count; i++) {
		lru->slots[i]->listed = false;
		if (lru->slots[i]->pins == 0)
			dead[dead_count++] = lru->slots[i];
	}
	lru->slot_count = 0;
	pthread_mutex_unlock(&lru->lock);
	for (size_t i = 0; i < dead_count; i++)
		free_slot(lru, dead[i]);
	free(dead);
}
