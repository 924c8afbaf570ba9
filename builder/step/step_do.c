/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/context/context.h"
#include "builder/history/output_log.h"
#include "builder/image/config.h"
#include "builder/plan/config_chain.h"
#include "builder/step/copy_files.h"
#include "builder/step/mode_change.h"
#include "builder/step/note.h"
#include "builder/step/remote_files.h"
#include "builder/step/step_internal.h"
#include "builder/step/step_source.h"
#include "builder/step/users.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/store/store.h"
#include "fs/tree/edit.h"

struct node_time step_now(const struct step_env *env)
{
	int64_t ns = clock_realtime_ns();

	if (env->created_s >= 0)
		return (struct node_time){ env->created_s, 0 };
	return (struct node_time){ ns / 1000000000, (uint32_t)(ns % 1000000000) };
}

int step_config(const struct step_task *task, struct buf *ret, struct error *err)
{
	cleanup_with(config_release) struct config config = { 0 };
	int r = config_chain_make(task->vertex->config, &config, err);

	if (r == 0)
		config_write(&config, ret);
	return r;
}

void step_intent(const struct step_task *task, const struct step_keys *keys, unsigned flags,
		 uint64_t started_ns, const struct buf *config, struct snapshot_intent *ret)
{
	uint64_t cost_ms = (clock_monotonic_ns() - started_ns) / 1000000;
	int64_t created_s = step_env_time(task->env);
	const struct object_id *all[] = { &keys->definition, &keys->content, &keys->linked };

	*ret = (struct snapshot_intent){ .parent = task->parent.snapshot,
					 .step = keys->definition,
					 .created_s = created_s,
					 .config = config->data,
					 .config_size = config->length };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (object_id_is_zero(all[i]))
			continue;
		ret->steps[ret->step_count++] =
			(struct step_record){ .key = *all[i],
					      .created_s = created_s,
					      .cost_ms = cost_ms > UINT32_MAX ? UINT32_MAX
									      : (uint32_t)cost_ms,
					      .flags = flags };
	}
}

static struct tree *open_parent(const struct step_task *task)
{
	const struct tree_root *root = &task->parent.root;

	return tree_open(task->env->store, object_id_is_zero(&root->dir) ? NULL : root);
}

/* Of a step that prints nothing. */
static void write_journal(const struct step_task *task, const struct step_keys *keys,
			  const struct object_id *snapshot)
{
	cleanup_with(output_log_free) struct output_log *journal =
		step_journal_begin(task, keys, NULL);

	step_journal_finish(task, journal, snapshot);
}

int step_commit_tree(struct step_task *task, struct tree *tree, struct store_txn *txn,
		     const struct step_keys *keys, unsigned flags, uint64_t started_ns,
		     struct step_result *ret, struct error *err)
{
	cleanup_free char *lease = strdup(store_lease_name(task->env->lease));
	cleanup_with(buf_release) struct buf config = { 0 };
	struct snapshot_intent intent;
	struct snapshot_result result;
	int r = step_config(task, &config, err);

	if (r < 0)
		return r;
	step_intent(task, keys, flags, started_ns, &config, &intent);
	intent.hold = lease;
	r = snapshot_commit_txn(tree, txn, &intent, &result, err);
	if (r < 0)
		return r;
	ret->root = result.root;
	ret->snapshot = result.id;
	return 0;
}

static int commit_tree(struct step_task *task, struct tree *tree, struct store_txn *txn,
		       const struct step_keys *keys, uint64_t started_ns, struct step_result *ret,
		       struct error *err)
{
	int r = step_commit_tree(task, tree, txn, keys, 0, started_ns, ret, err);

	if (r == 0)
		write_journal(task, keys, &ret->snapshot);
	return r;
}

/* ---- FROM ---- */

/* The image is there already; only its place among the steps is new. */
static int do_image(struct step_task *task, struct step_result *ret, struct error *err)
{
	const struct object_id *id = &task->vertex->base.snapshot;
	struct snapshot_record record;
	int r = store_lease_hold(task->env->lease, id, err);

	if (r == 0)
		r = snapshot_load(task->env->store, id, &record, err);
	if (r < 0)
		return r;
	ret->snapshot = *id;
	ret->root = record.root;
	return 0;
}

