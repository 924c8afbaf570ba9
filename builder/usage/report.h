/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes room in a store, in things that people know: images, pins, caches, states of steps,
 * images without a tag, layers kept for exports, journals. Each takes what nothing in front of it in the report does, so
 * that all together are the whole.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct history;
struct store;

enum usage_type {
	USAGE_IMAGE,
	USAGE_PIN,
	USAGE_CACHE,  /* all versions of one */
	USAGE_STATE,  /* of a step, to be found again */
	USAGE_FAILED, /* of a step that failed */
	/* An image with no name but that of its digest: its tag has moved, or it never had one. */
	USAGE_DANGLING,
	USAGE_LAYERS,  /* all that are kept as they were written */
	USAGE_JOURNAL, /* all of them */
	USAGE_TYPE_COUNT,
};

struct usage_record {
	enum usage_type type;
	struct object_id id; /* of a state, or of a cache's newest version; else zero */
	struct object_id parent;
	char *name; /* of an image, pin or cache, or of the step; "" when not known */
	uint64_t size;
	int64_t created_s, used_s; /* since 1970; 0: not known */
	uint64_t use_count;
	unsigned depth; /* of a state: how many it was made from, one after another */
	bool shared;    /* an image or a pin needs it, too */
	bool in_use;    /* a build that is running holds it */
};

/* All zero is an empty one. In the order of their types, states by when they were made. */
struct usage_report {
	struct usage_record *items;
	size_t count, capacity;
	uint64_t held;    /* by running builds, and by nothing else */
	uint64_t garbage; /* that nothing refers to */
	uint64_t total;
};

/* `history` may be NULL: when states were used is not known then. */
int usage_report_make(struct store *store, struct history *history, struct usage_report *ret,
		      struct error *err);
void usage_report_release(struct usage_report *report);
DEFINE_CLEANUP_VALUE(struct usage_report, usage_report_release);

/* "image", "cache", "state"… */
const char *usage_type_name(enum usage_type type);
/* What a plain prune may take: nothing that is named, shared or in use. */
bool usage_is_reclaimable(const struct usage_record *record);
