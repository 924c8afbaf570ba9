/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder. */
#pragma once

#include "builder/step/copy_files.h"
#include "builder/step/step.h"
#include "fs/base/buf.h"
#include "fs/snapshot/snapshot.h"

/* The time that files made by the builder get. */
struct tree_attr;
struct node_time step_now(const struct step_env *env);

/* What is said of the state that this step makes; `config` holds the bytes it points to. */
void step_intent(const struct step_task *task, const struct step_keys *keys, unsigned flags,
		 uint64_t started_ns, const struct buf *config, struct snapshot_intent *ret);

/* Commit an edited tree together with what went into it, in the transaction. Nothing is said of it
 * in the journal. */
int step_commit_tree(struct step_task *task, struct tree *tree, struct store_txn *txn,
		     const struct step_keys *keys, unsigned flags, uint64_t started_ns,
		     struct step_result *ret, struct error *err);

/* step_operation.c: of a RUN, without what its mounts show. */
int step_operation_unbound(struct step_task *task, struct object_id *ret, struct error *err);

/* step_run.c */
int step_run(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
	     struct error *err);

/* unpack.c: copy_job.unpack for ADD */
int step_unpack(struct copy_job *job, struct node *archive, struct tree *target,
		const struct tree_attr *attr, struct error *err);
