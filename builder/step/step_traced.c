/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/step/step_traced.h"

#include <errno.h>
#include <string.h>

#include "builder/history/output_log.h"
#include "builder/step/bind_mount.h"
#include "builder/step/run_mounts.h"
#include "builder/step/step_internal.h"
#include "builder/step/surroundings.h"
#include "builder/step/trace_list.h"
#include "fs/base/alloc.h"
#include "fs/base/clock.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/snapshot/snapshot.h"
#include "fs/store/store.h"
#include "fs/tree/replay.h"
#include "fs/tree/trace.h"

/* So many results of one step are known by what led to them: as for the branches one works on. */
#define SLOTS 4
/* What tracing allows, for every mount of a step. */
#define LIST_MAX ((size_t)256 << 20)

static struct object_id slot_key(const struct object_id *key, unsigned slot)
{
	uint8_t bytes[OBJECT_ID_SIZE + 1];

	memcpy(bytes, key->bytes, OBJECT_ID_SIZE);
	bytes[OBJECT_ID_SIZE] = (uint8_t)slot;
	return object_id_of(bytes, sizeof bytes);
}

/* ---- keeping ---- */

static int take_traces(struct step_task *task, const struct surroundings *around, struct buf *ret,
		       struct error *err)
{
	size_t count = task->vertex->run.mount_count, binds = 0;
	int r = 0;

	for (size_t i = 0; i < count; i++)
		binds += run_mounts_bind_filesystem(around->mounts, i) != NULL;
	trace_list_begin(ret, binds + 1);
	for (size_t i = 0; i <= count && r == 0; i++) {
		const struct filesystem *filesystem =
			i ? run_mounts_bind_filesystem(around->mounts, i - 1) : around->root;
		cleanup_with(buf_release) struct buf trace = { 0 };

		if (!filesystem)
			continue;
		r = workspace_trace(filesystem->workspace, &trace, err);
		if (r == 0)
			trace_list_add(ret, &trace);
	}
	if (r == 0 && ret->length > LIST_MAX)
		r = error_set(err, -E2BIG, "too much was looked at");
	return r;
}

/* One that is free, or the one that was written longest ago. */
static int find_slot(struct store *store, const struct object_id *key, struct object_id *ret,
		     struct error *err)
{
	int64_t oldest_s = INT64_MAX;

	for (unsigned slot = 0; slot < SLOTS; slot++) {
		struct object_id in_slot = slot_key(key, slot);
		struct step_record record;
		int r = store_step_find(store, &in_slot, &record, err);

		if (r < 0)
			return r;
		if (r == 0) {
			*ret = in_slot;
			return 0;
		}
		if (record.created_s < oldest_s) {
			oldest_s = record.created_s;
			*ret = in_slot;
		}
	}
	return 0;
}

static int put_traces(struct step_task *task, const struct buf *traces,
		      const struct object_id *snapshot, const struct step_record *step,
		      struct error *err)
{
	struct step_env *env = task->env;
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	struct tree_root nothing = tree_root_empty();
	struct snapshot_intent intent = { .parent = *snapshot,
					  .step = step->key,
					  .config = traces->data,
					  .config_size = traces->length,
					  .steps = { *step },
					  .step_count = 1 };
	struct object_id id;
	int r = store_txn_begin(env->store, env->lease, &txn, err);

	if (r == 0)
		r = snapshot_record_put(txn, &nothing, &intent, &id, err);
	return r < 0 ? r : store_txn_commit(txn, err);
}

static int keep(struct step_task *task, const struct surroundings *around,
		const struct object_id *snapshot, unsigned flags, uint64_t cost_ms,
		struct error *err)
{
	cleanup_with(buf_release) struct buf traces = { 0 };
	/* By when it was made they are told apart, not by what the image is to say. */
	struct step_record step = { .created_s = clock_realtime_ns() / 1000000000,
				    .cost_ms =
					    cost_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)cost_ms,
				    .flags = flags | STEP_TRACE };
	struct object_id key;
	int r = take_traces(task, around, &traces, err);

	if (r == 0)
		r = trace_key(task, &key, err);
	if (r == 0)
		r = find_slot(task->env->store, &key, &step.key, err);
	return r < 0 ? r : put_traces(task, &traces, snapshot, &step, err);
}

void step_traced_keep(struct step_task *task, const struct surroundings *around,
		      const struct object_id *snapshot, unsigned flags, uint64_t cost_ms)
{
	struct error err = { 0 };

	if (keep(task, around, snapshot, flags, cost_ms, &err) == 0)
		return;
	error_prefix(&err, err.code, "%s: not to be found again by what it looked at",
		     task->vertex->name);
	if (task->env->warn)
		task->env->warn(task->env->warn_context, err.text);
}

/* ---- finding ---- */

/* A result that may serve again. */
struct candidate {
	struct step_record record;
	struct snapshot_record traces, result; /* the snapshots */
	struct tree_root before;               /* that the step began with */
	struct trace_list list;
};

static int load(struct step_env *env, const struct object_id *key, struct candidate *ret,
		struct error *err)
{
	cleanup_with(buf_release) struct buf bytes = { 0 };
	struct snapshot_record before = { .root = tree_root_empty() };
	int r = store_step_find(env->store, key, &ret->record, err);

