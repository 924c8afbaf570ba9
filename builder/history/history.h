/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builds of a store and the states of their steps, by the names people use for them. It is a
 * convenience: when the file is lost or damaged, it begins anew, and states can still be had by
 * their ids.
 *
 * A history belongs to one thread at a time; processes may write at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fs/base/cleanup.h"
#include "fs/object/id.h"

struct error;
struct history;
struct store;

#define HISTORY_BUILD_ID_SIZE 13 /* twelve letters and digits, and the NUL */

enum history_status {
	HISTORY_RUNNING = 0,
	HISTORY_DONE = 1,
	HISTORY_CACHED = 2, /* of a step */
	HISTORY_FAILED = 3,
	HISTORY_CANCELED = 4,
};

struct history_build {
	char *id;
	enum history_status status;
	int64_t started_ms, ended_ms;                       /* since 1970; 0: not yet */
	char *context, *dockerfile, *target, *tags, *error; /* "" when not known */
};

struct history_state {
	char *build;
	unsigned stage, step; /* from 0, from 1 */
	char *stage_label;    /* "build", "stage-1" */
	char *name;           /* "[build 2/5] RUN make" */
	struct object_id snapshot, parent;
	enum history_status status;
	int64_t started_ms;
	uint64_t duration_ms;
};

/* All zero are empty lists. */
struct history_builds {
	struct history_build *items;
	size_t count, capacity;
};
struct history_states {
	struct history_state *items;
	size_t count, capacity;
};

int history_open(struct store *store, struct history **ret, struct error *err);
void history_close(struct history *history);
DEFINE_CLEANUP(struct history *, history_close);

/* A fresh id of a build. */
void history_make_id(char ret[HISTORY_BUILD_ID_SIZE]);

/* Record a build that begins; its end; and a state that one of its steps has led to. */
int history_begin(struct history *history, const struct history_build *build, struct error *err);
int history_end(struct history *history, const struct history_build *build, struct error *err);
int history_add_state(struct history *history, const struct history_state *state,
		      struct error *err);

/* Builds, newest first, at most `limit`. */
int history_list(struct history *history, size_t limit, struct history_builds *ret,
		 struct error *err);
/* The build that `text` names: "last", "last-failed", an id or the beginning of just one. 1 found,
 * 0 not; -EEXIST when several begin like that. */
int history_find(struct history *history, const char *text, struct history_builds *ret,
		 struct error *err);
/* The states of a build, by stages and steps. */
int history_states(struct history *history, const char *build, struct history_states *ret,
		   struct error *err);
/* When states were used last, by any build, and in how many. */
struct history_use {
	struct object_id snapshot;
	int64_t used_ms; /* since 1970 */
	uint64_t count;
	char *name; /* of the step, as the last one called it */
};
struct history_uses {
	struct history_use *items; /* by ascending snapshot */
	size_t count, capacity;
};
int history_uses(struct history *history, struct history_uses *ret, struct error *err);
/* That of one snapshot, or NULL. */
const struct history_use *history_use_of(const struct history_uses *uses,
					 const struct object_id *snapshot);
void history_uses_release(struct history_uses *uses);
DEFINE_CLEANUP_VALUE(struct history_uses, history_uses_release);

/* Forget what the states were that the store has no more, and builds that have none left but those
 * they began with. */
int history_forget_lost(struct history *history, struct store *store, struct error *err);
/* Forget builds that ended before this time. */
int history_forget(struct history *history, int64_t before_ms, struct error *err);

void history_builds_release(struct history_builds *builds);
void history_states_release(struct history_states *states);
DEFINE_CLEANUP_VALUE(struct history_builds, history_builds_release);
DEFINE_CLEANUP_VALUE(struct history_states, history_states_release);
