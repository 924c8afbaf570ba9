/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How people name states:
 *
 *   BUILD[@STAGE][:STEP]   of a build: "last", "last-failed", its id or the beginning of it. STAGE
 *                          is a name or "stage-2", without it the target; STEP counts FROM as 1,
 *                          without it the stage's end, or where it failed. Of a build for
 *                          several platforms STAGE is "NAME+linux_arm64"; without the platform
 *                          the first one
 *   PIN                    the name of a pin, see 'varve pin'
 *   IMAGE[:TAG]            an image of the store
 *   ID                     of a snapshot, or the beginning of just one, at least four digits
 */
#pragma once

#include <stdbool.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct history;
struct store;

struct address {
	struct object_id snapshot;
	char *name; /* "k3v9x2@build:3", "debian:min", or the id */
	/* Of a build's state, else NULL and 0. */
	char *build, *stage;
	unsigned step;
	bool untouched; /* the step failed before it ran: the state is that of the step before */
};

/* -ENOENT with words for what there is instead; -EEXIST when it could be several. */
int address_find(struct store *store, struct history *history, const char *text,
		 struct address *ret, struct error *err);
void address_release(struct address *address);
DEFINE_CLEANUP_VALUE(struct address, address_release);
