/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "builder/step/bind_mount.h"
#include "builder/step/step_internal.h"
#include "builder/step/step_traced.h"
#include "builder/step/surroundings.h"
#include "builder/step/users.h"
#include "fs/base/error.h"
#include "fs/base/wire.h"
#include "fs/tree/lookup.h"

/* Who it is, by the files that say so. */
static int add_user(struct step_task *task, struct tree *tree, struct buf *record,
		    struct error *err)
{
	const char *name = task->vertex->run.user;
	struct user user;
	int r = user_find(tree, name ? name : "", &user, err);

	if (r < 0)
		return r;
	wire_put_u32(record, user.uid);
	wire_put_u32(record, user.gid);
	wire_put_u32(record, (uint32_t)user.group_count);
	for (size_t i = 0; i < user.group_count; i++)
		wire_put_u32(record, user.groups[i]);
	wire_put_string(record, user.home);
	user_release(&user);
	return 0;
}

/* Where a mount point is when symlinks are followed; what the step itself comes by is traced. */
static void add_place(struct tree *tree, const char *path, struct buf *record)
{
	cleanup_with(tree_place_release) struct tree_place place = { 0 };
	cleanup_free char *real = NULL;
	int r = tree_resolve(tree, NULL, path, 0, &place, NULL);

	if (r < 0) {
		wire_put_string(record, error_words(r));
		return;
	}
	real = place.missing  ? node_path(place.dir)
	       : place.dentry ? dentry_path(place.dentry)
			      : NULL;
	wire_put_string(record, real);
	wire_put_string(record, place.missing);
}

static int add_bind(struct step_task *task, const struct run_work_mount *mount, struct buf *record,
		    struct error *err)
{
	cleanup_with(bind_look_close) struct bind_look look = { 0 };
	int r = bind_look_open(task, mount, &look, err);

	if (r < 0)
		return r;
	wire_put_string(record, look.path);
	wire_put_u32(record, look.directory);
	return 0;
}

static int add_parent(struct step_task *task, struct buf *record, struct error *err)
{
	const struct run_work *run = &task->vertex->run;
	const struct tree_root *root = &task->parent.root;
	bool empty = object_id_is_zero(&root->dir);
	cleanup_with(tree_close) struct tree *tree =
		tree_open(task->env->store, empty ? NULL : root);
	const char *place;
	int r = add_user(task, tree, record, err);

	for (size_t i = 0; (place = surroundings_place(i)); i++)
		add_place(tree, place, record);
	add_place(tree, run->cwd && *run->cwd ? run->cwd : "/", record);
	for (size_t i = 0; i < run->mount_count && r == 0; i++) {
		if (run->mounts[i].mount.target)
			add_place(tree, run->mounts[i].mount.target, record);
		if (run->mounts[i].mount.type == RUN_MOUNT_BIND)
			r = add_bind(task, &run->mounts[i], record, err);
	}
	return r;
}

int trace_key(struct step_task *task, struct object_id *ret, struct error *err)
{
	cleanup_with(buf_release) struct buf record = { 0 };
	struct object_id operation;
	int r = step_operation_unbound(task, &operation, err);

	if (r < 0)
		return r;
	wire_put_string(&record, "trace 1");
	buf_append(&record, operation.bytes, OBJECT_ID_SIZE);
	r = add_parent(task, &record, err);
	if (r == 0)
		*ret = object_id_of(buf_string(&record), record.length);
	return r;
}
