/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a step the step it is, written down as a record and hashed. A record begins with the
 * kind of step and its version; every value carries its length, so that no two records run into
 * one another. What is not in here does not count: times, values of secrets, proxies, limits, names
 * and contents of caches, where in the Dockerfile it stands.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "builder/step/copy_files.h"
#include "builder/step/remote_files.h"
#include "builder/step/step_internal.h"
#include "builder/step/step_source.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/content_digest.h"

/* What is hashed, and the same for people: see struct step_task. */
struct record {
	struct buf bytes;
	bool unbound; /* what mounts show is left out */
	struct buf *parts;
};

static void add_part(struct record *record, const char *name, const char *value)
{
	if (!record->parts)
		return;
	wire_put_string(record->parts, name);
	wire_put_string(record->parts, value ? value : "");
}

static void put_id(struct buf *bytes, const struct object_id *id)
{
	buf_append(bytes, id->bytes, OBJECT_ID_SIZE);
}

static void add_id(struct record *record, const char *name, const struct object_id *id)
{
	put_id(&record->bytes, id);
	add_part(record, name, object_id_hex(id).text);
}

static void add_string(struct record *record, const char *name, const char *value)
{
	wire_put_string(&record->bytes, value);
	add_part(record, name, value);
}

static void add_number(struct record *record, const char *name, uint32_t value)
{
	char text[12];

	wire_put_u32(&record->bytes, value);
	snprintf(text, sizeof text, "%u", value);
	add_part(record, name, text);
}

/* "NAME=value" in a part each. */
static void add_env(struct record *record, const struct strings *env)
{
	wire_put_strings(&record->bytes, env);
	for (size_t i = 0; record->parts && i < env->count; i++) {
		const char *value = strchr(env->items[i], '=');
		cleanup_free char *name = xasprintf(
			"env %.*s", (int)(value ? value - env->items[i] : 4096), env->items[i]);

		add_part(record, name, value ? value + 1 : NULL);
	}
}

static struct object_id finish(const struct buf *bytes)
{
	return object_id_of(buf_string(bytes), bytes->length);
}

/* ---- FROM ---- */

static void add_root(struct record *whole, const struct tree_root *root)
{
	struct buf *record = &whole->bytes;

	add_id(whole, "files", &root->dir);
	put_id(record, &root->xattrs);
	put_id(record, &root->links);
	wire_put_u32(record, root->mode);
	wire_put_u32(record, root->uid);
	wire_put_u32(record, root->gid);
	wire_put_u64(record, (uint64_t)root->mtime_s);
	wire_put_u32(record, root->mtime_ns);
}

static int add_base(struct step_task *task, struct record *record, struct error *err)
{
	const struct base_work *base = &task->vertex->base;
	cleanup_with(step_source_close) struct step_source source = { 0 };
	struct snapshot_record snapshot;
	struct object_id digest;
	int r;

	add_string(record, "kind", "base 1");
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
		add_id(record, "files", &digest);
	return r;
}

/* ---- RUN ---- */

/* A bind mount that is only read stands for what can be read there. */
static int add_bind(struct step_task *task, struct record *record,
		    const struct run_work_mount *mount, struct error *err)
{
	cleanup_free char *name = xasprintf("files at %s", mount->mount.target);
	cleanup_with(step_source_close) struct step_source source = { 0 };
	struct object_id digest;
	int r = step_source_open(task, &mount->source, &source, err);

	if (r == 0)
		r = step_source_digest(task, &source, mount->mount.source, &digest, err);
	if (r == 0)
		add_id(record, name, &digest);
	return r;
}

static int add_mount(struct step_task *task, struct record *record,
		     const struct run_work_mount *mount, struct error *err)
{
	const struct run_mount *spec = &mount->mount;
	struct buf *bytes = &record->bytes;

	add_string(record, "mount", run_mount_type_name(spec->type));
	add_string(record, "mount target", spec->target);
	wire_put_u32(bytes, spec->read_only);
	switch (spec->type) {
	case RUN_MOUNT_BIND:
		return record->unbound ? 0 : add_bind(task, record, mount, err);
	case RUN_MOUNT_TMPFS:
		wire_put_u64(bytes, spec->size_limit);
		break;
	case RUN_MOUNT_SECRET:
	case RUN_MOUNT_SSH:
		add_string(record, "mount id", spec->id);
		wire_put_string(bytes, spec->env);
		wire_put_u32(bytes, spec->mode);
		wire_put_u32(bytes, spec->uid);
		wire_put_u32(bytes, spec->gid);
		break;
	case RUN_MOUNT_CACHE:
		break;
	}
	return 0;
}

