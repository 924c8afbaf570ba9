/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/solve/job.h"

#include "builder/solve/key_lock.h"
#include "fs/base/error.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

void job_init(struct job *job, struct step_env *env, const struct vertex *vertex,
	      const struct step_result *results, struct step_output *output)
{
	*job = (struct job){ 0 };
	job->task = (struct step_task){ .env = env,
					.vertex = vertex,
					.inputs = { .results = results },
					.output = output,
					.parts = &job->parts,
					.parent = { .root = tree_root_empty() } };
	if (vertex->parent)
		job->task.parent = results[vertex->parent->index];
}

void job_release(struct job *job)
{
	buf_release(&job->parts);
}

/* ---- what has been done before ---- */

/* Use the state of a record: 1, or 0 when it is gone or damaged, which is no worse than a miss. */
static int use_record(struct job *job, const struct step_record *record, struct step_result *ret)
{
	struct step_env *env = job->task.env;
	struct snapshot_record snapshot;

	if (store_lease_hold(env->lease, &record->snapshot, NULL) < 0 ||
	    snapshot_load(env->store, &record->snapshot, &snapshot, NULL) < 0)
		return 0;
	*ret = (struct step_result){ .key = job->keys.definition,
				     .snapshot = record->snapshot,
				     .root = snapshot.root,
				     .cost_ms = record->cost_ms,
				     .done = true };
	return 1;
}

static int find(struct job *job, const struct object_id *key, struct step_result *ret,
		struct error *err)
{
	struct step_record record;
	int r = store_step_find(job->task.env->store, key, &record, err);

	return r <= 0 ? r : use_record(job, &record, ret);
}

/* The same result under another key, so that it is found at once next time. */
static int record_key(struct job *job, const struct step_result *result, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct step_record record = { .key = job->keys.definition,
				      .snapshot = result->snapshot,
				      .created_s = step_env_time(job->task.env),
				      .cost_ms = result->cost_ms };
	int r = store_txn_begin(job->task.env->store, job->task.env->lease, &txn, err);

	if (r < 0)
		return r;
	store_txn_add_step(txn, &record);
	return store_txn_commit(txn, err);
}

/* 1 and *ret when there is a result already, by either key. */
static int look_up(struct job *job, const struct object_id *operation, struct step_result *ret,
		   struct error *err)
{
	int r;

	if (job->task.vertex->no_cache)
		return 0;
	r = find(job, &job->keys.definition, ret, err);
	if (r != 0)
		return r;
	if (object_id_is_zero(&job->keys.content)) {
		r = step_content_key(&job->task, operation, &job->keys.content, err);
		if (r < 0)
			return r;
	}
	r = find(job, &job->keys.content, ret, err);
	if (r <= 0)
		return r;
	r = record_key(job, ret, err);
	return r < 0 ? r : 1;
}

static void say_waiting(void *context)
{
	struct job *job = context;

	job->task.output->status(job->task.output,
				 "waiting for another build that is doing this step", 0, 0, false,
				 false);
}

/* ---- one vertex ---- */

static bool is_stored_image(const struct vertex *vertex)
{
	return vertex->kind == VERTEX_BASE && !object_id_is_zero(&vertex->base.snapshot);
}

static int do_locked(struct job *job, const struct object_id *operation, struct step_result *ret,
		     bool *ret_cached, struct error *err)
{
	struct step_env *env = job->task.env;
	int lock_fd, r;

	r = key_lock_take(env->store, &job->keys.definition, env->cancel_fd, say_waiting, job,
			  &lock_fd, err);
	if (r < 0)
		return r;
	/* Whoever had the lock may have done it. */
	r = look_up(job, operation, ret, err);
	if (r > 0) {
		*ret_cached = true;
		r = 0;
	} else if (r == 0) {
		r = step_do(&job->task, &job->keys, ret, err);
	}
	key_lock_free(env->store, &job->keys.definition, lock_fd);
	return r;
}

int job_run(struct job *job, struct step_result *ret, bool *ret_cached, struct error *err)
{
	struct object_id operation;
	int r = step_operation(&job->task, &operation, err);

	if (r < 0)
		return r;
	job->keys.definition = step_definition_key(&operation, &job->task.parent);
	if (is_stored_image(job->task.vertex)) {
		*ret_cached = true;
		return step_do(&job->task, &job->keys, ret, err);
	}
	r = look_up(job, &operation, ret, err);
	if (r < 0)
		return r;
	if (r > 0) {
		*ret_cached = true;
		return 0;
	}
	return do_locked(job, &operation, ret, ret_cached, err);
}
