/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a step the step it is, written down as a record and hashed. A record begins with the
 * kind of step and its version; every value carries its length, so that no two records run into
 * one another. What is not in here does not count: times, values of secrets, proxies, limits, names
 * and contents of caches, where in the Dockerfile it stands.
 */
#include <errno.h>
#include <string.h>

#include "builder/step/copy_files.h"
#include "builder/step/remote_files.h"
#include "builder/step/step.h"
#include "builder/step/step_source.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/content_digest.h"

static void put_id(struct buf *record, const struct object_id *id)
{
	buf_append(record, id->bytes, OBJECT_ID_SIZE);
}

static struct object_id finish(const struct buf *record)
{
	return object_id_of(buf_string(record), record->length);
}

/* ---- FROM ---- */

static void add_root(struct buf *record, const struct tree_root *root)
{
	put_id(record, &root->dir);
	put_id(record, &root->xattrs);
	put_id(record, &root->links);
	wire_put_u32(record, root->mode);
	wire_put_u32(record, root->uid);
	wire_put_u32(record, root->gid);
	wire_put_u64(record, (uint64_t)root->mtime_s);
	wire_put_u32(record, root->mtime_ns);
}

static int add_base(struct step_task *task, struct buf *record, struct error *err)
{
	const struct base_work *base = &task->vertex->base;
	cleanup_with(step_source_close) struct step_source source = { 0 };
	struct snapshot_record snapshot;
	struct object_id digest;
	int r;

	wire_put_string(record, "base 1");
	if (!object_id_is_zero(&base->snapshot)) {
		r = snapshot_load(task->env->store, &base->snapshot, &snapshot, err);
		if (r == 0)
			add_root(record, &snapshot.root);
		return r;
	}
	r = step_source_open(task, &base->source, &source, err);
	if (r == 0)
		r = step_source_digest(task, &source, "/", &digest, err);
	if (r == 0)
		put_id(record, &digest);
	return r;
}

/* ---- RUN ---- */

/* A bind mount that is only read stands for what can be read there. */
static int add_bind(struct step_task *task, struct buf *record, const struct run_work_mount *mount,
		    struct error *err)
{
	cleanup_with(step_source_close) struct step_source source = { 0 };
	struct object_id digest;
	int r = step_source_open(task, &mount->source, &source, err);

	if (r == 0)
		r = step_source_digest(task, &source, mount->mount.source, &digest, err);
	if (r == 0)
		put_id(record, &digest);
	return r;
}

static int add_mount(struct step_task *task, struct buf *record, const struct run_work_mount *mount,
		     struct error *err)
{
	const struct run_mount *spec = &mount->mount;

	wire_put_string(record, run_mount_type_name(spec->type));
	wire_put_string(record, spec->target);
	wire_put_u32(record, spec->read_only);
	switch (spec->type) {
	case RUN_MOUNT_BIND:
		return add_bind(task, record, mount, err);
	case RUN_MOUNT_TMPFS:
		wire_put_u64(record, spec->size_limit);
		break;
	case RUN_MOUNT_SECRET:
	case RUN_MOUNT_SSH:
		wire_put_string(record, spec->id);
		wire_put_string(record, spec->env);
		wire_put_u32(record, spec->mode);
		wire_put_u32(record, spec->uid);
		wire_put_u32(record, spec->gid);
		break;
	case RUN_MOUNT_CACHE:
		break;
	}
	return 0;
}

static int add_run(struct step_task *task, struct buf *record, struct error *err)
{
	const struct run_work *run = &task->vertex->run;
	char platform[PLATFORM_TEXT_MAX];
	int r = 0;

	platform_format(&task->vertex->stage->platform, platform);
	wire_put_string(record, "run 1");
	wire_put_string(record, platform);
	wire_put_strings(record, &run->argv);
	wire_put_strings(record, &run->env);
	wire_put_string(record, run->cwd);
	wire_put_string(record, run->user);
	wire_put_string(record, run->hostname);
	wire_put_u32(record, run->network);
	wire_put_u32(record, run->security);
	wire_put_string(record, run->script_path);
	wire_put_bytes(record, run->script, run->script_size);
	wire_put_u32(record, (uint32_t)run->mount_count);
	for (size_t i = 0; i < run->mount_count && r == 0; i++)
		r = add_mount(task, record, &run->mounts[i], err);
	return r;
}

