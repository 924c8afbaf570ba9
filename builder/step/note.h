/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of how a step came to run: its keys and what they were made of, and of a RUN
 * all that it takes to start another process where it ran. It goes into the journal of the state
 * that the step leaves, see builder/history/output_log.h.
 */
#pragma once

#include <stdbool.h>

#include "builder/dockerfile/run_mount.h"
#include "builder/step/step.h"
#include "fs/base/cleanup.h"

struct error;
struct run_mounts_in_use;

struct note_part {
	char *name, *value; /* "env PATH" */
};

struct note_mount {
	struct run_mount mount;
	struct object_id snapshot; /* what a bind showed `mount.source` of; zero: none */
};

/* All zero is an empty note. */
struct step_note {
	char *name; /* "[build 2/5] RUN make" */
	struct step_keys keys;
	struct object_id parent_key; /* of the step before; zero: none */
	struct note_part *parts;
	size_t part_count, part_capacity;

	/* Of a RUN. */
	bool is_run;
	struct strings argv, env;
	char *cwd, *user, *hostname; /* `hostname` NULL: the usual one */
	char *script_path, *script;
	size_t script_size;
	enum run_network network;
	enum run_security security;
	struct note_mount *mounts;
	size_t mount_count, mount_capacity;
};

/* Of a step that is being done; `mounts` are those of a RUN, which have been opened. */
void step_note_encode(const struct step_task *task, const struct step_keys *keys,
		      const struct run_mounts_in_use *mounts, struct buf *ret);
/* -EBADMSG when it is none. */
int step_note_decode(const void *data, size_t size, struct step_note *ret, struct error *err);
void step_note_release(struct step_note *note);
DEFINE_CLEANUP_VALUE(struct step_note, step_note_release);

/* The note on a state: 1, or 0 when there is none. */
int step_note_read(struct store *store, const struct object_id *snapshot, struct step_note *ret,
		   struct error *err);

/* Begin the journal of a step; NULL and a warning when that cannot be done, which stops no build. */
struct output_log;
struct output_log *step_journal_begin(const struct step_task *task, const struct step_keys *keys,
				      const struct run_mounts_in_use *mounts);
/* It has led to `snapshot`. NULL is fine. */
void step_journal_finish(const struct step_task *task, struct output_log *journal,
			 const struct object_id *snapshot);
