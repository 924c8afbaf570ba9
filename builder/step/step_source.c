/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/step_source.h"

#include <errno.h>
#include <string.h>

#include "builder/context/context.h"
#include "builder/step/copy_select.h"
#include "builder/step/step_internal.h"
#include "fs/base/error.h"
#include "fs/snapshot/cache.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/content_digest.h"
#include "fs/tree/lookup.h"

static const struct given_files *find_context(const struct step_env *env, const char *name)
{
	static const struct given_files none;

	for (size_t i = 0; i < env->context_count; i++) {
		if (strcmp(env->contexts[i].name, name) == 0)
			return &env->contexts[i].files;
	}
	return &none;
}

static void open_stored(struct step_env *env, const struct tree_root *root, const char *name,
			struct step_source *ret)
{
	bool empty = object_id_is_zero(&root->dir);

	ret->root = *root;
	ret->own = tree_open(env->store, empty ? NULL : root);
	ret->source = (struct copy_source){ .tree = ret->own, .name = name };
}

static int open_context(struct step_env *env, const struct given_files *files, const char *name,
			struct step_source *ret, struct error *err)
{
	struct context *context = files->context;
	struct snapshot_record record;
	int r;

	if (!context && object_id_is_zero(&files->snapshot))
		return error_set(err, -ENOENT, "this build has no %s", name);
	if (!context) {
		r = snapshot_load(env->store, &files->snapshot, &record, err);
		if (r < 0)
			return r;
		ret->snapshot = files->snapshot;
		open_stored(env, &record.root, name, ret);
		return 0;
	}
	context_lock(context);
	ret->source = (struct copy_source){ .tree = context_tree(context),
					    .context = context,
					    .name = name };
	return 0;
}

static int open_cache(struct step_env *env, const char *id, struct step_source *ret,
		      struct error *err)
{
	cleanup_with(cache_close) struct cache *cache = NULL;
	struct snapshot_record record;
	struct cache_version version;
	int r = cache_open(env->store, id, &cache, err);

	if (r == 0)
		r = cache_newest(cache, &version, err);
	if (r == 0)
		return error_set(err, -ENOENT, "cache '%s' is empty: no step has filled it yet",
				 id);
	if (r > 0)
		r = store_lease_hold(env->lease, &version.snapshot, err);
	if (r == 0)
		r = snapshot_load(env->store, &version.snapshot, &record, err);
	if (r < 0)
		return r;
	ret->snapshot = version.snapshot;
	open_stored(env, &record.root, id, ret);
	return 0;
}

int step_source_open(struct step_task *task, const struct source *from, struct step_source *ret,
		     struct error *err)
{
	const struct step_result *result;
	struct tree_root empty = tree_root_empty();

	*ret = (struct step_source){ 0 };
	switch (from->kind) {
	case SOURCE_CONTEXT:
		return open_context(task->env, &task->env->context, "build context", ret, err);
	case SOURCE_NAMED:
		return open_context(task->env, find_context(task->env, from->name), from->name, ret,
				    err);
	case SOURCE_CACHE:
		return open_cache(task->env, from->name, ret, err);
	case SOURCE_VERTEX:
		result = &task->inputs.results[from->vertex->index];
		ret->snapshot = result->snapshot;
		open_stored(task->env, &result->root, from->vertex->name, ret);
		return 0;
	case SOURCE_EMPTY:
		break;
	}
	open_stored(task->env, &empty, "scratch", ret);
	return 0;
}

int step_source_copy(struct step_task *task, struct step_source *source, const char *path,
		     const char *destination, struct tree *tree, struct error *err)
{
	struct step_env *env = task->env;
	struct copy_work work = { .destination = destination,
				  .destination_is_dir = strcmp(destination, "/") == 0 };
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct copy_job job = { .work = &work, .source = source->source, .now = step_now(env) };
	int r = store_txn_begin(env->store, env->lease, &txn, err);

	if (r < 0)
		return r;
	job.txn = txn;
	strings_add(&work.sources, path);
	r = copy_files(&job, tree, err);
	strings_release(&work.sources);
	return r < 0 ? r : store_txn_commit(txn, err);
}

void step_source_close(struct step_source *source)
{
	if (source->source.context)
		context_unlock(source->source.context);
	tree_close(source->own);
	*source = (struct step_source){ 0 };
}

int step_source_digest(struct step_task *task, struct step_source *source, const char *path,
		       struct object_id *ret, struct error *err)
{
	struct context *context = source->source.context;
	struct selected selected;
	int r = select_path(&source->source, path, &selected, err);

	if (r < 0)
		return r;
	if (!context)
		return step_env_content(task->env, source->source.tree, selected.node, ret, err);
	/* Nothing of a context is stored, so the memory that other threads use is not touched. */
	r = context_load_all(context, selected.node, err);
	if (r < 0)
		return r;
	return content_digest_node(source->source.tree, selected.node, task->env->memo,
				   context_resolver(context), ret, err);
}
