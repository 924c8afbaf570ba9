/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/solve/job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "builder/cache/cache_import.h"
#include "builder/step/pool.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"

/* ---- what it says, and whom it listens to ---- */

static struct job *job_of(struct step_output *output)
{
	return (struct job *)((char *)output - offsetof(struct job, output));
}

static void say_log(struct step_output *output, int stream, const void *data, size_t size)
{
	struct job *job = job_of(output);

	job->own->log(job->own, stream, data, size);
	live_log_add(&job->live, stream, data, size);
}

static void say_status(struct step_output *output, const char *id, uint64_t current, uint64_t total,
		       bool bytes, bool complete)
{
	struct job *job = job_of(output);

	job->own->status(job->own, id, current, total, bytes, complete);
}

/* A line that says whom it waits for; NULL: nobody. */
static void wait_for(struct job *job, char *line)
{
	if (job->waiting_for)
		job->own->status(job->own, job->waiting_for, 0, 0, false, true);
	free(job->waiting_for);
	job->waiting_for = line;
	if (line)
		job->own->status(job->own, line, 0, 0, false, false);
}

/* Equal steps of one build, and of those it shares its display with, are shown once. */
static bool is_own(const struct job *job)
{
	return job->reader.label && step_pool_has_build(job->task.env->pool, job->reader.label);
}

static void other_began(void *context, const char *label)
{
	struct job *job = context;

	wait_for(job, is_own(job) ? xstrdup("waiting for the same step of another stage")
				  : xasprintf("attached to %s, which is doing this step", label));
}

static void other_said(void *context, int stream, const void *data, size_t size)
{
	struct job *job = context;

	if (!is_own(job))
		job->own->log(job->own, stream, data, size);
	job->shown = true;
}

static void listen_to_other(struct key_waiter *waiter, int fd)
{
	struct job *job = (struct job *)((char *)waiter - offsetof(struct job, waiter));

	if (!job->placeless)
		step_pool_leave(job->task.env->pool);
	job->placeless = true;
	live_reader_follow(&job->reader, fd);
}

void job_init(struct job *job, struct step_env *env, const struct vertex *vertex,
	      const struct step_result *results, struct step_output *output)
{
	*job = (struct job){
		.output = { .log = say_log, .status = say_status },
		.own = output,
		.live = { .fd = -1 },
		.waiter = { .cancel_fd = env->cancel_fd, .waiting = listen_to_other },
		.reader = { .fd = -1, .context = job, .began = other_began, .log = other_said }
	};
	job->task = (struct step_task){ .env = env,
					.vertex = vertex,
					.inputs = { .results = results },
					.output = &job->output,
					.parts = &job->parts,
					.parent = { .root = tree_root_empty() } };
	if (vertex->parent)
		job->task.parent = results[vertex->parent->index];
}

