/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at everything a store holds, and saying what is wrong with it and what to do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/strings.h"

struct error;
struct store;

struct fsck_options {
	bool fast;   /* check sums of frames only, do not hash every object */
	bool repair; /* put damaged objects aside and drop the names that need them */
};

struct fsck_report {
	uint64_t objects, packs, refs, steps;
	uint64_t bytes;           /* read */
	struct strings problems;  /* a line each: the object, what is wrong, what it means */
	struct strings leftovers; /* harmless: remains of killed processes, and how they go away */
};

/* 0 when the check could be made; whether all is well is in the report, which the caller releases. */
int store_fsck(struct store *store, const struct fsck_options *options, struct fsck_report *ret,
	       struct error *err);
void fsck_report_release(struct fsck_report *report);