	if (r <= 0)
		return r;
	r = store_lease_hold(env->lease, &ret->record.snapshot, err);
	if (r == 0)
		r = snapshot_load(env->store, &ret->record.snapshot, &ret->traces, err);
	if (r == 0)
		r = snapshot_load(env->store, &ret->traces.parent, &ret->result, err);
	if (r == 0 && !object_id_is_zero(&ret->result.parent))
		r = snapshot_load(env->store, &ret->result.parent, &before, err);
	if (r == 0)
		r = store_read(env->store, &ret->traces.config, OBJECT_BLOB, LIST_MAX, &bytes, err);
	if (r == 0)
		r = trace_list_decode(bytes.data, bytes.length, &ret->list, err);
	ret->before = before.root;
	return r < 0 ? r : 1;
}

static struct tree *open_parent(const struct step_task *task)
{
	const struct tree_root *root = &task->parent.root;

	return tree_open(task->env->store, object_id_is_zero(&root->dir) ? NULL : root);
}

/* 1 when the same would be seen, 0 and *ret when not. */
static int check_bind(struct step_task *task, const struct run_work_mount *mount,
		      const struct trace *trace, struct trace_change *ret, struct error *err)
{
	cleanup_with(bind_look_close) struct bind_look look = { 0 };
	cleanup_with(tree_close) struct tree *own = NULL;
	struct tree *tree;
	int r = bind_look_open(task, mount, &look, err);

	if (r == 0)
		r = bind_look_tree(&look, task, mount, &tree, &own, err);
	return r < 0 ? r : tree_trace_check(tree, trace, NULL, ret, err);
}

static int check(struct step_task *task, const struct candidate *candidate, char **ret_why,
		 struct error *err)
{
	const struct run_work *run = &task->vertex->run;
	const struct trace_list *list = &candidate->list;
	cleanup_with(tree_close) struct tree *tree = open_parent(task);
	struct trace_change change = { 0 };
	const char *target = "";
	size_t next = 1;
	int r = tree_trace_check(tree, &list->items[0], NULL, &change, err);

	for (size_t i = 0; i < run->mount_count && r > 0; i++) {
		const struct run_work_mount *mount = &run->mounts[i];

		if (mount->mount.type != RUN_MOUNT_BIND)
			continue;
		target = mount->mount.target;
		r = next < list->count ? check_bind(task, mount, &list->items[next++], &change, err)
				       : -EBADMSG;
	}
	if (r == 0)
		*ret_why = xasprintf("%s/%s: %s", strcmp(target, "/") == 0 ? "" : target,
				     change.path, trace_difference_words(change.difference));
	free(change.path);
	return r > 0 && next != list->count ? -EBADMSG : r;
}

/* Do with the parent's files what the step did: 1, or 0 when that cannot be done. */
static int replay(struct step_task *task, const struct candidate *candidate,
		  const struct step_keys *keys, struct step_result *ret, char **ret_why,
		  struct error *err)
{
	cleanup_with(store_txn_free) struct store_txn *txn = NULL;
	cleanup_with(tree_close) struct tree *tree = open_parent(task);
	uint64_t cost_ns = candidate->record.cost_ms * UINT64_C(1000000);
	struct error why = { 0 };
	int r = tree_replay(tree, &candidate->before, &candidate->result.root, &why);

	if (r == -ESTALE) {
		*ret_why = xstrdup(why.text);
		return 0;
	}
	if (r < 0)
		return error_set(err, r, "%s", why.text);
	r = store_txn_begin(task->env->store, task->env->lease, &txn, err);
	if (r == 0)
		r = step_commit_tree(task, tree, txn, keys,
				     candidate->record.flags & ~(unsigned)STEP_TRACE,
				     clock_monotonic_ns() - cost_ns, ret, err);
	if (r < 0)
		return r;
	output_log_share(task->env->store, &candidate->traces.parent, &ret->snapshot);
	ret->key = keys->definition;
	ret->cost_ms = candidate->record.cost_ms;
	ret->done = true;
	return 1;
}

static int try_slot(struct step_task *task, const struct object_id *key,
		    const struct step_keys *keys, struct step_result *ret, char **ret_why,
		    struct error *err)
{
	struct candidate candidate = { 0 };
	int r = load(task->env, key, &candidate, NULL);

	/* What is gone or damaged is no worse than a miss. */
	if (r > 0)
		r = check(task, &candidate, ret_why, err);
	if (r > 0)
		r = replay(task, &candidate, keys, ret, ret_why, err);
	trace_list_release(&candidate.list);
	return r == -ECANCELED || r > 0 ? r : 0;
}

int step_find_traced(struct step_task *task, const struct step_keys *keys, struct step_result *ret,
		     struct error *err)
{
	struct object_id key;
	int r;

	if (task->vertex->kind != VERTEX_RUN || !task->env->precise)
		return 0;
	r = trace_key(task, &key, err);
	for (unsigned slot = 0; slot < SLOTS && r == 0; slot++) {
		struct object_id in_slot = slot_key(&key, slot);
		cleanup_free char *why = NULL;

		r = try_slot(task, &in_slot, keys, ret, &why, err);
		if (r == 0 && why && task->parts) {
			wire_put_string(task->parts, STEP_PART_SEEN);
			wire_put_string(task->parts, why);
		}
	}
	return r;
}
