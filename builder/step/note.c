/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/history/output_log.h"
#include "builder/step/run_mounts.h"
#include "fs/base/alloc.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"

#define VERSION    1
#define PARTS_MAX  65536
#define MOUNTS_MAX 4096

enum note_mount_flags { NOTE_READ_ONLY = 1 << 0, NOTE_REQUIRED = 1 << 1 };

/* ---- writing ---- */

static void put_id(struct buf *ret, const struct object_id *id)
{
	buf_append(ret, id->bytes, OBJECT_ID_SIZE);
}

static void put_mount(const struct run_mount *mount, const struct object_id *snapshot,
		      const char *source, struct buf *ret)
{
	wire_put_u32(ret, mount->type);
	wire_put_string(ret, mount->target);
	wire_put_string(ret, source ? source : mount->source);
	wire_put_string(ret, mount->id);
	wire_put_string(ret, mount->env);
	wire_put_u32(ret, (mount->read_only ? NOTE_READ_ONLY : 0) |
				  (mount->required ? NOTE_REQUIRED : 0));
	wire_put_u32(ret, mount->sharing);
	wire_put_u64(ret, mount->size_limit);
	wire_put_u32(ret, mount->mode);
	wire_put_u32(ret, mount->uid);
	wire_put_u32(ret, mount->gid);
	put_id(ret, snapshot);
}

static void put_run(const struct run_work *run, const struct run_mounts_in_use *mounts,
		    struct buf *ret)
{
	wire_put_strings(ret, &run->argv);
	wire_put_strings(ret, &run->env);
	wire_put_string(ret, run->cwd);
	wire_put_string(ret, run->user);
	wire_put_string(ret, run->hostname);
	wire_put_string(ret, run->script_path);
	wire_put_bytes(ret, run->script, run->script ? run->script_size : 0);
	wire_put_u32(ret, run->network);
	wire_put_u32(ret, run->security);
	wire_put_u32(ret, (uint32_t)run->mount_count);
	for (size_t i = 0; i < run->mount_count; i++) {
		struct object_id snapshot = { 0 };
		const char *source = run_mounts_bound(mounts, i, &snapshot);

		put_mount(&run->mounts[i].mount, &snapshot, source, ret);
	}
}

void step_note_encode(const struct step_task *task, const struct step_keys *keys,
		      const struct run_mounts_in_use *mounts, struct buf *ret)
{
	bool is_run = task->vertex->kind == VERTEX_RUN;

	wire_put_u32(ret, VERSION);
	wire_put_string(ret, task->vertex->name);
	put_id(ret, &keys->definition);
	put_id(ret, &keys->content);
	put_id(ret, &task->parent.key);
	wire_put_bytes(ret, task->parts ? buf_string(task->parts) : "",
		       task->parts ? task->parts->length : 0);
	wire_put_u32(ret, is_run);
	if (is_run)
		put_run(&task->vertex->run, mounts, ret);
}

/* ---- reading ---- */

static void read_parts(struct wire *wire, struct step_note *ret)
{
	size_t size;
	const void *bytes = wire_bytes(wire, &size);
	struct wire parts = wire_of(bytes, size);

	while (parts.left > 0 && !parts.bad && ret->part_count < PARTS_MAX) {
		array_reserve_one(ret->parts, ret->part_count, ret->part_capacity);
		ret->parts[ret->part_count].name = wire_string(&parts);
		ret->parts[ret->part_count].value = wire_string(&parts);
		ret->part_count++;
	}
	for (size_t i = 0; i < ret->part_count; i++) {
		if (!ret->parts[i].name || !ret->parts[i].value)
			wire->bad = true;
	}
	wire->bad = wire->bad || parts.left > 0;
}

static void read_mount(struct wire *wire, struct note_mount *ret)
{
	struct run_mount *mount = &ret->mount;
	uint32_t flags;

	mount->type = wire_u32(wire);
	mount->target = wire_string(wire);
	mount->source = wire_string(wire);
	mount->id = wire_string(wire);
	mount->env = wire_string(wire);
	flags = wire_u32(wire);
	mount->read_only = flags & NOTE_READ_ONLY;
	mount->required = flags & NOTE_REQUIRED;
	mount->sharing = wire_u32(wire);
	mount->size_limit = wire_u64(wire);
	mount->mode = wire_u32(wire);
	mount->uid = wire_u32(wire);
	mount->gid = wire_u32(wire);
	wire_fixed(wire, ret->snapshot.bytes, OBJECT_ID_SIZE);
	if (mount->type > RUN_MOUNT_SSH || mount->sharing > RUN_MOUNT_LOCKED ||
	    (!mount->target && mount->type != RUN_MOUNT_SECRET) ||
	    (mount->target && mount->target[0] != '/') ||
	    (!mount->source && mount->type == RUN_MOUNT_BIND) ||
	    (!mount->id && mount->type != RUN_MOUNT_BIND && mount->type != RUN_MOUNT_TMPFS))
		wire->bad = true;
}

