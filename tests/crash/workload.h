/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that commit random states made of shared objects, for tests that get in their way. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/store/store.h"

struct worker {
	unsigned number;
	uint64_t random;
	struct store *store;
	struct store_lease *lease;
	uint64_t commits;
	bool joined;
};

/* Open the store and begin a lease; ends the process with a message when that fails. */
void worker_begin(struct worker *worker, const char *path, unsigned number);
/* The same with a store that others use as well, and that stays theirs. */
void worker_join(struct worker *worker, struct store *store, unsigned number);
/* One commit: some of a few hundred objects that everybody uses, in directories that everybody may
 * make, under a ref and a step of few; old ones are replaced and removed on the way. 0 or what failed. */
int worker_commit(struct worker *worker, struct error *err);
/* One collection, or none when another process is at it. */
int worker_collect(struct worker *worker, struct error *err);
void worker_end(struct worker *worker);

uint64_t worker_random(struct worker *worker, uint64_t below);

/* Check everything; the number of problems, each printed. */
size_t store_problems(const char *path);
/* How many refs there are, and steps. */
size_t store_names(const char *path);