/* FROM a directory of the host: the tree is copied, whole. */
static int do_directory(struct step_task *task, const struct step_keys *keys,
			struct step_result *ret, struct error *err)
{
	struct copy_work work = { .source = task->vertex->base.source,
				  .destination = "/",
				  .destination_is_dir = true,
				  .unpack = 0 };
	cleanup_with(step_source_close) struct step_source source = { 0 };
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(tree_close) struct tree *tree = tree_open(task->env->store, NULL);
	struct copy_job job = { .work = &work, .now = step_now(task->env) };
	uint64_t started_ns = clock_monotonic_ns();
	int r = step_source_open(task, &work.source, &source, err);

	strings_add(&work.sources, "/");
	if (r == 0)
		r = store_txn_begin(task->env->store, task->env->lease, &txn, err);
	job.source = source.source;
	job.txn = txn;
	if (r == 0)
		r = copy_files(&job, tree, err);
	if (r == 0)
		r = commit_tree(task, tree, txn, keys, started_ns, ret, err);
	strings_release(&work.sources);
	return r;
}

/* ---- WORKDIR ---- */

static int do_workdir(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
		      struct error *err)
{
	const struct workdir_work *work = &task->vertex->workdir;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(tree_close) struct tree *tree = open_parent(task);
	struct tree_attr attr = { .mode = 0755, .mtime = step_now(task->env) };
	uint64_t started_ns = clock_monotonic_ns();
	struct node *dir;
	int r = 0;

	if (work->user && *work->user)
		r = owner_find(tree, work->user, &attr.uid, &attr.gid, err);
	if (r == 0)
		r = tree_make_dirs(tree, work->path, &attr, &dir, err);
	if (r == 0)
		r = store_txn_begin(task->env->store, task->env->lease, &txn, err);
	return r < 0 ? r : commit_tree(task, tree, txn, keys, started_ns, ret, err);
}

/* ---- COPY ---- */

/* --link: the files are laid over the state as a layer of its own would be. */
static int copy_linked(struct step_task *task, const struct copy_job *job, struct tree *tree,
		       struct error *err)
{
	struct tree_copier copier = { .replace_types = true };
	cleanup_with(tree_close) struct tree *layer = tree_open(task->env->store, NULL);
	int r = copy_files(job, layer, err);

	return r < 0 ? r
		     : tree_copy_children(tree, tree_root_node(tree), layer, tree_root_node(layer),
					  &copier, err);
}

static int do_copy(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
		   struct error *err)
{
	const struct copy_work *work = &task->vertex->copy;
	cleanup_with(step_source_close) struct step_source source = { 0 };
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(mode_change_free) struct mode_change *mode = NULL;
	cleanup_with(tree_close) struct tree *tree = open_parent(task);
	struct copy_job job = { .work = work,
				.now = step_now(task->env),
				.cancel_fd = &task->env->cancel_fd };
	uint64_t started_ns = clock_monotonic_ns();
	cleanup_free struct copy_remote *remotes = NULL;
	int r = 0;

	if (remote_files_any(work))
		r = remote_files_fetch(task, &remotes, err);
	job.remotes = remotes;
	if (r == 0 && work->chmod)
		r = mode_change_parse(work->chmod, &mode, err);
	if (r == 0 && work->chown) {
		job.owner.given = true;
		r = owner_find(tree, work->chown, &job.owner.uid, &job.owner.gid, err);
	}
	if (r == 0)
		r = step_source_open(task, &work->source, &source, err);
	if (r == 0)
		r = store_txn_begin(task->env->store, task->env->lease, &txn, err);
	if (r < 0)
		return r;
	job.source = source.source;
	job.mode = mode;
	job.txn = txn;
	if (work->add && work->unpack != 0)
		job.unpack = step_unpack;
	r = work->link && !work->chmod ? copy_linked(task, &job, tree, err)
				       : copy_files(&job, tree, err);
	return r < 0 ? r : commit_tree(task, tree, txn, keys, started_ns, ret, err);
}

int step_do(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
	    struct error *err)
{
	struct step_result result = { .key = keys->definition };
	int r = -EINVAL;

	switch (task->vertex->kind) {
	case VERTEX_BASE:
		r = object_id_is_zero(&task->vertex->base.snapshot)
			    ? do_directory(task, keys, &result, err)
			    : do_image(task, &result, err);
		break;
	case VERTEX_RUN:
		r = step_run(task, keys, &result, err);
		break;
	case VERTEX_COPY:
		r = do_copy(task, keys, &result, err);
		break;
	case VERTEX_WORKDIR:
		r = do_workdir(task, keys, &result, err);
		break;
	}
	result.done = r == 0;
	*ret = result;
	return r;
}
