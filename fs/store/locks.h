/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may change a store when. Transactions hold the file `lock` shared, from before they look
 * whether an object is there until its names are published; whoever deletes holds it exclusively.
 * One passes through `gate` on the way, so that a stream of transactions cannot keep a collector
 * out. `gc.lock` is held by the one process that collects, puts packs together or repairs.
 *
 * Order: gc.lock, gate, lock. The kernel lets go of all of them when a process dies.
 *
 * gc.gen counts: it is raised by one before anything is deleted, and again when that is done. Who
 * gets the shared lock compares it, forgets what it knew of the directory, and when it is odd
 * finishes what a killed collector began.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct error;
struct store;

/* Open files of its own, so that a process may hold several. */
struct store_lock {
	int gate_fd, lock_fd; /* -1: not held */
	bool shared;
	pthread_t thread; /* that took it */
};

/* Shared, for a transaction. Waits while somebody deletes. */
int store_lock_shared(struct store *store, struct store_lock *ret, struct error *err);

/*
 * Exclusive, with the gate kept shut meanwhile. Waits for transactions under way, but lets new ones
 * through now and then while a long one lasts. Without `wait`: -EWOULDBLOCK when it is not free at once.
 * -EDEADLK when the calling thread has a transaction open.
 */
int store_lock_exclusive(struct store *store, bool wait, struct store_lock *ret, struct error *err);
void store_lock_release(struct store *store, struct store_lock *lock);

/* The one collector: a descriptor that holds gc.lock, or -EWOULDBLOCK without `wait`. */
int store_lock_collector(struct store *store, bool wait, int *ret_fd, struct error *err);

int store_generation_read(const struct store *store, uint64_t *ret, struct error *err);
/* By the holder of the exclusive lock only. */
int store_generation_write(const struct store *store, uint64_t value, struct error *err);
/* Raise it by two: for changes that others have to notice but that cannot be left half done. */
int store_generation_bump(const struct store *store, struct error *err);

/* Forget what is known of the store's directory, if the generation is another than last time. */
int store_notice_generation(struct store *store, uint64_t generation, struct error *err);