/* ---- COPY ---- */

/*
 * The files themselves count, and the names under which they arrive. To find both, the copy is
 * made into an empty tree; owners and modes that are asked for are told apart from that.
 */
static int add_copied_files(struct step_task *task, struct buf *record, struct error *err)
{
	const struct copy_work *copy = &task->vertex->copy;
	cleanup_with(step_source_close) struct step_source source = { 0 };
	cleanup_with(tree_close) struct tree *scratch = tree_open(task->env->store, NULL);
	cleanup_free struct copy_remote *left_out = remote_files_none(copy);
	struct copy_job job = { .work = copy, .remotes = left_out };
	struct object_id digest;
	int r = step_source_open(task, &copy->source, &source, err);

	if (r < 0)
		return r;
	job.source = source.source;
	r = copy_files(&job, scratch, err);
	if (r == 0)
		r = step_env_content(task->env, scratch, tree_root_node(scratch), &digest, err);
	if (r < 0)
		return r == -ENOENT ? error_prefix(err, r, "failed to calculate checksum of %s",
						   source.source.name)
				    : r;
	put_id(record, &digest);
	return 0;
}

static int add_copy(struct step_task *task, struct buf *record, struct error *err)
{
	const struct copy_work *copy = &task->vertex->copy;

	wire_put_string(record, copy->add ? "add 1" : "copy 1");
	wire_put_string(record, copy->destination);
	wire_put_u32(record, copy->destination_is_dir);
	wire_put_string(record, copy->chown);
	wire_put_string(record, copy->chmod);
	wire_put_u32(record, copy->link);
	wire_put_u32(record, (uint32_t)copy->unpack);
	wire_put_string(record, copy->checksum);
	if (remote_files_any(copy)) {
		int r = remote_files_identify(task, record, err);

		if (r < 0)
			return r;
	}
	return add_copied_files(task, record, err);
}

static void add_workdir(struct buf *record, const struct workdir_work *workdir)
{
	wire_put_string(record, "workdir 1");
	wire_put_string(record, workdir->path);
	wire_put_string(record, workdir->user);
}

/* ---- keys ---- */

int step_operation(struct step_task *task, struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf record = { 0 };
	int r = 0;

	switch (task->vertex->kind) {
	case VERTEX_BASE:
		r = add_base(task, &record, err);
		break;
	case VERTEX_RUN:
		r = add_run(task, &record, err);
		break;
	case VERTEX_COPY:
		r = add_copy(task, &record, err);
		break;
	case VERTEX_WORKDIR:
		add_workdir(&record, &task->vertex->workdir);
		break;
	}
	if (r == 0)
		*ret = finish(&record);
	return r;
}

struct object_id step_definition_key(const struct object_id *operation,
				     const struct step_result *parent)
{
	struct buf record = { 0 };
	struct object_id key;

	wire_put_string(&record, "definition 1");
	put_id(&record, operation);
	put_id(&record, &parent->key);
	key = finish(&record);
	buf_release(&record);
	return key;
}

int step_content_key(struct step_task *task, const struct object_id *operation,
		     struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf record = { 0 };
	const struct tree_root *root = &task->parent.root;
	bool empty = object_id_is_zero(&root->dir);
	cleanup_with(tree_close) struct tree *tree =
		tree_open(task->env->store, empty ? NULL : root);
	struct object_id digest;
	int r = step_env_content(task->env, tree, tree_root_node(tree), &digest, err);

	if (r < 0)
		return r;
	wire_put_string(&record, "content 1");
	put_id(&record, operation);
	put_id(&record, &digest);
	*ret = finish(&record);
	return 0;
}