static void add_command(struct record *record, const struct strings *argv)
{
	cleanup_free char *text = strings_join(argv, " ");

	wire_put_strings(&record->bytes, argv);
	add_part(record, "command", text);
}

static void add_script(struct record *record, const struct run_work *run)
{
	struct object_id id;

	wire_put_string(&record->bytes, run->script_path);
	wire_put_bytes(&record->bytes, run->script, run->script_size);
	if (!run->script)
		return;
	id = object_id_of(run->script, run->script_size);
	add_part(record, "script", object_id_hex(&id).text);
}

static int add_run(struct step_task *task, struct record *record, struct error *err)
{
	const struct run_work *run = &task->vertex->run;
	char platform[PLATFORM_TEXT_MAX];
	int r = 0;

	platform_format(&task->vertex->stage->platform, platform);
	add_string(record, "kind", "run 1");
	add_string(record, "platform", platform);
	add_command(record, &run->argv);
	add_env(record, &run->env);
	add_string(record, "directory", run->cwd);
	add_string(record, "user", run->user);
	add_string(record, "host name", run->hostname);
	add_number(record, "network", run->network);
	add_number(record, "security", run->security);
	add_script(record, run);
	wire_put_u32(&record->bytes, (uint32_t)run->mount_count);
	for (size_t i = 0; i < run->mount_count && r == 0; i++)
		r = add_mount(task, record, &run->mounts[i], err);
	return r;
}

/* ---- COPY ---- */

/*
 * The files themselves count, and the names under which they arrive. To find both, the copy is
 * made into an empty tree; owners and modes that are asked for are told apart from that.
 */
static int add_copied_files(struct step_task *task, struct record *record, struct error *err)
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
	add_id(record, "files", &digest);
	return 0;
}

static int add_remotes(struct step_task *task, struct record *record, struct error *err)
{
	const struct strings *sources = &task->vertex->copy.sources;

	for (size_t i = 0; i < sources->count; i++) {
		cleanup_free char *name = xasprintf("source %s", sources->items[i]), *text = NULL;
		int r = remote_files_identify(task, i, &text, err);

		if (r < 0)
			return r;
		if (r > 0)
			add_string(record, name, text);
	}
	return 0;
}

static int add_copy(struct step_task *task, struct record *record, struct error *err)
{
	const struct copy_work *copy = &task->vertex->copy;

	add_string(record, "kind", copy->add ? "add 1" : "copy 1");
	add_string(record, "destination", copy->destination);
	add_number(record, "destination is a directory", copy->destination_is_dir);
	add_string(record, "chown", copy->chown);
	add_string(record, "chmod", copy->chmod);
	add_number(record, "link", copy->link);
	add_number(record, "unpack", (uint32_t)copy->unpack);
	add_string(record, "checksum", copy->checksum);
	if (remote_files_any(copy)) {
		int r = add_remotes(task, record, err);

		if (r < 0)
			return r;
	}
	return add_copied_files(task, record, err);
}

static void add_workdir(struct record *record, const struct workdir_work *workdir)
{
	add_string(record, "kind", "workdir 1");
	add_string(record, "directory", workdir->path);
	add_string(record, "user", workdir->user);
}

/* ---- keys ---- */

int step_operation(struct step_task *task, struct object_id *ret, struct error *err)
{
	struct record record = { .parts = task->parts };
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
		*ret = finish(&record.bytes);
	buf_release(&record.bytes);
	return r;
}

int step_operation_unbound(struct step_task *task, struct object_id *ret, struct error *err)
{
	struct record record = { .unbound = true };
	int r = add_run(task, &record, err);

	if (r == 0)
		*ret = finish(&record.bytes);
	buf_release(&record.bytes);
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

/* A name is another number in every parent. */
static bool is_numbers(const char *chown)
{
	return chown[strspn(chown, "0123456789:")] == '\0';
}

struct object_id step_linked_key(const struct step_task *task, const struct object_id *operation)
{
	const struct vertex *vertex = task->vertex;
	struct object_id key = { 0 };
	struct buf record = { 0 };

	if (vertex->kind != VERTEX_COPY || !vertex->copy.link ||
	    (vertex->copy.chown && !is_numbers(vertex->copy.chown)))
		return key;
	wire_put_string(&record, "linked 1");
	put_id(&record, operation);
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
