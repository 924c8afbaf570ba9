/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for one's turn at a cache, among all threads and processes that want it: first come,
 * first served; those who share it may be there together. A ticket is a numbered file that its
 * owner holds locked, so one whose owner has died is nobody's.
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"

struct cache;
struct cache_ticket;
struct error;

enum cache_access { CACHE_ALONE, CACHE_TOGETHER };

struct cache_waiter {
	const char *label; /* who this is, for others who have to wait for it */
	/* Called when there is somebody to wait for, with his label, and again for each next one. */
	void (*waiting)(struct cache_waiter *waiter, const char *holder);
	/* Becomes readable when the wait is to be given up; -1: never. */
	int cancel_fd;
};

/* -ECANCELED when the waiter gave up. */
int cache_ticket_take(struct cache *cache, enum cache_access access, struct cache_waiter *waiter,
		      struct cache_ticket **ret, struct error *err);
void cache_ticket_free(struct cache_ticket *ticket);
DEFINE_CLEANUP(struct cache_ticket *, cache_ticket_free);
