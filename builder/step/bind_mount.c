/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/bind_mount.h"

#include <stdlib.h>

#include "builder/context/context.h"
#include "builder/step/copy_select.h"
#include "builder/step/step_internal.h"
#include "fs/base/alloc.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/lookup.h"

/* ---- looking ---- */

/* Where a path of a stored tree leads when its symlinks are followed. */
static int real_path(const struct step_source *source, const char *path, char **ret,
		     struct error *err)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	cleanup_free char *relative = NULL;
	int r = tree_resolve(source->source.tree, NULL, path, 0, &place, err);

	if (r < 0)
		return r;
	relative = place.dentry ? dentry_path(place.dentry) : xstrdup("");
	*ret = xasprintf("/%s", relative);
	return 0;
}

int bind_look_open(struct step_task *task, const struct run_work_mount *mount,
		   struct bind_look *ret, struct error *err)
{
	struct selected from;
	int r;

	*ret = (struct bind_look){ 0 };
	r = step_source_open(task, &mount->source, &ret->source, err);
	if (r == 0)
		r = select_path(&ret->source.source, mount->mount.source, &from, err);
	if (r == 0)
		ret->directory = node_is_dir(from.node);
	if (r == 0 && ret->source.source.context)
		ret->path = xstrdup(ret->directory ? "/" : "/file");
	else if (r == 0)
		r = real_path(&ret->source, mount->mount.source, &ret->path, err);
	if (r < 0)
		bind_look_close(ret);
	return r;
}

void bind_look_close(struct bind_look *look)
{
	step_source_close(&look->source);
	free(look->path);
	*look = (struct bind_look){ 0 };
}

/* What is in the files is found out, and not stored. */
static int copy_context(struct bind_look *look, struct step_env *env,
			const struct run_work_mount *mount, struct tree *tree, struct error *err)
{
	struct copy_work work = { .unpack = 0,
				  .destination = look->path,
				  .destination_is_dir = look->directory };
	struct copy_job job = { .work = &work,
				.source = look->source.source,
				.now = step_now(env) };
	int r;

	strings_add(&work.sources, mount->mount.source);
	r = copy_files(&job, tree, err);
	strings_release(&work.sources);
	return r;
}

int bind_look_tree(struct bind_look *look, struct step_task *task,
		   const struct run_work_mount *mount, struct tree **ret, struct tree **ret_own,
		   struct error *err)
{
	cleanup_with(tree_close) struct tree *tree = NULL;
	int r;

	*ret_own = NULL;
	*ret = look->source.source.tree;
	if (!look->source.source.context)
		return 0;
	tree = tree_open(task->env->store, NULL);
	r = copy_context(look, task->env, mount, tree, err);
	if (r == 0)
		*ret = *ret_own = take_ptr(&tree);
	return r;
}

/* ---- mounting ---- */

static int store_context(struct bind_look *look, struct step_task *task,
			 const struct run_work_mount *mount, struct object_id *ret,
			 struct error *err)
{
	struct step_env *env = task->env;
	cleanup_with(tree_close) struct tree *tree = tree_open(env->store, NULL);
	cleanup_free char *lease = xstrdup(store_lease_name(env->lease));
	struct snapshot_intent intent = { .created_s = step_env_time(env), .hold = lease };
	struct snapshot_result result;
	int r = step_source_copy(task, &look->source, mount->mount.source, look->path, tree, err);

	if (r == 0)
		r = snapshot_commit_tree(tree, env->lease, &intent, &result, err);
	if (r == 0)
		*ret = result.id;
	return r;
}

int bind_mount_open(struct step_task *task, const struct run_work_mount *mount,
		    struct bind_mount *ret, struct error *err)
{
	cleanup_with(bind_look_close) struct bind_look look = { 0 };
	bool context;
	int r = bind_look_open(task, mount, &look, err);

	if (r < 0)
		return r;
	context = look.source.source.context;
	ret->snapshot = look.source.snapshot;
	if (context)
		r = store_context(&look, task, mount, &ret->snapshot, err);
	if (r < 0)
		return r;
	ret->directory = look.directory;
	ret->source = take_ptr(&look.path);
	return filesystem_open(task->env, context ? "context" : "bind", &ret->snapshot,
			       (mount->mount.read_only ? FILESYSTEM_READ_ONLY : 0) |
				       filesystem_traced(task->env),
			       &ret->filesystem, err);
}

void bind_mount_close(struct bind_mount *bind)
{
	filesystem_close(bind->filesystem);
	free(bind->source);
	*bind = (struct bind_mount){ 0 };
}
