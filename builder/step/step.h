/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying out one vertex of a plan: inputs in, state out. What a step is made of decides its
 * operation digest; with what it starts from, that makes the keys under which its result is found
 * again.
 */
#pragma once

#include "builder/plan/vertex.h"
#include "builder/step/step_env.h"
#include "fs/object/snapshot_record.h"

struct error;

/* What a vertex has led to. All zero with an empty root: an empty tree, of scratch. */
struct step_result {
	struct object_id key;      /* by definition: from the base on, all operations */
	struct object_id content;  /* by what its parent holds; zero: not asked for */
	struct object_id snapshot; /* zero: an empty tree */
	struct tree_root root;
	uint32_t cost_ms; /* what it took when it was done, for one that was found again */
	bool done;
};

/* Results of all vertices, by their index; those of a vertex's inputs are there. */
struct step_inputs {
	const struct step_result *results;
};

/* What a vertex says about itself while it works. */
struct step_output {
	void (*log)(struct step_output *output, int stream, const void *data, size_t size);
	void (*status)(struct step_output *output, const char *id, uint64_t current, uint64_t total,
		       bool bytes, bool complete);
};

struct step_task {
	struct step_env *env;
	const struct vertex *vertex;
	struct step_inputs inputs;
	struct step_output *output;
	struct step_result parent; /* of vertex->parent, or an empty tree */
	/* Gets what step_operation() finds the step to be made of, names and values by turns as
	 * wire_put_string() writes them: for people. NULL: nobody wants to know. */
	struct buf *parts;
};

/* Digest of everything that this step is, but for what it starts from. */
int step_operation(struct step_task *task, struct object_id *ret, struct error *err);

/* The keys: from the operation and the parent's key, or from what the parent holds. */
struct object_id step_definition_key(const struct object_id *operation,
				     const struct step_result *parent);
int step_content_key(struct step_task *task, const struct object_id *operation,
		     struct object_id *ret, struct error *err);
/* Of COPY --link and ADD --link, from the operation alone: a layer that is known need but be laid
 * over another parent. Zero for all else. */
struct object_id step_linked_key(const struct step_task *task, const struct object_id *operation);

/* The configuration of an image that would end with this step. */
int step_config(const struct step_task *task, struct buf *ret, struct error *err);

/* What a step is recorded under, and how it went. */
struct step_keys {
	struct object_id definition;
	struct object_id content; /* zero: not known */
	struct object_id linked;  /* zero: it is no copy that is a layer of its own */
};

/* A part of those of struct step_task that is no part of a key: what was other than an earlier RUN
 * had seen it, so that it had to run. */
#define STEP_PART_SEEN "seen by an earlier run"

/*
 * With env->precise, of a RUN: a result that was made with other files, of which it had looked at
 * none that differs; what it did is done with the parent's. 1 and *ret, committed under the keys; 0.
 */
int step_find_traced(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
		     struct error *err);

/*
 * Do it. 0 and *ret, whose state has been committed under the keys; -ECANCELED; or an error with
 * words for the user. A RUN that fails leaves a state as well: `ret->snapshot` is set then.
 */
int step_do(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
	    struct error *err);

/* Say again what the step that led to this snapshot printed, if that is known. */
void step_replay(const struct step_task *task, const struct object_id *snapshot);
