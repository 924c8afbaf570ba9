/* SPDX-License-Identifier: Apache-2.0 */
/* One collection under way, from looking to the last deletion. */
#pragma once

#include "fs/base/strings.h"
#include "fs/store/gc.h"
#include "fs/store/gc/plan.h"

struct error;
struct marker;
struct packer;
struct store;
struct store_lease;

struct collector {
	struct store *store;
	struct store_lease *lease; /* for unfinished packs */
	struct marker *marker;
	struct gc_plan plan;
	struct strings doomed; /* names of packs */
	struct gc_stats stats;
	size_t next_loose; /* of the marker's list, to be looked at for deletion */
};

void collector_release(struct collector *collector);
DEFINE_CLEANUP_VALUE(struct collector, collector_release);

/* Without a lock: find out what lives, and which packs are to go. -EBADMSG when something is lost. */
int collector_look(struct collector *collector, struct error *err);
/* Without a lock: write the living objects of those packs into new ones. */
int collector_write_anew(struct collector *collector, struct error *err);
/* By the holder of the exclusive lock: find out what is in use by now. */
int collector_mark_again(struct collector *collector, struct error *err);
/* Finish, sync and publish what was packed. */
int collector_publish(struct collector *collector, struct packer *packer, struct error *err);

/* Take the exclusive lock and delete: 1 done, 0 so much has come into use since that it is better to look
 * again, which `last_round` rules out. */
int collector_sweep(struct collector *collector, bool last_round, struct error *err);