static void read_run(struct wire *wire, struct step_note *ret)
{
	const void *script;
	uint32_t count;

	wire_strings(wire, &ret->argv);
	wire_strings(wire, &ret->env);
	ret->cwd = wire_string(wire);
	ret->user = wire_string(wire);
	ret->hostname = wire_string(wire);
	ret->script_path = wire_string(wire);
	script = wire_bytes(wire, &ret->script_size);
	if (script && ret->script_size)
		ret->script = xmemdup(script, ret->script_size);
	ret->network = wire_u32(wire);
	ret->security = wire_u32(wire);
	count = wire_u32(wire);
	if (count > MOUNTS_MAX || ret->network > RUN_NETWORK_HOST ||
	    ret->security > RUN_SECURITY_INSECURE || !ret->cwd || !ret->user)
		wire->bad = true;
	for (uint32_t i = 0; i < count && !wire->bad; i++) {
		array_reserve_one(ret->mounts, ret->mount_count, ret->mount_capacity);
		ret->mounts[ret->mount_count] = (struct note_mount){ 0 };
		read_mount(wire, &ret->mounts[ret->mount_count++]);
	}
}

int step_note_decode(const void *data, size_t size, struct step_note *ret, struct error *err)
{
	cleanup_with(step_note_release) struct step_note note = { 0 };
	struct wire wire = wire_of(data, size);

	if (wire_u32(&wire) != VERSION)
		return error_set(err, -EBADMSG, "the note on a step is of an unknown version");
	note.name = wire_string(&wire);
	wire_fixed(&wire, note.keys.definition.bytes, OBJECT_ID_SIZE);
	wire_fixed(&wire, note.keys.content.bytes, OBJECT_ID_SIZE);
	wire_fixed(&wire, note.parent_key.bytes, OBJECT_ID_SIZE);
	read_parts(&wire, &note);
	note.is_run = wire_u32(&wire);
	if (note.is_run)
		read_run(&wire, &note);
	if (wire_end(&wire) < 0 || !note.name)
		return error_set(err, -EBADMSG, "the note on a step is damaged");
	*ret = note;
	note = (struct step_note){ 0 };
	return 0;
}

void step_note_release(struct step_note *note)
{
	for (size_t i = 0; i < note->part_count; i++) {
		free(note->parts[i].name);
		free(note->parts[i].value);
	}
	for (size_t i = 0; i < note->mount_count; i++) {
		struct run_mount *mount = &note->mounts[i].mount;

		free(mount->target);
		free(mount->source);
		free(mount->id);
		free(mount->env);
	}
	free(note->parts);
	free(note->mounts);
	free(note->name);
	strings_release(&note->argv);
	strings_release(&note->env);
	free(note->cwd);
	free(note->user);
	free(note->hostname);
	free(note->script_path);
	free(note->script);
	*note = (struct step_note){ 0 };
}

int step_note_read(struct store *store, const struct object_id *snapshot, struct step_note *ret,
		   struct error *err)
{
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	const void *data;
	size_t size;
	int r = output_log_open(store, snapshot, &reader, err);

	if (r <= 0)
		return r;
	data = output_log_note(reader, &size);
	r = step_note_decode(data, size, ret, err);
	return r < 0 ? r : 1;
}

/* ---- into the journal ---- */

static void warn(const struct step_env *env, const struct error *err)
{
	if (env->warn)
		env->warn(env->warn_context, err->text);
}

struct output_log *step_journal_begin(const struct step_task *task, const struct step_keys *keys,
				      const struct run_mounts_in_use *mounts)
{
	cleanup_with(buf_release) struct buf note = { 0 };
	struct output_log *journal = NULL;
	struct error err = { 0 };

	step_note_encode(task, keys, mounts, &note);
	if (output_log_begin(task->env->store, task->env->lease, note.data, note.length, &journal,
			     &err) < 0)
		warn(task->env, &err);
	return journal;
}

void step_journal_finish(const struct step_task *task, struct output_log *journal,
			 const struct object_id *snapshot)
{
	struct error err = { 0 };

	if (journal && output_log_finish(journal, snapshot, &err) < 0)
		warn(task->env, &err);
}

/* An image has its last step's journal, too; that is not what FROM prints. */
void step_replay(const struct step_task *task, const struct object_id *snapshot)
{
	cleanup_with(output_log_close) struct output_log_reader *reader = NULL;
	struct output_log_chunk chunk;
	struct error err = { 0 };
	int r = 0;

	if (task->vertex->kind == VERTEX_RUN)
		r = output_log_open(task->env->store, snapshot, &reader, &err);
	while (r > 0 && (r = output_log_next(reader, &chunk, &err)) > 0)
		task->output->log(task->output, chunk.stream, chunk.data, chunk.size);
	if (r < 0)
		warn(task->env, &err);
}