void job_release(struct job *job)
{
	live_reader_finish(&job->reader);
	wait_for(job, NULL);
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

/* What others have done becomes ours. */
static int find_imported(struct job *job, const struct object_id *key, struct step_record *ret,
			 struct error *err)
{
	struct step_env *env = job->task.env;
	cleanup_free char *problem = NULL;
	cleanup_with(buf_release) struct buf config = { 0 };
	const struct cache_wanted wanted = {
		.store = env->store, .lease = env->lease, .key = key, .config = &config
	};
	int r = step_config(&job->task, &config, err);

	if (r == 0)
		r = cache_import_find(env->imported, &wanted, ret, &problem, err);
	if (problem && env->warn)
		env->warn(env->warn_context, problem);
	return r;
}

static int find(struct job *job, const struct object_id *key, bool imported,
		struct step_record *ret_record, struct step_result *ret, struct error *err)
{
	int r = imported ? find_imported(job, key, ret_record, err)
			 : store_step_find(job->task.env->store, key, ret_record, err);

	return r <= 0 ? r : use_record(job, ret_record, ret);
}

/* The same result under another key, so that it is found at once next time. */
static int record_key(struct job *job, const struct step_record *found, struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct step_record record = { .key = job->keys.definition,
				      .snapshot = found->snapshot,
				      .created_s = step_env_time(job->task.env),
				      .cost_ms = found->cost_ms,
				      .flags = found->flags };
	int r = store_txn_begin(job->task.env->store, job->task.env->lease, &txn, err);

	if (r < 0)
		return r;
	store_txn_add_step(txn, &record);
	return store_txn_commit(txn, err);
}

static int need_content_key(struct job *job, const struct object_id *operation, struct error *err)
{
	return object_id_is_zero(&job->keys.content)
		       ? step_content_key(&job->task, operation, &job->keys.content, err)
		       : 0;
}

/* By either key. */
static int find_by_keys(struct job *job, const struct object_id *operation, bool imported,
			struct step_result *ret, struct error *err)
{
	struct step_record record;
	int r = find(job, &job->keys.definition, imported, &record, ret, err);

	if (r != 0)
		return r;
	r = need_content_key(job, operation, err);
	if (r < 0)
		return r;
	r = find(job, &job->keys.content, imported, &record, ret, err);
	if (r <= 0)
		return r;
	r = record_key(job, &record, err);
	return r < 0 ? r : 1;
}

/* Anew is once: what another stage or target has done since is found again. */
static bool is_anew(const struct job *job)
{
	return job->task.vertex->no_cache &&
	       !step_pool_is_done(job->task.env->pool, &job->keys.definition);
}

/* 1 and *ret when there is a result already: here, or else where --cache-from leads. */
static int look_up(struct job *job, const struct object_id *operation, struct step_result *ret,
		   struct error *err)
{
	int r;

	if (is_anew(job))
		return 0;
	r = find_by_keys(job, operation, false, ret, err);
	if (r == 0 && job->task.env->imported)
		r = find_by_keys(job, operation, true, ret, err);
	return r;
}

/* Has this layer been made on another parent? */
static int is_known_layer(struct job *job, struct error *err)
{
	struct step_record record;

	if (job->task.vertex->no_cache || object_id_is_zero(&job->keys.linked))
		return 0;
	return store_step_find(job->task.env->store, &job->keys.linked, &record, err);
}

/* ---- one vertex ---- */

static bool is_stored_image(const struct vertex *vertex)
{
	return vertex->kind == VERTEX_BASE && !object_id_is_zero(&vertex->base.snapshot);
}

/* Who has the key may wait: those that have the places wait for no key. */
static int return_to_place(struct job *job, struct error *err)
{
	struct step_env *env = job->task.env;
	int r = job->placeless ? step_pool_enter(env->pool, env->cancel_fd, err) : 0;

	if (r == 0)
		job->placeless = false;
	return r;
}

static int do_locked(struct job *job, const struct object_id *operation, struct step_result *ret,
		     bool *ret_cached, struct error *err)
{
	struct step_env *env = job->task.env;
	int lock_fd, r;

	r = key_lock_take(env->store, &job->keys.definition, &job->waiter, &lock_fd, err);
	live_reader_finish(&job->reader);
	wait_for(job, NULL);
	if (r < 0)
		return r;
	r = return_to_place(job, err);
	if (r < 0) {
		key_lock_free(env->store, &job->keys.definition, lock_fd);
		return r;
	}
	live_log_begin(&job->live, lock_fd, env->build_label);
	/* Whoever had the lock may have done it. */
	r = look_up(job, operation, ret, err);
	if (r == 0 && !job->task.vertex->no_cache)
		r = step_find_traced(&job->task, &job->keys, ret, err);
	if (r > 0) {
		*ret_cached = true;
		r = 0;
	} else if (r == 0) {
		r = is_known_layer(job, err);
		*ret_cached = r > 0;
		if (r >= 0)
			r = step_do(&job->task, &job->keys, ret, err);
		if (r == 0)
			step_pool_add_done(env->pool, &job->keys.definition);
	}
	job->live.fd = -1;
	key_lock_free(env->store, &job->keys.definition, lock_fd);
	return r;
}

static int find_or_do(struct job *job, const struct object_id *operation, struct step_result *ret,
		      bool *ret_cached, struct error *err)
{
	int r;

	job->keys.definition = step_definition_key(operation, &job->task.parent);
	job->keys.linked = step_linked_key(&job->task, operation);
	if (is_stored_image(job->task.vertex)) {
		*ret_cached = true;
		return step_do(&job->task, &job->keys, ret, err);
	}
	r = look_up(job, operation, ret, err);
	if (r < 0)
		return r;
	if (r > 0) {
		*ret_cached = true;
		return 0;
	}
	return do_locked(job, operation, ret, ret_cached, err);
}

int job_run(struct job *job, struct step_result *ret, bool *ret_cached, struct error *err)
{
	struct object_id operation;
	int r = step_operation(&job->task, &operation, err);

	if (r == 0)
		r = find_or_do(job, &operation, ret, ret_cached, err);
	if (r == 0 && job->task.env->want_content_keys && job->task.vertex->kind != VERTEX_BASE) {
		r = need_content_key(job, &operation, err);
		ret->content = job->keys.content;
	}
	if (r == 0 && *ret_cached && job->task.env->replay && !job->shown)
		step_replay(&job->task, &ret->snapshot);
	return r;
}
